"""Texts as files in a folder, for another program to send (contracts_spec/notify/spool)."""

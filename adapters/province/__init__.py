"""Adapters to the province's platforms."""

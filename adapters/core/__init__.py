"""Adapters of core systems."""

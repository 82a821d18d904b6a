"""Mocks of core systems."""

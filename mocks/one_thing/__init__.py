"""Mocks of the platforms that file one-thing cases."""

"""The hub put together."""

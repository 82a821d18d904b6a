"""The core system by its reference contract (contracts_spec/core/reference)."""

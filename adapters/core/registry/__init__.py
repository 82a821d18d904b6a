"""The core system's registry by its contract (contracts_spec/core/registry)."""

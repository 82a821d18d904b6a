"""Fixed-width files: the contract's reader and writer against a bare struct loop."""

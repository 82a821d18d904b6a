"""What several adapters read alike; it knows no partner's wire.  No adapter: it has no manifest."""

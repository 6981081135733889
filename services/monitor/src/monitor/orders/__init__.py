"""Orders under way, watched against their promise."""

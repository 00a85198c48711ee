"""Options, one use case, one render."""

"""Verb + noun. A use case gets its adapters as one frozen Adapters and returns a frozen result; it prints nothing."""

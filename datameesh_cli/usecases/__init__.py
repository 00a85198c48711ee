"""Verb + noun. A use case gets its adapters as one frozen Outside and returns a frozen result; it prints nothing."""

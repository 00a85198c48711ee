"""A Kubernetes node for the tests. Standard library only: it runs before anything is installed."""

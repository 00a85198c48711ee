"""The way to Kubernetes: make the manifests, apply them, compare both stacks.

Example: dm k8s export --ram 6g
"""

COMMANDS = {"Commands": ("export", "apply", "parity")}

"""How safe this stack is meant to be.

Example: dm security mode academic
"""

COMMANDS = {"Commands": ("mode", "provider")}

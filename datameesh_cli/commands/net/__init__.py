"""The stack's network: only declared connections, or all of them.

Example: dm net show
"""

COMMANDS = {"Commands": ("show", "enforce", "off")}

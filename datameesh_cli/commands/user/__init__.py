"""The people of this stack: one name and one password for all tools.

Example: dm user add dana --role data-scientist
"""

COMMANDS = {"Commands": ("list", "add", "remove", "passwd")}

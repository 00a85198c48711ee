"""The secrets of this stack: each is drawn once, and kept in a file of its own.

Example: dm secrets rotate alex-password
"""

COMMANDS = {"Commands": ("rotate",)}

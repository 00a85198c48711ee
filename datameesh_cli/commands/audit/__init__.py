"""Who asked what: statements with person, tables and outcome.

Example: dm audit queries --user alex --since 1h
"""

COMMANDS = {"Commands": ("queries",)}

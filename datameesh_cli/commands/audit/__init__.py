"""Who asked what, who signed in, what dbt did.

Example: dm audit queries --user alex --since 1h
"""

COMMANDS = {"Commands": ("queries", "postgres", "access", "dbt")}

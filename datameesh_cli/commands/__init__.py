"""Options, one use case, one render: a command is one file, a folder of them is a group.

The docstring of the file is the command's help: its first line is what a list of commands shows, its last says an example.
"""

COMMANDS = {
    "Every day": ("demo", "up", "down", "restart", "status", "urls", "seed", "sql", "dbt", "verify"),
    "Look inside": ("plan", "why", "logs", "shell", "credentials", "doctor"),
    "Groups": ("user", "security", "secrets", "audit", "images", "net", "k8s", "dev"),
}
"""The commands in the order of `dm --help`, by its headings."""

ALIASES = {"k8s-export": "k8s.export", "test": "dev.test"}
"""Other names: the one that the card of DataMeesh has, and the first one that somebody with a fresh clone types."""

"""The images: build, list, carry to another machine.

Example: dm images build; dm images save bundle.tar
"""

COMMANDS = {"Commands": ("build", "list", "save", "load")}

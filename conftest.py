"""What every test has, in whichever folder it lies: its verdict is written down, and the stacks are the same ones."""

pytest_plugins = ["tests.verdicts", "tests.stacks", "tests.checks"]

"""`python -m datameesh_cli` and the `dm` script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it without a traceback even while it is still being loaded; SIGTERM and SIGHUP as well."""
    try:
        from datameesh_cli.adapters.interrupts import treat_as_ctrl_c
        from datameesh_cli.cli import main as run

        treat_as_ctrl_c()
        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

"""`python -m datameesh_cli` and the `dm` script."""

from __future__ import annotations

from datameesh_cli.cli import main

if __name__ == "__main__":
    main()

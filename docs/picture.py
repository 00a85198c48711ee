"""Draws the end of a real `dm demo` as docs/demo.png.

    script -qec "stty cols 118 rows 60; ./dm demo --yes" demo.txt && .venv/bin/python docs/picture.py demo.txt

Needs Debian's chromium; what the terminal showed is not edited, only cut to its last part.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 118


def main(recording: Path) -> None:
    """Given the recording of a terminal, write the picture beside this file."""
    text = recording.read_text(encoding="utf-8").replace("\r\n", "\n")
    end = text[text.index("The customer journey, across") : text.index("\nScript done")].rstrip()
    lines = [line.rstrip() for line in end.splitlines()]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("$ ./dm demo --yes\n[...]\n\n" + "\n".join(lines)))
    svg = console.export_svg(title="DataMeesh", theme=MONOKAI)
    # No web font: the picture is drawn without a network.
    svg = "\n".join(line for line in svg.splitlines() if "url(" not in line or "clip" in line or "@" not in line)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono")
    width, height = (int(float(v)) for v in svg.split('viewBox="0 0 ')[1].split('"')[0].split())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f"<body style='margin:0'>{svg}</body>", encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
        target = Path(__file__).with_name("demo.png")
        size = [f"--window-size={width},{height}", f"--screenshot={target}", f"--user-data-dir={folder}/profile"]
        subprocess.run(["chromium", *flags, *size, page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

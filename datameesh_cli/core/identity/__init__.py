"""People, their roles, and what every tool is told of them: pure makers of derived secrets (`makers.py`)."""

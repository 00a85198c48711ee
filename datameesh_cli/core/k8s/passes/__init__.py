"""The passes, one a file, each found because it lies here (`../pipeline.py`)."""

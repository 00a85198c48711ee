"""Stand-ins for what is outside the program, handed in through `Adapters`. Values to build tests from stand in `values.py`."""

"""Stand-ins for the outside world, handed in through `Outside`. Values to build tests from stand in `values.py`."""

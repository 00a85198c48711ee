"""For whoever works on DataMeesh itself: its tests, what of the specification they cover, measurements.

Example: dm dev test tests/unit -x
"""

COMMANDS = {"Commands": ("test", "coverage", "new-service", "schemas", "bench")}

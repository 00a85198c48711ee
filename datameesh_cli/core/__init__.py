"""Values in, values out. No I/O, no clock, no environment: a decision that can be tested with values lives here."""

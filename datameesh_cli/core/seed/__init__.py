"""From the data sets' declarations to rows: pure functions, the same rows on every machine and every Python."""

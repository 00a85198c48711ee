"""The only place that prints. Takes a result, writes a table or JSON."""

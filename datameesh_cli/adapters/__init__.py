"""One outside thing, one file. An adapter turns its library's exceptions into DmError and imports that library inside functions."""

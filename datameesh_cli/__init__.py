"""DataMeesh: a data mesh on one laptop. `__main__ > cli > commands > render > usecases > adapters > core > errors`."""

__version__ = "0.1.0"

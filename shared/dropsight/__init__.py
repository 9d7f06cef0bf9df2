"""dropsight: a file lands in a bucket; every client sees what a model found, and why."""

__version__ = "0.1.0"

"""The inference container: warm models behind HTTP, fed in batches, explained in a second stage."""

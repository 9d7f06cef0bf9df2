"""The use cases: each a function of a request and ports."""

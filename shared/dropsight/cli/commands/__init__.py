"""Each command in a file of its own: `add` describes it, `run` does it, returns its exit code."""

"""What the system is about: frames, events, results, model manifests and errors. No I/O."""

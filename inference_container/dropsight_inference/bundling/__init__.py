"""From a model file to a bundle: write a first model.yaml, and try a bundle before it is served."""

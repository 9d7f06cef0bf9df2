"""Recipes that make the model bundles, one package and one command each."""

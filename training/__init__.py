"""Recipes of the two small checkpoints that the package ships; not part of the package."""

"""The small CLAP that comes with mgeval: its checkpoint, and the recipe that makes it."""

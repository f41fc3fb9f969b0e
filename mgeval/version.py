"""The version of mgeval."""

__version__ = "0.1.0"

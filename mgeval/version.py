"""The version of mgeval."""

__version__ = "0.2.0"

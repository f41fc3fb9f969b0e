"""The recipe of the tiny CLAP."""

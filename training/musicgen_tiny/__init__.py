"""The recipe of the tiny MusicGen."""

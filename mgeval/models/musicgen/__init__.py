"""MusicGen: its decoding engine, its codec and how a checkpoint is loaded."""

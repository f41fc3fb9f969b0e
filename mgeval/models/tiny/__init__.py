"""A MusicGen-stereo so small that it lies in the package: ``mgeval.load_model("tiny")``.

`FOLDER` is a checkpoint that plain transformers loads. The other modules are its recipe
(`python -m mgeval.models.tiny.build`) and what reads music back from its codes.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "weights"
"""The checkpoint."""

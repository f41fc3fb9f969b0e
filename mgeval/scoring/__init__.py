"""Scoring: clips in, tables of numbers out."""

from mgeval.scoring.claims import adherence
from mgeval.scoring.clap import checkpoint_of
from mgeval.scoring.failures import clip_findings, failure_table
from mgeval.scoring.measurement import measure, recipes_of
from mgeval.scoring.onsets import failure_onsets
from mgeval.scoring.processes import CLIPS_PER_WORKER
from mgeval.scoring.ranks import prompt_ranks
from mgeval.scoring.reasons import reason_text
from mgeval.scoring.references import save_reference
from mgeval.scoring.segments import segment_table
from mgeval.scoring.set_distances import distances
from mgeval.scoring.tokens import token_table

__all__ = [
    "CLIPS_PER_WORKER", "adherence", "checkpoint_of", "clip_findings", "distances", "failure_onsets", "failure_table",
    "measure", "prompt_ranks", "reason_text", "recipes_of", "save_reference", "segment_table", "token_table",
]  # fmt: skip

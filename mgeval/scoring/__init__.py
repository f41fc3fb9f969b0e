"""Scoring: clips in, tables of numbers out."""

from mgeval.scoring.measurement import measure
from mgeval.scoring.ranks import prompt_ranks
from mgeval.scoring.references import save_reference
from mgeval.scoring.set_distances import distances
from mgeval.scoring.surveys import adherence, failure_table, token_table
from mgeval.scoring.timing import onset_table, stretch_table

__all__ = [
    "adherence", "distances", "failure_table", "measure", "onset_table", "prompt_ranks", "save_reference",
    "stretch_table", "token_table",
]  # fmt: skip

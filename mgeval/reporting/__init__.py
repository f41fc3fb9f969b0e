"""Write a run as a page, as tables and figures for a paper, and as a model card; nothing needs a network."""

from mgeval.reporting.build import report
from mgeval.reporting.card import write_cards
from mgeval.reporting.facts import check_factor, unreadable_clips

__all__ = [
    "check_factor", "report", "unreadable_clips", "write_cards",
]  # fmt: skip

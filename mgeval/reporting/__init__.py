"""From a run to a page, to tables and figures for a paper, and to a model card; nothing asks a network."""

from mgeval.reporting.build import report
from mgeval.reporting.card import write_cards

__all__ = ["report", "write_cards"]

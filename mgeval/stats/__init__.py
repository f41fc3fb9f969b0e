"""Statistics of tables of scores. The prompt is the unit: seeds of one prompt are not independent.

docs/statistics.md has the simulated coverage of the intervals and levels of the tests.
"""

from mgeval.stats.agreements import agreement
from mgeval.stats.comparisons import ALSO_DIFFERS, compare, match_pairs, split_by
from mgeval.stats.effect_sizes import cliffs_delta, cohens_dz
from mgeval.stats.factors import check_metrics, swept
from mgeval.stats.intervals import BOOTSTRAP_FROM, LEVEL, Interval, mean_interval, share_interval, wrap
from mgeval.stats.listening import preferences, ratings, reliability
from mgeval.stats.multiple_tests import benjamini_hochberg, holm
from mgeval.stats.odds import predict_failure
from mgeval.stats.permutations import shuffle_between, shuffle_within, sign_flip
from mgeval.stats.regions import safe_region
from mgeval.stats.sizes import power, sample_size
from mgeval.stats.summaries import summarise
from mgeval.stats.variances import effects

__all__ = [
    "ALSO_DIFFERS", "BOOTSTRAP_FROM", "LEVEL", "Interval", "agreement", "benjamini_hochberg", "check_metrics",
    "cliffs_delta", "cohens_dz", "compare", "effects", "holm", "match_pairs", "mean_interval", "power",
    "predict_failure", "preferences", "ratings", "reliability", "safe_region", "sample_size", "share_interval",
    "shuffle_between", "shuffle_within", "sign_flip", "split_by", "summarise", "swept", "wrap",
]  # fmt: skip

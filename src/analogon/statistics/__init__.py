"""Statistics of rankings and of repeated measurements; no pictures."""

from analogon.statistics.intervals import bootstrap_interval
from analogon.statistics.pairs import holm, share_interval, sign_test, signed_rank
from analogon.statistics.ranks import Friedman, critical_difference, friedman, kendall_tau, kendall_w, nemenyi, ranked
from analogon.statistics.strengths import bradley_terry, bradley_terry_intervals

__all__ = [
    "Friedman",
    "bootstrap_interval",
    "bradley_terry",
    "bradley_terry_intervals",
    "critical_difference",
    "friedman",
    "holm",
    "kendall_tau",
    "kendall_w",
    "nemenyi",
    "ranked",
    "share_interval",
    "sign_test",
    "signed_rank",
]

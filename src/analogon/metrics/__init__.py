"""Figures that say how good a picture is.

`Scorer` is prepared for an exemplar once and then gives the `Scores` of any number of its results; `METRICS` says of
each figure what it means and which way is better. Formulas are in the docstrings of the modules: `patches` (coherence,
completeness, bidirectional similarity), `wasserstein`, `agreement` (labels), `sharpness`, `outlines` (ghosts),
`preserved`, `copying`, `variety` (diversity), `control` (of one class's look), `oracle` (of synthetic scenes),
`assessing` (several random pictures together), `learned` (what takes networks and weights that the user names) and
`truth` (against a picture that is known to be true).
"""

from analogon.metrics.assessing import Assessment, assess
from analogon.metrics.control import ClassChange, ClassControl, class_changes, class_control, colour_distance
from analogon.metrics.learned import Weights
from analogon.metrics.listing import CLASS_METRICS, METRICS, SCORED, meanings
from analogon.metrics.oracle import oracle_figures
from analogon.metrics.scorer import Scorer
from analogon.metrics.values import SCALES, Figures, Metric, Scores
from analogon.metrics.variety import class_diversity, diversity

__all__ = [
    "CLASS_METRICS",
    "METRICS",
    "SCALES",
    "SCORED",
    "Assessment",
    "ClassChange",
    "ClassControl",
    "Figures",
    "Metric",
    "Scorer",
    "Scores",
    "Weights",
    "assess",
    "class_changes",
    "class_control",
    "class_diversity",
    "colour_distance",
    "diversity",
    "meanings",
    "oracle_figures",
]

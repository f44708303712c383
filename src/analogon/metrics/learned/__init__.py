"""Figures that need networks, with weights that the user names as files."""

from analogon.metrics.learned.distances import fid, fid_of, frechet, kid, kid_of, lpips, seen_by_inception, sifid
from analogon.metrics.learned.figures import LEARNED, OF_SETS, learned_figures
from analogon.metrics.learned.segmenting import segment
from analogon.metrics.learned.weights import Weights

__all__ = [
    "LEARNED",
    "OF_SETS",
    "Weights",
    "fid",
    "fid_of",
    "frechet",
    "kid",
    "kid_of",
    "learned_figures",
    "lpips",
    "seen_by_inception",
    "segment",
    "sifid",
]

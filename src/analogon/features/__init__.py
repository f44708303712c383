"""Frozen feature extractors: picture (B, 3, H, W) in [0, 1] to a list of feature maps, fine to coarse."""

from analogon.features.extractor import DEEPEST, Extractor, extractor

__all__ = ["DEEPEST", "Extractor", "extractor"]

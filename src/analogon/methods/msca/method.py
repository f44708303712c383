"""MSCA on one page."""

from analogon.datasets.augmenting import Augmentation
from analogon.methods.msca.config import Config
from analogon.methods.msca.network import MSCA
from analogon.methods.msca.windows import window_pairs
from analogon.networks.batches import Cut
from analogon.networks.learner import Learner


def _cuts(augmentation: Augmentation, config: Config) -> Cut:
    return window_pairs(augmentation, config.whole, {"normal": 32, "more": 64, "most": 128}[config.depth])


METHOD = Learner("MSCA", MSCA, _cuts)

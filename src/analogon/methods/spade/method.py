"""SPADE on one page."""

from analogon.methods.spade.network import Spade
from analogon.networks.batches import windows
from analogon.networks.learner import Learner

METHOD = Learner("SPADE", Spade, lambda augmentation, _config: windows(augmentation))

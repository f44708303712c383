"""GroupDNet on one page."""

from analogon.methods.groupdnet.network import GroupDNet
from analogon.networks.batches import windows
from analogon.networks.learner import Learner

METHOD = Learner("GroupDNet", GroupDNet, lambda augmentation, _config: windows(augmentation))

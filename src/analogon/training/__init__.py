"""Tools for a training loop: driver, budget, checkpoints and history. The steps are the method's own."""

from analogon.training.checkpoint import Checkpoint
from analogon.training.driver import Trainable, drive, write_previews

__all__ = ["Checkpoint", "Trainable", "drive", "write_previews"]

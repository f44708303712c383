"""The levels of :mod:`analogon.ops.synthesis` on a torch device. Nothing else needs torch here."""

"""The synthesis of :mod:`analogon.ops` on a torch device: see :mod:`.synthesis`. Nothing else needs torch here."""

"""What renders is loaded before it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from analogon.api import fit
from analogon.data import Exemplar, LabelMap, Palette
from analogon.layout import Layout, Move, carried, guides, keep_mask
from analogon.studio.drafting import Drafter


def begin() -> Callable[[], None]:
    """Start :func:`warm` beside everything else; what is returned says that the program ends."""
    ending = threading.Event()

    def quietly() -> None:
        try:
            warm()
        except Exception:
            # a program that ends starts no more threads, and imports nothing
            if not ending.is_set():
                raise

    threading.Thread(target=quietly, name="warm", daemon=True).start()
    return ending.set


def warm() -> None:
    """Render a small picture in all the ways that a page asks for: compiled code is read from the disk, or made."""
    ids = np.zeros((96, 128), np.int64)
    ids[60:] = 1
    ids[20:50, 20:50] = 2
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    labels = LabelMap(ids, Palette.from_colors([(0, 0, 0), (255, 0, 0), (0, 0, 255)]))
    exemplar = Exemplar(noise.astype(np.float32) / np.float32(255), labels)
    layout = Layout.split(labels)
    layout = Move(of=layout.objects[-1].name, right=30, down=2).apply(layout)
    Drafter(exemplar, noise).draft(layout)
    model = fit(exemplar)
    model.render(layout.target, keep=keep_mask(layout), preview=True)
    model.render(layout.target, keep=keep_mask(layout), places=carried(layout), guides=guides(layout))

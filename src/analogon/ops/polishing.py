"""Polishing: a picture that another method painted, made anew of pixels of the source."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap
from analogon.ops.engine import synthesize
from analogon.rendering import Guide, Rendering, Wishes
from analogon.run import Run

#: How much the painted picture counts beside the pieces' fitting together.
WEIGHT = 0.5


def polish(exemplar: Exemplar, target: LabelMap, image: NDArray[Any], run: Run) -> Rendering:
    """The picture of pixels of the exemplar that looks like a painted one.

    The painted picture guides the synthesis: places of the source that look like a place of it are preferred there.

    Args:
        exemplar: (h', w'), what the painted picture was learnt from.
        target: (h, w), its layout.
        image: (h, w, 3) in [0, 1], the painted picture.
        run: as for :func:`analogon.ops.engine.synthesize`.
    """
    painted = Guide("painted picture", exemplar.image, np.asarray(image, np.float32), WEIGHT)
    return synthesize(exemplar, target, run, wishes=Wishes(keep="none", guides=(painted,)))

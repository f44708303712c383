"""Polishing: what another method painted or put together, made anew of pieces of the source that fit together."""

from __future__ import annotations

from dataclasses import replace

from analogon.data import Exemplar, LabelMap
from analogon.ops.engine import DEFAULTS, synthesize
from analogon.rendering import PLAIN, Guide, Rendering, Wishes
from analogon.run import Run

#: How much the painted picture counts beside the pieces' fitting together.
WEIGHT = 0.5
#: A map is only mended where it is torn: coarse levels would put together anew what it knows better.
MENDING = replace(DEFAULTS, coarsest=2, rounds=(4, 3), leaps=0)


def polish(exemplar: Exemplar, target: LabelMap, rendering: Rendering, run: Run, wishes: Wishes = PLAIN) -> Rendering:
    """The picture of pixels of the exemplar that is most like a rendering.

    One that says where its pixels come from is mended by the fine levels of the search. Any other guides the synthesis:
    places of the source that look like a place of it are preferred there.

    Args:
        exemplar: (h', w'), what the other method learnt.
        target: (h, w), the layout.
        rendering: the other method's picture of it.
        run: as for :func:`analogon.ops.engine.synthesize`.
        wishes: what the other method was asked for.
    """
    if rendering.provenance is not None:
        return synthesize(exemplar, target, run, settings=MENDING, wishes=wishes, start=rendering.provenance.places)
    painted = Guide("painted picture", exemplar.image, rendering.image, WEIGHT)
    return synthesize(exemplar, target, run, wishes=Wishes(keep="none", guides=(painted,)))

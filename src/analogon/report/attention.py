"""What a model looks at in one picture, and where it puts that in another, as colours."""

import colorsys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analogon.data import Exemplar, LabelMap
from analogon.rendering import Attention
from analogon.report.sheet import picture_sheet

Pixels = npt.NDArray[np.float32]


def attention_sheet(style: Exemplar, target: LabelMap, scales: Sequence[Attention]) -> Pixels:
    """Draw attention side by side: what has one colour in the style goes where it has that colour in the target.

    Each region has a hue. In the style a place is as bright as it counts in some region; in the target the hues are
    mixed by what a place takes of each region, and dark where gates let little through.

    Args:
        style: the picture that is looked at. target: the layout that was painted.
        scales: of :meth:`TrainedModel.attention`, fine to coarse.

    Returns:
        The sheet, float32 (h, w, 3) in [0, 1].
    """
    cells: list[tuple[str, Pixels]] = [
        ("style", style.image),
        ("target", (target.colors() / 255).astype(np.float32)),
    ]
    for number, scale in enumerate(scales):
        told = f"1/{2**number}"
        cells += [(f"{told} looks at", looked_at(scale)), (f"{told} puts there", put_there(scale))]
    return picture_sheet(cells)


def looked_at(scale: Attention) -> Pixels:
    """The regions of one scale as colours, float32 (h, w, 3) in [0, 1], for regions (K, h, w)."""
    strength = scale.regions / np.maximum(scale.regions.max((1, 2), keepdims=True), 1e-12)
    shares = strength / np.maximum(strength.sum(0), 1e-12)
    return _mixed(shares * strength.max(0))


def put_there(scale: Attention) -> Pixels:
    """The shares of one scale as colours, float32 (h, w, 3) in [0, 1], for shares (K, h, w)."""
    return _mixed(scale.shares * scale.gates[:, None, None])


def _mixed(amounts: Pixels) -> Pixels:
    """Hues, mixed by amounts (K, h, w) whose sum over K is at most 1."""
    hues = np.array([colorsys.hsv_to_rgb(n / len(amounts), 0.85, 1.0) for n in range(len(amounts))])
    mixed: Pixels = np.clip(np.einsum("khw,kc->hwc", amounts, hues), 0, 1).astype(np.float32)
    return mixed

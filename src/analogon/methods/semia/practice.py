"""What SemIA practises on: pairs (source, target) made from the one picture it has.

Every pair names a source picture with its layout, a target layout, and what is known of the answer. Three kinds:

* *reconstruction*: source and target are the same warped pair; the answer is known.
* *warp* (the paper's sampling mode): the original and a warped copy, in either order; the answer is known.
* *carried*: the source has been carried to a target layout by :func:`analogon.transport.transport`. Either to
  an invented layout, where the answer is unknown, or to an invented layout and back, where it is the picture
  itself: what the journey tore, the network learns to mend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor

from analogon.data import Exemplar, LabelMap
from analogon.methods.semia import augment
from analogon.methods.semia.conditions import conditions
from analogon.methods.semia.layouts import invent
from analogon.tone import Tones, class_tones, tone_shift
from analogon.transport import Transport, solid, transport

#: Width in pixels, on either side, of what counts as the outline between two classes.
OUTLINE = 3


@dataclass(frozen=True)
class Pair:
    """One practice pair; pictures (1, 3, H, W) in [-1, 1], conditions (1, L, H, W), indices int64 (H, W).

    Attributes:
        source, source_layout: what the generator starts from.
        target_layout, target_indices: what is asked for.
        truth: the answer, or the best that is known of it.
        sure: float (1, 1, H, W), where ``truth`` holds to the pixel; elsewhere only its coarse colours may.
        detail: float (1, 1, H, W), where the source's detail should stay though its tone may not.
        open: float (1, 1, H, W), where the generator may paint; elsewhere the source stays as it is.
        coarse: whether ``truth`` holds in its coarse colours everywhere.
        same: source and target layouts are equal.
    """

    source: Tensor
    source_layout: Tensor
    target_layout: Tensor
    target_indices: Tensor
    truth: Tensor
    sure: Tensor
    detail: Tensor
    open: Tensor
    coarse: bool
    same: bool


@dataclass(frozen=True)
class Journey:
    """A field to walk and the layout it leads to.

    Attributes:
        field: float32 (h, w, 2).
        shift: (1, 3, h, w), brings filled places to the tone of where they are.
        open: float (1, 1, h, w), where the carried picture may be painted over.
        indices: int64 (h, w). layout: conditions of the indices.
        sure: float (1, 1, h, w), 1 where what arrives is right: it stayed, moved with its object, or came home.
        back: whether the journey leads there and back again, so that the answer is the picture itself.
    """

    field: NDArray[np.float32]
    shift: Tensor
    open: Tensor
    indices: Tensor
    layout: Tensor
    sure: Tensor
    back: bool


class Practice:
    """Draws pairs from one exemplar; ``image`` is its picture (1, 3, H, W) in [-1, 1]."""

    def __init__(self, exemplar: Exemplar, kind: str, device: torch.device) -> None:
        self.exemplar, self.kind = exemplar, kind
        self.image = to_tensor(exemplar.image, device)
        self.labels = labels = exemplar.labels
        self.classes = len(labels.palette)
        self.indices = torch.from_numpy(labels.indices())
        self.layout = self._conditions(self.indices).to(device)
        self.journeys: list[Journey] = []

    def _conditions(self, indices: Tensor) -> Tensor:
        return conditions(indices.numpy(), self.classes, self.kind)

    # -- the paper's pairs ---------------------------------------------------------------------------------------

    def warped(self, warp: augment.Warp) -> tuple[Tensor, Tensor, Tensor]:
        """Picture, conditions and indices after a warp."""
        at = augment.grid(warp, (self.image.shape[-2], self.image.shape[-1]))
        indices = augment.apply_layout(self.indices, at)
        image = augment.apply_picture(self.image, at.to(self.image.device))
        return image, self._conditions(indices).to(self.image.device), indices

    def reconstruction(self, warp: augment.Warp) -> Pair:
        """Source = target = the warped pair."""
        image, layout, indices = self.warped(warp)
        return _answered(image, layout, layout, indices, image, same=True)

    def warp(self, warp: augment.Warp, *, exchange: bool) -> Pair:
        """The original and its warped copy; ``exchange`` starts from the copy."""
        image, layout, indices = self.warped(warp)
        if exchange:
            return _answered(image, layout, self.layout, self.indices, self.image)
        return _answered(self.image, self.layout, layout, indices, image)

    # -- carried pairs -------------------------------------------------------------------------------------------

    def plan(self, count: int, targets: tuple[LabelMap, ...], rng: np.random.Generator) -> None:
        """Lay out the journeys to practise: ``count`` invented layouts there and back, and the given targets."""
        tones = class_tones(self.exemplar)
        for _ in range(count):
            layout = LabelMap(invent(self.labels.ids, rng), self.labels.palette)
            there, back = transport(self.labels, layout), transport(layout, self.labels)
            self._add(there, layout, tones)
            self._add(_walk(there, back), self.labels, tones, back=True)
        for target in targets:
            self._add(transport(self.labels, target), target, tones)

    def _add(self, way: Transport, layout: LabelMap, tones: Tones, *, back: bool = False) -> None:
        sure = solid(way.field) & ~way.filled
        if back:
            h, w = layout.shape
            home = np.abs(way.field - np.moveaxis(np.mgrid[:h, :w], 0, -1)).max(-1) < 0.3
            # the journey cannot bring outlines along, so they are what there is to learn
            sure = home | _outlines(layout.indices())
        indices = torch.from_numpy(layout.indices())
        shift = to_tensor(tone_shift(tones, self.exemplar, way, layout.indices()), self.image.device, offset=0)
        opened, wanted = open_places(way, layout), self._conditions(indices)
        self.journeys.append(Journey(way.field, shift, opened, indices, wanted, _mask(sure), back))

    def carried(self, journey: Journey, *, flip: bool) -> Pair:
        """Walk one journey, mirrored or not."""
        at = self.image.device
        image, layout, whole = carried(self.image, self.layout, journey.field, journey.shift)
        pieces = [
            image,
            layout,
            journey.layout.to(at),
            self.image if journey.back else image,
            journey.sure.to(at),
            whole,
            journey.open.to(at),
        ]
        indices = journey.indices
        if flip:
            pieces, indices = [p.flip(-1) for p in pieces], indices.flip(-1)
            if self.kind == "geometry":  # the column plane is a place, not a content
                pieces[1], pieces[2] = _unflip_columns(pieces[1]), _unflip_columns(pieces[2])
        image, layout, wanted, truth, sure, whole, free = pieces
        return Pair(
            image, layout, wanted, indices, truth, sure, whole * (1 - sure), free, coarse=journey.back, same=False
        )


def carried(image: Tensor, layout: Tensor, field: NDArray[np.float32], shift: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Picture (1, 3, H, W) and conditions of the source at the places of a field (h, w, 2), and where it is whole.

    ``shift`` (1, 3, h, w) is added to the picture (:func:`analogon.tone.tone_shift`). The third value (1, 1, h, w)
    is 0 at seams and repeated pixels; the conditions are blank there, which tells the network to distrust what it
    sees.
    """
    whole = _mask(solid(field)).to(image.device)
    return (carry(image, field, "bilinear") + shift).clamp(-1, 1), carry(layout, field, "nearest") * whole, whole


def carry(image: Tensor, field: NDArray[np.float32], mode: str) -> Tensor:
    """Sample (1, C, H, W) at (row, col) places (h, w, 2) in pixels: (1, C, h, w)."""
    h, w = image.shape[-2:]
    scale = np.array([max(w - 1, 1), max(h - 1, 1)], np.float32)
    at = torch.from_numpy(field[..., ::-1] / scale * 2 - 1)[None].to(image.device)
    return F.grid_sample(image, at, mode=mode, padding_mode="border", align_corners=True)


def _walk(first: Transport, then: Transport) -> Transport:
    """Back by ``then`` and on by ``first``."""
    near = np.rint(then.field)
    rows, cols = near.astype(np.int64).transpose(2, 0, 1)
    return Transport(first.field[rows, cols] + (then.field - near), first.filled[rows, cols] | then.filled)


def open_places(way: Transport, target: LabelMap) -> Tensor:
    """Where a carried picture may be painted over: float (1, 1, h, w) in [0, 1], with soft edges.

    Seams, filled places and the outlines beside them. All else stayed or moved as a whole, and is right already:
    where the layouts agree, the picture stays as it is.
    """
    free = ~solid(way.field) | way.filled
    free |= _outlines(target.indices()) & ndi.binary_dilation(free, iterations=OUTLINE + 1)
    return torch.from_numpy(ndi.uniform_filter(ndi.binary_dilation(free).astype(np.float32), 3))[None, None]


def to_tensor(image: NDArray[np.float32], device: torch.device, offset: float = 1) -> Tensor:
    """(h, w, 3) in [0, 1] to (1, 3, h, w) in [-1, 1]; a difference of two pictures with ``offset=0``."""
    return torch.from_numpy(image * 2 - offset).permute(2, 0, 1)[None].contiguous().to(device)


def _outlines(indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Pixels within ``OUTLINE`` of another class."""
    size = 2 * OUTLINE + 1
    near: NDArray[np.bool_] = ndi.maximum_filter(indices, size) != ndi.minimum_filter(indices, size)
    return near


def _mask(where: NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(where.astype(np.float32))[None, None]


def _answered(
    source: Tensor, source_layout: Tensor, target_layout: Tensor, indices: Tensor, truth: Tensor, *, same: bool = False
) -> Pair:
    """A pair whose answer is known everywhere."""
    ones = torch.ones_like(source[:, :1])
    return Pair(source, source_layout, target_layout, indices, truth, ones, 0 * ones, ones, coarse=True, same=same)


def _unflip_columns(layout: Tensor) -> Tensor:
    return torch.cat([layout[:, :-1], -layout[:, -1:]], 1)

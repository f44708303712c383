"""What SemIA practises on: pairs (source, target) made from the one picture it has.

Every pair names a source picture with its layout, a target layout, and what is known of the answer. Three kinds:

* *reconstruction*: source and target are the same warped pair; the answer is known.
* *warp* (the paper's sampling mode): the original and a warped copy, in either order; the answer is known.
* *carried*: the source has been carried to a target layout by :func:`analogon.transport.transport`. Either to
  an invented layout, where the answer is unknown, or to an invented layout and back, where it is the picture
  itself: what the journey tore, the network learns to mend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage as ndi
from torch import Tensor

from analogon.data import Exemplar, LabelMap
from analogon.methods.semia import augment
from analogon.methods.semia.conditions import conditions, depth_map, layout_conditions
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
    """A field to walk and the layout it leads to, kept small: there are many, and conditions are built on the way.

    Attributes:
        field: float32 (h, w, 2).
        shift: float16 (1, 3, h, w), brings filled places to the tone of where they are.
        open: float16 (1, 1, h, w), where the carried picture may be painted over.
        indices: uint8 or int64 (h, w), the layout. depth: float16 (h, w) of its depth map, or None.
        sure: bool (1, 1, h, w), what arrives is right: it stayed, moved with its object, or came home.
        back: whether the journey leads there and back again, so that the answer is the picture itself.
    """

    field: NDArray[np.float32]
    shift: Tensor
    open: Tensor
    indices: Tensor
    depth: Tensor | None
    sure: Tensor
    back: bool


class Practice:
    """Draws pairs from one exemplar; ``image`` is its picture (1, 3, H, W) in [-1, 1]."""

    def __init__(self, exemplar: Exemplar, kind: str, device: torch.device) -> None:
        self.exemplar, self.kind, self.device = exemplar, kind, device
        self.image = to_tensor(exemplar.image, device)
        self.labels = exemplar.labels
        self.classes = len(self.labels.palette)
        self.indices = torch.from_numpy(self.labels.indices())
        self.layout = layout_conditions(self.labels, kind, device)
        self.journeys: list[Journey] = []

    def _depth(self, indices: NDArray[np.int64]) -> Tensor | None:
        return torch.from_numpy(depth_map(indices, self.classes)) if self.kind == "geometry" else None

    def _conditions(self, indices: Tensor, depth: Tensor | None) -> Tensor:
        return conditions(indices.to(self.device), depth.to(self.device) if depth is not None else None, self.classes)

    # -- the paper's pairs ---------------------------------------------------------------------------------------

    def warped(self, warp: augment.Warp) -> tuple[Tensor, Tensor, Tensor]:
        """Picture, conditions and indices after a warp."""
        at = augment.grid(warp, (self.image.shape[-2], self.image.shape[-1]))
        indices = augment.apply_layout(self.indices, at)
        image = augment.apply_picture(self.image, at.to(self.device))
        return image, self._conditions(indices, self._depth(indices.numpy())), indices

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

    def plan(
        self,
        count: int,
        targets: tuple[LabelMap, ...],
        rng: np.random.Generator,
        planned: Callable[[int], None] | None = None,
    ) -> None:
        """Lay out the journeys to practise: ``count`` invented layouts there and back, and the given targets.

        ``planned`` is told how many of them are ready after each.
        """
        tones = class_tones(self.exemplar)
        for n in range(count):
            layout = LabelMap(invent(self.labels.ids, rng), self.labels.palette)
            there, back = transport(self.labels, layout), transport(layout, self.labels)
            self._add(there, layout, tones)
            self._add(_walk(there, back), self.labels, tones, back=True)
            if planned is not None:
                planned(n + 1)
        for n, target in enumerate(targets, count):
            self._add(transport(self.labels, target), target, tones)
            if planned is not None:
                planned(n + 1)

    def _add(self, way: Transport, layout: LabelMap, tones: Tones, *, back: bool = False) -> None:
        indices = layout.indices()
        sure = solid(way.field) & ~way.filled
        if back:
            h, w = layout.shape
            home = np.abs(way.field - np.moveaxis(np.mgrid[:h, :w], 0, -1)).max(-1) < 0.3
            # the journey cannot bring outlines along, so they are what there is to learn
            sure = home | _outlines(indices)
        depth = self._depth(indices)
        self.journeys.append(
            Journey(
                field=way.field,
                shift=shift_tensor(tone_shift(tones, self.exemplar, way, indices), torch.device("cpu")).half(),
                open=open_places(way, layout).half(),
                indices=torch.from_numpy(indices.astype(np.uint8) if self.classes <= 256 else indices),
                depth=depth.half() if depth is not None else None,
                sure=torch.from_numpy(sure)[None, None],
                back=back,
            )
        )

    def carried(self, journey: Journey, *, flip: bool) -> Pair:
        """Walk one journey, mirrored or not."""
        image, layout, whole = carried(self.image, self.layout, journey.field, journey.shift.to(self.device).float())
        wanted = self._conditions(journey.indices, journey.depth)
        truth = self.image if journey.back else image
        sure, opened = (m.to(self.device).float() for m in (journey.sure, journey.open))
        indices = journey.indices.long()
        if flip:
            image, layout, wanted, truth, sure, whole, opened, indices = (
                t.flip(-1) for t in (image, layout, wanted, truth, sure, whole, opened, indices)
            )
            if self.kind == "geometry":  # the column plane is a place, not a content
                layout, wanted = _unflip_columns(layout), _unflip_columns(wanted)
        detail = whole * (1 - sure)
        return Pair(image, layout, wanted, indices, truth, sure, detail, opened, coarse=journey.back, same=False)


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


def to_tensor(image: NDArray[np.float32], device: torch.device) -> Tensor:
    """A picture (h, w, 3) in [0, 1] as (1, 3, h, w) in [-1, 1]."""
    return torch.from_numpy(image * 2 - 1).permute(2, 0, 1)[None].contiguous().to(device)


def shift_tensor(shift: NDArray[np.float32], device: torch.device) -> Tensor:
    """A difference of pictures (h, w, 3) as (1, 3, h, w) on the scale of [-1, 1]."""
    return torch.from_numpy(shift * 2).permute(2, 0, 1)[None].contiguous().to(device)


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

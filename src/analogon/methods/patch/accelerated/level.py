"""One level of the pyramid on a torch device."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analogon.methods.patch.accelerated import votes
from analogon.methods.patch.accelerated.leaps import DeviceDictionary
from analogon.methods.patch.accelerated.search import Scan
from analogon.methods.patch.accelerated.windows import Comparison, moved
from analogon.ops.leaps import Dictionary
from analogon.ops.level import GUIDE_STEP, LEAP_EVERY, NOISES, SETTLE, Level, Places, usage_of
from analogon.ops.search import CELL


@dataclass(eq=False)
class DeviceLevel(Level):
    """A level whose search and votes torch computes. Arrays come and go; in between all is on the device."""

    device: torch.device

    @staticmethod
    def on(device: torch.device, level: Level) -> DeviceLevel:
        """The same level, computed elsewhere."""
        return DeviceLevel(**{item.name: getattr(level, item.name) for item in fields(level)}, device=device)

    @torch.no_grad()
    def improve(
        self,
        places: Places,
        *,
        rounds: int,
        reluctance: float | None,
        uniformity: float,
        class_weight: float,
        tries: int,
        seed: int,
    ) -> NDArray[np.float32]:
        """See :meth:`analogon.ops.level.Level.improve`."""
        usage = usage_of(places, self.source_ids.shape) + self.elsewhere
        price = (uniformity * self.patch**2 / (self.even * CELL**2)).astype(np.float32)
        scan = Scan(
            self._patches,
            moved(places, self.device),
            torch.zeros(places.shape[:2], device=self.device),
            moved(usage, self.device),
            moved(price[self.target_ids], self.device),
            torch.tensor(self.source_ids.shape, dtype=torch.int32, device=self.device),
            float(np.float32(class_weight)),
            moved(self.thin, self.device),
            *self._ids,
            self.wrap,
        )
        factor = float(np.float32(reluctance or 1))
        dictionary = None
        for n in range(rounds):
            pixels = torch.nonzero(self._torn(scan.places))
            if not len(pixels):
                break
            self._repaint(scan.places, pixels, 0 if n == 0 else self.patch // 2)
            leaps = None
            if reluctance is not None and n % LEAP_EVERY == 0:
                dictionary = dictionary or DeviceDictionary(
                    Dictionary.of(self.padded_source, self.padded_source_ids, self.patch, len(price)), self.device
                )
                leaps = self._leaps_of(dictionary, scan, pixels, price, n // LEAP_EVERY)
            scan.compare(pixels)
            for half in range(2):
                noise = ((seed * 64 + n) * 2 + half) % NOISES
                scan.sweep(pixels, leaps if half == 0 else None, factor, tries, noise)
                # as far as a scan hands on what it finds takes more than one sweep
                scan.sweep(pixels, None, factor, 0, noise)
        places[:] = scan.places.cpu().numpy()
        return np.asarray(scan.errors.cpu().numpy())

    @torch.no_grad()
    def active(self, places: Places) -> NDArray[np.uint8]:
        """See :meth:`analogon.ops.level.Level.active`."""
        return np.asarray(self._torn(moved(places, self.device)).cpu().numpy().astype(np.uint8))

    @torch.no_grad()
    def settle(self, places: Places, errors: NDArray[np.float32]) -> Places:
        """See :meth:`analogon.ops.level.Level.settle`."""
        there = moved(places, self.device)
        pixels = torch.nonzero(self._torn(there))
        strict = moved(self.strict(), self.device)
        out = votes.settled(there, moved(errors, self.device), pixels, strict, *self._ids, SETTLE, wrap=self.wrap)
        return np.asarray(out.cpu().numpy())

    @cached_property
    def _planes(self) -> tuple[Tensor, Tensor]:
        """The source, and the padded canvas, which is painted anew in place."""
        return moved(self.source, self.device), moved(self.canvas, self.device)

    @cached_property
    def _ids(self) -> tuple[Tensor, Tensor]:
        """Classes of source and target."""
        return moved(self.source_ids, self.device), moved(self.target_ids, self.device)

    @cached_property
    def _leaping(self) -> Tensor:
        """Pixels that may leap."""
        return moved(self.leaping, self.device)

    @cached_property
    def _patches(self) -> Comparison:
        ids = moved(self.padded_source_ids, self.device), moved(self.padded_target_ids, self.device)
        return Comparison.of(moved(self.padded_source, self.device), self._planes[1], *ids, self.patch)

    def _torn(self, places: Tensor) -> Tensor:
        """What :meth:`active` marks: bool (h, w)."""
        radius, (height, width) = self.patch // 2, places.shape[:2]
        out = votes.torn(places, *self._ids, radius, wrap=self.wrap)
        source, canvas = self._planes
        if self.guides:
            planes = slice(3, 3 + self.guides)
            theirs = source[..., planes][places[..., 0].long(), places[..., 1].long()].int()
            inner = canvas[radius : radius + height, radius : radius + width, planes]
            out |= (inner.int() - theirs).abs().amax(-1) >= GUIDE_STEP
        return out & ~moved(self.fixed, self.device)

    def _repaint(self, places: Tensor, pixels: Tensor, radius: int) -> None:
        """The picture of these places on the canvas, margins included."""
        source, canvas = self._planes
        picture, pad = votes.painted(source, places, pixels, radius, wrap=self.wrap), self.patch // 2
        for axis in (0, 1):
            length = picture.shape[axis]
            at = torch.arange(-pad, length + pad, device=self.device)
            picture = picture.index_select(axis, at % length if self.wrap else at.clamp(0, length - 1))
        canvas[..., :3] = picture

    def _leaps_of(
        self, dictionary: DeviceDictionary, scan: Scan, pixels: Tensor, price: NDArray[np.float32], turn: int
    ) -> Tensor:
        """See :meth:`analogon.ops.level.Level._leaps`: int32 (n, 2)."""
        out = torch.full((len(pixels), 2), -1, dtype=torch.int32, device=self.device)
        turns = (pixels % 2 == pixels.new_tensor((turn % 2, turn // 2 % 2))).all(-1)
        asked = torch.nonzero(turns & self._leaping[pixels[:, 0], pixels[:, 1]])[:, 0]
        at = pixels[asked]
        classes = self._ids[1][at[:, 0], at[:, 1]]
        patches = scan.patches
        out[asked] = dictionary.nearest(patches.target, patches.target_ids, at, classes, scan.usage, price)
        return out

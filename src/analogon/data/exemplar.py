"""An exemplar: one image together with its label map."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from analogon.data.color import hex_color
from analogon.data.labelmap import LabelMap
from analogon.data.palette import Palette, unknown_class
from analogon.errors import InputError, LabelError


@dataclass(frozen=True, eq=False)
class Exemplar:
    """The source of an analogy: an image, float32 (h, w, 3) in [0, 1], and its label map of the same size.

    The image is copied to a read-only array. InputError where it is no such array, LabelError where the sizes
    differ.
    """

    image: npt.NDArray[np.float32]
    labels: LabelMap

    def __post_init__(self) -> None:
        """Check the image against its description and against the label map."""
        array = np.asarray(self.image)
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind != "f":
            raise InputError(
                f"The image of an exemplar is a float array (height, width, 3), "
                f"not {array.dtype} of shape {array.shape}."
            )
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise InputError("The image of an exemplar has values outside 0 to 1: scale it to that range.")
        if array.shape[:2] != self.labels.shape:
            (height, width), (map_height, map_width) = array.shape[:2], self.labels.shape
            raise LabelError(
                f"The image is {width}x{height} and its label map {map_width}x{map_height}: "
                "give a label map of the image's size."
            )
        image = np.array(array, np.float32)
        image.setflags(write=False)
        object.__setattr__(self, "image", image)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.labels.shape

    def check_target(self, target: LabelMap) -> None:
        """Raise LabelError where `target` has a class that no pixel of the exemplar has.

        Classes are compared by id. The size of a target is free.
        """
        present = set(self.labels.present())
        lacking = [i for i in target.present() if i not in present]
        if lacking:
            label = max((target.palette.get(i) for i in lacking), key=lambda c: target.share(c.id))
            held = Palette(tuple(c for c in self.labels.palette.classes if c.id in present))
            raise unknown_class("The target", hex_color(label.color), target.share(label.id), held.nearest(label.color))

    def resize(self, shape: tuple[int, int]) -> "Exemplar":
        """The exemplar at another (height, width).

        The image goes through Pillow's Lanczos filter (three lobes, widened when shrinking, so nothing is
        aliased; clipped back to [0, 1]), the labels take the nearest pixel (`LabelMap.resize`).
        """
        from PIL import Image

        labels = self.labels.resize(shape)
        if shape == self.shape:
            return self
        channels = [
            Image.fromarray(self.image[..., c]).resize((shape[1], shape[0]), Image.Resampling.LANCZOS) for c in range(3)
        ]
        image = np.stack([np.asarray(channel, np.float32) for channel in channels], axis=-1)
        return Exemplar(np.clip(image, 0.0, 1.0), labels)

    def digest(self) -> str:
        """SHA-256 of image and labels as 64 hexadecimal digits."""
        return sha256(self.image.astype("<f4").tobytes() + self.labels.digest().encode()).hexdigest()

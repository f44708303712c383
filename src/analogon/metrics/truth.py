"""How far a picture is from the one that is known to be true, as where the target is another frame of a film."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap
from analogon.errors import InputError
from analogon.metrics.preserved import psnr, ssim
from analogon.metrics.values import Metric, Scores, checked

#: Widths of the derivatives that tell textures apart, in pixels.
WIDTHS = (0.5, 1.0, 2.0, 4.0)
#: Filters reach so many widths to either side.
REACH = 2
#: Shares of red, green and blue in lightness (ITU-R BT.601).
LIGHT = (0.299, 0.587, 0.114)

Pixels = NDArray[np.float32]

_COLOUR = Metric(
    "true_colour", "colour against truth", "lower", 0, 255, "levels",
    "How far the mean colour of each class is from that of the same class in the true picture.",
    "root mean square over the channels, mean of the classes by area",
)  # fmt: skip
_TEXTURE = Metric(
    "true_texture", "texture against truth", "lower", 0, 255, "levels",
    "How far the fine structure of each class is weaker, stronger or otherwise directed than in the true picture.",
    "energies of Gaussian derivatives in four directions at four scales, mean of the classes by area",
)  # fmt: skip

#: The figures against a true picture, in the order of tables.
TRUTH: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            Metric(
                "true_psnr", "PSNR against truth", "higher", 0, math.inf, "dB",
                "How exactly the picture is the true one, pixel by pixel.",
                "peak signal-to-noise ratio",
            ),
            Metric(
                "true_ssim", "SSIM against truth", "higher", -1, 1, "",
                "How much of the true picture's structure is where it should be.",
                "structural similarity (Wang et al., IEEE TIP 2004)",
            ),
            _COLOUR,
            _TEXTURE,
        )
    }
)  # fmt: skip
#: Those that a class has too.
TRUTH_CLASSES: Mapping[str, Metric] = MappingProxyType({m.name: m for m in (_COLOUR, _TEXTURE)})


def against_truth(image: Pixels, truth: Pixels, target: LabelMap) -> Scores:
    """The figures of `TRUTH` for a picture, and those of each class that the layout has.

    Args:
        image, truth: float32 (h, w, 3) in [0, 1]. target: the layout (h, w) that both have.

    Raises:
        InputError: the sizes differ, or one is no such picture.
    """
    image, truth = checked(image), checked(truth)
    for what, found in (("picture", image.shape), ("true picture", truth.shape)):
        if found != (*target.shape, 3):
            raise InputError(
                f"The {what} has the shape {found} and its label map {target.shape}: compare pictures of one size."
            )
    everywhere = np.ones(target.shape, bool)
    figures: dict[str, float | None] = {
        "true_psnr": psnr(image, truth, everywhere),
        "true_ssim": ssim(image, truth, everywhere),
    }
    notes = () if figures["true_ssim"] is not None else ("SSIM is not defined for pictures this small.",)
    colours, textures = colour_errors(image, truth, target), texture_errors(image, truth, target)
    for name, errors in (("true_colour", colours), ("true_texture", textures)):
        figures[name] = sum(error * target.share(number) for number, error in errors.items())
    classes = {
        target.palette.get(number).name: {"true_colour": colours[number], "true_texture": textures[number]}
        for number in target.present()
    }
    return Scores(figures, classes, notes)


def colour_errors(image: Pixels, truth: Pixels, target: LabelMap) -> dict[int, float]:
    """Colour error of each class c: 255 · √(mean over r, g, b of (mean over c of image - mean over c of truth)²).

    Range 0 to 255 levels, lower is better; where things are inside a class does not matter. All classes: the mean, by
    area. Source: first moments of colour (Stricker and Orengo, "Similarity of color images", SPIE 1995), by class.

    Args:
        image, truth: float32 (h, w, 3) in [0, 1]. target: the classes, (h, w).

    Returns:
        {id: error} of the classes that are there.
    """
    change = image.astype(np.float64) - truth
    return {
        number: float(255 * np.sqrt((change[target.ids == number].mean(0) ** 2).mean())) for number in target.present()
    }


def texture_errors(image: Pixels, truth: Pixels, target: LabelMap) -> dict[int, float]:
    """Texture error of each class: root mean square over 16 filters k of E_k(image) - E_k(truth).

    E_k is the root mean square of a filter's answers inside the class: first Gaussian derivatives of the lightness
    along rows, columns and both diagonals, ½, 1, 2 and 4 pixels wide, scaled so that a step of n levels answers with n.
    Only places where a filter sees no other class count, or all of the class where there are none: outlines are no
    texture.

    Range 0 to 255 levels, lower is better; where things are inside a class does not matter. All classes: the mean, by
    area. Source: energies of a filter bank (Laws 1980; Portilla and Simoncelli, IJCV 2000), by class.

    Args:
        image, truth: float32 (h, w, 3) in [0, 1]. target: the classes, (h, w).

    Returns:
        {id: error} of the classes that are there.
    """
    from scipy import ndimage

    planes = [(picture.astype(np.float64) * 255) @ np.array(LIGHT) for picture in (image, truth)]
    squares = dict.fromkeys(target.present(), 0.0)
    for width in WIDTHS:
        answers = [_answers(plane, width) for plane in planes]
        for number in squares:
            mask = target.ids == number
            inner = ndimage.minimum_filter(mask, 2 * round(REACH * width) + 1, mode="nearest")
            where = inner if inner.any() else mask
            made, wanted = (np.sqrt((found[:, where] ** 2).mean(1)) for found in answers)
            squares[number] += float(((made - wanted) ** 2).sum())
    return {number: math.sqrt(total / (4 * len(WIDTHS))) for number, total in squares.items()}


def _answers(plane: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """First derivatives along rows, columns and both diagonals, (4, h, w); a step of n levels answers with n."""
    from scipy import ndimage

    steps = np.arange(-round(REACH * width), round(REACH * width) + 1)
    smooth = np.exp(-(steps**2) / (2 * width**2))
    slope = steps * smooth / (steps * smooth)[steps > 0].sum()
    smooth /= smooth.sum()

    def filtered(down: NDArray[np.float64], across: NDArray[np.float64]) -> NDArray[np.float64]:
        lines = ndimage.correlate1d(plane, down, axis=0, mode="nearest")
        found: NDArray[np.float64] = ndimage.correlate1d(lines, across, axis=1, mode="nearest")
        return found

    down, across = filtered(slope, smooth), filtered(smooth, slope)
    diagonal = np.multiply.outer(slope, smooth) + np.multiply.outer(smooth, slope)
    size = diagonal[diagonal > 0].sum()
    return np.stack([down, across, (down + across) / size, (down - across) / size])

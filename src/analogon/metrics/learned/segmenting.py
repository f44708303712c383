"""Label agreement in the eyes of a segmentation network that the user names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analogon.data import LabelMap, Palette
from analogon.errors import InputError
from analogon.metrics.learned.weights import Pixels, Weights, stamp

if TYPE_CHECKING:
    import onnxruntime


def segment(image: Pixels, palette: Palette, weights: Weights) -> LabelMap:
    """The label map that the network sees in a picture.

    The network is an ONNX file with one input, a picture (1, 3, h, w) in [0, 1], float32, and as its first output the
    scores of the classes (1, K, h, w) in the order of the palette; the class with the largest score is taken.

    Args:
        image: float32 (h, w, 3) in [0, 1]. palette: K classes.

    Raises:
        OptionError: no network is named, or onnxruntime is missing. InputError: the file cannot be used, or the network
            takes or gives something else.
    """
    file = weights.path("segmenter")
    session = _session(file, stamp(file))
    given = np.ascontiguousarray(np.moveaxis(image, -1, 0)[None], np.float32)
    try:
        scores = session.run(None, {session.get_inputs()[0].name: given})[0]
    except Exception as problem:  # its exceptions have no base of their own
        raise _unfit(file, f"fails on a picture of {given.shape[3]}x{given.shape[2]} pixels") from problem
    wanted = (1, len(palette), *image.shape[:2])
    found = tuple(np.shape(scores))
    if found != wanted:
        raise _unfit(file, f"answers with {_size(found)} where {_size(wanted)} is needed")
    scores = np.asarray(scores)
    if scores.dtype.kind != "f" or not np.isfinite(scores).all():
        raise _unfit(file, "answers with scores that are no finite numbers")
    best: NDArray[np.int64] = scores[0].argmax(0)
    return LabelMap(np.array(palette.ids, np.int64)[best], palette)


@lru_cache(maxsize=1)
def _session(file: Path, version: tuple[int, int]) -> onnxruntime.InferenceSession:  # noqa: ARG001
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it has to say is said here
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # its exceptions have no base of their own
        raise InputError(
            f"The segmentation network '{file}' cannot be read: export it as ONNX in a version that onnxruntime knows."
        ) from problem
    inputs: list[Any] = session.get_inputs()
    if len(inputs) != 1:
        raise _unfit(file, f"has {len(inputs)} inputs where one is needed")
    if inputs[0].type != "tensor(float)":
        kind = str(inputs[0].type).removeprefix("tensor(").removesuffix(")")
        raise _unfit(file, f"takes {kind} where float32 is needed")
    return session


def _unfit(file: Path, what: str) -> InputError:
    return InputError(
        f"The segmentation network '{file}' {what}: export it with one input, a picture (1, 3, h, w) in [0, 1] of any "
        "size, and one output, class scores (1, K, h, w) in the order of the palette."
    )


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one number"

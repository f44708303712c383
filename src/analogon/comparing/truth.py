"""Pairs of nearby frames: one with its labels is the source; the other gives the target, and the true picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from analogon.comparing.cases import Given, chosen, from_files
from analogon.errors import InputError, LabelError, OptionError
from analogon.io.opening import SUFFIXES

#: Folders of a set of frames: pictures and label maps of the same stems.
IMAGES, LABELS = "images", "labels"


@dataclass(frozen=True)
class Pair:
    """Two frames of one sequence; the layout of the second is asked of the first.

    Attributes:
        name: "FIRST+SECOND", of their stems.
        image, labels: of the first frame.
        target, truth: label map and picture of the second.
    """

    name: str
    image: Path
    labels: Path
    target: Path
    truth: Path

    def given(self) -> Given:
        """The pair as a case.

        Raises:
            InputError, LabelError: a file cannot be used, or the first frame lacks a class of the second.
        """
        stem = self.truth.stem
        return from_files(self.image, self.labels, {stem: self.target}, name=self.name, truths={stem: self.truth})


def is_frames(folder: Path) -> bool:
    """Whether a folder holds frames and their label maps: ``images/`` and ``labels/``."""
    return (folder / IMAGES).is_dir() and (folder / LABELS).is_dir()


def pairs(folder: Path) -> tuple[Pair, ...]:
    """The pairs in a folder of frames (``images/X.*``, ``labels/X.*``): each frame with the next of its sequence.

    Frames of one sequence have one name up to their numbers. No frame is in two pairs, so that pairs are independent.

    Raises:
        InputError: there are none.
    """
    frames, labels = _by_stem(folder / IMAGES, SUFFIXES), _by_stem(folder / LABELS, (*SUFFIXES, ".npy"))
    sequences: dict[str, list[str]] = {}
    for stem in sorted(frames.keys() & labels.keys(), key=_as_counted):
        sequences.setdefault(re.sub(r"\d+$", "", stem), []).append(stem)
    found = tuple(
        Pair(f"{first}+{second}", frames[first], labels[first], labels[second], frames[second])
        for stems in sequences.values()
        for first, second in list(pairwise(stems))[::2]
    )
    if not found:
        raise InputError(
            f"'{folder}' holds no two frames of one sequence: put pictures into {IMAGES}/ and label maps of the same "
            f"names into {LABELS}/, numbered at their ends."
        )
    return found


def choose(found: Sequence[Pair], only: Sequence[str] = (), most: int | None = None) -> list[Given]:
    """The pairs that can be asked for, as cases: those whose first frame has every class of the second.

    Args:
        only: names of pairs; each must be possible.
        most: number of pairs, spread evenly over all; where one is not possible, the next that is.

    Raises:
        OptionError: ``only`` names what is no pair, or ``most`` is below 1. LabelError: none is possible.
    """
    if only:
        names = chosen(only, [pair.name for pair in found])
        return [pair.given() for pair in found if pair.name in names]
    if most is not None and most < 1:
        raise OptionError(f"--pairs cannot be {most}: give a number above 0.")
    wanted = min(most or len(found), len(found))
    cases: dict[int, Given] = {}
    tried: set[int] = set()
    for number in range(wanted):
        start = number * len(found) // wanted
        for place in (*range(start, len(found)), *range(start)):
            if place in tried:
                continue
            tried.add(place)
            try:
                cases[place] = found[place].given()
            except LabelError:
                continue  # a class comes into view, which the first frame knows nothing of
            break
    if not cases:
        raise LabelError("In every pair of frames the second shows a class that the first lacks: use other frames.")
    return [cases[place] for place in sorted(cases)]


def _by_stem(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"There is no folder '{folder}': put frames into {IMAGES}/ and label maps into {LABELS}/.")
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in suffixes}


def _as_counted(stem: str) -> list[tuple[int, str]]:
    """A sorting key that compares runs of digits as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", stem)]

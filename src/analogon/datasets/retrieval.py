"""Which picture of a set can lend its look to a layout: the one whose classes are shared out alike."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analogon.datasets.values import Pictures
from analogon.errors import InputError, OptionError
from analogon.io import write_text

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Match:
    """A layout, the picture that was chosen for it, and how alike they are (`likeness`); both by name."""

    layout: str
    exemplar: str
    likeness: float


def class_shares(pictures: Pictures) -> Shares:
    """Share of the pixels of each picture that each class has, in the order of the palette, float64 (n, K).

    Unknown pixels do not count; a picture of nothing else has zeros.
    """
    rows = []
    for pair in pictures:
        counts = np.bincount(pictures.channels(pair.labels).ravel(), minlength=len(pictures.palette)).astype(np.float64)
        if pictures.unknown is not None:
            counts[pictures.palette.index_of(pictures.unknown)] = 0
        rows.append(counts / max(counts.sum(), 1.0))
    return np.stack(rows)


def likeness(shares: Shares, candidates: Shares) -> Shares:
    """How alike the classes of a layout, (K,), and of each candidate, (n, K), are shared out: Σ min, float64 (n,).

    Range 0 to 1, higher is more alike. Source: histogram intersection (Swain and Ballard, IJCV 1991).
    """
    alike: Shares = np.minimum(shares[None], candidates).sum(1)
    return alike


def rank(shares: Shares, candidates: Shares) -> NDArray[np.int64]:
    """Candidates from the most to the least alike (`likeness`), int64 (n,); equal ones in their own order."""
    return np.argsort(-likeness(shares, candidates), kind="stable").astype(np.int64)


def matched(layouts: Pictures, candidates: Pictures, *, fraction: float = 0.2, seed: int = 0) -> list[Match]:
    """An exemplar for each layout, drawn among the share `fraction` of the candidates that is most alike.

    The best match would often be nearly the same scene; among more of them, layouts and exemplars differ as they do in
    use. A candidate of the layout's own name is never taken.

    Args:
        fraction: above 0, up to 1; very small ones take the best match.

    Raises:
        OptionError: the fraction is out of range. InputError: a layout has no candidate but itself.
    """
    if not 0 < fraction <= 1:
        raise OptionError(f"Exemplars cannot be drawn among a share of {fraction}: give fraction above 0 and up to 1.")
    if layouts.palette.ids != candidates.palette.ids:
        raise InputError("The layouts and the exemplars have other classes: take both from sets with one list of them.")
    asked, offered = class_shares(layouts), class_shares(candidates)
    names = _names(candidates)
    found = []
    for place, (name, shares) in enumerate(zip(_names(layouts), asked, strict=True)):
        order = [int(i) for i in rank(shares, offered) if names[int(i)] != name]
        if not order:
            raise InputError(f"The layout '{name}' has no candidate but its own picture: give a set with others.")
        best = order[: max(1, round(fraction * len(order)))]
        chosen = best[int(np.random.default_rng((seed, place)).integers(len(best)))]
        found.append(Match(name, names[chosen], float(likeness(shares, offered[[chosen]])[0])))
    return found


def write_matches(path: str | os.PathLike[str], matches: Sequence[Match]) -> None:
    """Write which exemplar each layout has, as JSON, complete or not at all; InputError for an unwritable place."""
    write_text(path, json.dumps([asdict(match) for match in matches], ensure_ascii=False, indent=1) + "\n")


def read_matches(path: str | os.PathLike[str]) -> list[Match]:
    """What `write_matches` wrote.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        return [Match(str(m["layout"]), str(m["exemplar"]), float(m["likeness"])) for m in told]
    except OSError as error:
        raise InputError(f"'{path}' cannot be read ({error.strerror or error}): check the path.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"'{path}' holds no choice of exemplars: write it anew.") from error


def _names(pictures: Pictures) -> list[str]:
    return [pictures.name(i) for i in range(len(pictures))]

"""The arms: how a network is trained, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from unet import Distortion

#: The better ones on the pictures for choosing: less noise, less bending and stronger tones were worse.
STANDARD = Distortion()
QUIET = replace(STANDARD, noise=0.15)
STRONG = Distortion(turn=3.14, zoom=0.25, elastic=5.0, contrast=0.3, gamma=0.35, blur=0.4)


@dataclass(frozen=True)
class Arm:
    """`shares` says which part of the crops comes from which pool; the rest are real."""

    how: Distortion | None = STANDARD
    shares: dict[str, float] = field(default_factory=dict)
    steps: float = 1.0  # of the task's
    count: int = 32
    until: float = 1.0  # share of the steps after which crops are real


ARMS: dict[str, Arm] = {
    "none": Arm(None),
    "standard": Arm(),
    "quiet": Arm(QUIET),
    "strong": Arm(STRONG),
    "cut-and-paste": Arm(shares={"pasted": 0.5}),
    "analogy": Arm(shares={"auto": 0.5}),
    "analogy, invented cells": Arm(shares={"invented": 0.5}),
    "analogy and invented cells": Arm(shares={"auto": 0.25, "invented": 0.25}),
    "analogy, 96 samples": Arm(shares={"auto": 0.5}, count=96),
    "analogy, real pictures last": Arm(shares={"auto": 0.5}, until=2 / 3),
    "analogy 25": Arm(shares={"auto": 0.25}),
    "analogy 75": Arm(shares={"auto": 0.75}),
    "analogy 75, real pictures last": Arm(shares={"auto": 0.75}, until=2 / 3),
    "analogy, cells": Arm(shares={"cells": 0.5}),
    "analogy, wide cells": Arm(shares={"wide": 0.5}),
    "analogy, wide cells, twice the steps": Arm(shares={"wide": 0.5}, steps=2.0),
    "analogy and cut-and-paste": Arm(shares={"auto": 0.35, "pasted": 0.35}),
    "self-training": Arm(shares={"taught": 0.5}),
    "analogy and self-training": Arm(shares={"auto": 0.35, "taught": 0.35}),
    "standard, twice the steps": Arm(steps=2.0),
    "analogy, twice the steps": Arm(shares={"auto": 0.5}, steps=2.0),
}

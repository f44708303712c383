"""What the workers of scaling.py do: a module of its own, which processes on nodes can import."""

import time
from functools import lru_cache
from pathlib import Path

import analogon

CASE = Path(__file__).parents[1] / "examples" / "flower"


@lru_cache(maxsize=1)
def case(side: int) -> tuple[analogon.Exemplar, analogon.LabelMap]:
    """The case with one target, at a size of its own."""
    found = analogon.find_case(CASE)
    exemplar = analogon.load_exemplar(found.image, found.labels)
    return exemplar.resize((side, side)), analogon.load_target(exemplar, found.targets[0]).resize((side, side))


def render(side: int, seed: int) -> float:
    """One picture; its CPU seconds."""
    exemplar, target = case(side)
    before = time.process_time()
    analogon.fit(exemplar, "patch", seed=seed).render(target, keep="none")
    return time.process_time() - before

"""Coarse to fine, on bare arrays."""

from dataclasses import replace

import numpy as np
import pytest

from analogon.ops import arrange
from analogon.ops.search import CELL
from analogon.ops.synthesis import Problem, Settings, refine

from .levels import eight_bits
from .textures import texture

SHAPE = (48, 64)


@pytest.fixture
def torn() -> tuple[Problem, np.ndarray]:
    """One class, and a start of shuffled blocks of eight pixels; places that the search must not leave are none."""
    ids, none = np.zeros(SHAPE, np.uint16), np.zeros(SHAPE, bool)
    source = eight_bits(texture(SHAPE, 0, grain=3.0))
    used = np.zeros([-(-n // CELL) for n in SHAPE], np.int32)
    problem = Problem(
        source, ids, ids, np.empty((*SHAPE, 0), np.uint8), none, none, demand=np.array([ids.size]), elsewhere=used
    )
    blocks = np.random.default_rng(0).permutation(np.argwhere(np.ones((6, 8))) * 8).reshape(6, 8, 2)
    inside = np.stack(np.indices(SHAPE), -1) % 8
    return problem, (blocks.repeat(8, 0).repeat(8, 1) + inside).astype(np.int32)


def test_no_leaps_tear_what_is_sure(torn, monkeypatch):
    monkeypatch.setattr(arrange, "GRID", 16)
    problem, start = torn

    def stays(sure: np.ndarray) -> float:
        return float((refine(replace(problem, sure=sure), start, Settings()) == start).all(-1).mean())

    assert stays(np.ones(SHAPE, bool)) > stays(np.zeros(SHAPE, bool)) + 0.02

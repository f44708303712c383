from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analogon import InputError, OptionError, Palette
from analogon.datasets import (
    Match,
    Pair,
    Pictures,
    Scenes,
    blanked,
    class_shares,
    disjoint_windows,
    likeness,
    matched,
    rank,
    read_matches,
    window_pair,
    write_matches,
)
from analogon.datasets.augmenting import flipped


class Maps(Pictures):
    """Label maps of one row of numbers."""

    palette = Palette.from_colors([(i, 0, 0) for i in range(4)])
    unknown = 3
    has_instances = False

    def __init__(self, *rows: list[int], first: int = 0) -> None:
        self.rows, self.begin = rows, first

    def __len__(self) -> int:
        return len(self.rows)

    def pair(self, index: int) -> Pair:
        labels = np.array([self.rows[index]], np.int64)
        return Pair(f"map {self.begin + index}", np.zeros((*labels.shape, 3), np.float32), labels)


def test_windows_never_overlap_and_all_pairs_are_equally_likely() -> None:
    shape, window = (5, 6), (2, 3)
    rng = np.random.default_rng(0)
    drawn = Counter(disjoint_windows(shape, window, rng) for _ in range(20_000))
    places = [(top, left) for top in range(4) for left in range(4)]
    apart = {
        (one, other)
        for one in places
        for other in places
        if abs(one[0] - other[0]) >= window[0] or abs(one[1] - other[1]) >= window[1]
    }
    assert set(drawn) == apart
    expected = 20_000 / len(apart)
    assert sum((n - expected) ** 2 / expected for n in drawn.values()) < 1.4 * len(apart)  # chi squared


@pytest.mark.parametrize(("shape", "window"), [((8, 8), (5, 5)), ((8, 20), (9, 4)), ((8, 9), (8, 5))])
def test_windows_that_do_not_fit_are_refused(shape: Any, window: Any, sentence: Any) -> None:
    with pytest.raises(OptionError, match="do not fit") as error:
        disjoint_windows(shape, window, np.random.default_rng(0))
    sentence(error.value, f"{window[1]}x{window[0]}", f"{shape[1]}x{shape[0]}")


def test_windows_that_just_fit_are_found() -> None:
    assert set(disjoint_windows((4, 8), (4, 4), np.random.default_rng(0))) == {(0, 0), (0, 4)}


def test_labels_and_instances_follow_their_windows() -> None:
    rows, columns = np.mgrid[:24, :40]
    numbers = rows * 40 + columns
    whole = Pair("here", np.stack([rows, columns, rows], -1).astype(np.float32) / 64, numbers // 7, numbers)
    mirrors = set()
    for seed in range(40):
        pairs = window_pair(whole, (10, 12), (1, seed))
        seen = []
        for one in pairs:
            assert one.shape == (10, 12) and one.instances is not None
            there = np.rint(one.image[..., 0] * 64) * 40 + np.rint(one.image[..., 1] * 64)
            assert (there == one.instances).all() and (one.instances // 7 == one.labels).all()
            seen.append(set(one.instances.ravel()))
        assert not seen[0] & seen[1]
        mirrors.add(tuple(bool(one.image[0, 0, 1] > one.image[0, 1, 1]) for one in pairs))
    assert mirrors == {(False, False), (False, True), (True, False), (True, True)}
    one, same = (window_pair(whole, (10, 12), 5)[0] for _ in range(2))
    assert (one.labels == same.labels).all()
    still, turned = (window_pair(whole, (10, 12), 5, flip=flip)[1] for flip in (0.0, 1.0))
    assert (flipped(still).labels == turned.labels).all()


def test_the_rest_of_a_picture_has_a_hole() -> None:
    pair = Scenes(1)[0]
    rest = blanked(pair, (8, 4), (16, 20), 99)
    hole = np.zeros((64, 64), bool)
    hole[8:24, 4:24] = True
    assert pair.instances is not None and rest.instances is not None
    assert (rest.image[hole] == 0.5).all() and (rest.labels[hole] == 99).all() and (rest.instances[hole] == 0).all()
    assert (rest.image[~hole] == pair.image[~hole]).all() and (rest.labels[~hole] == pair.labels[~hole]).all()
    assert (pair.labels != 99).all()
    with pytest.raises(OptionError, match="not within"):
        blanked(pair, (60, 0), (16, 20), 99)


def test_shares_leave_out_what_is_unknown() -> None:
    assert class_shares(Maps([0, 0, 1, 3], [3, 3, 3, 3])).tolist() == [[2 / 3, 1 / 3, 0, 0], [0, 0, 0, 0]]


def test_candidates_are_ranked_by_what_their_classes_have_in_common() -> None:
    shares = class_shares(Maps([0, 0, 1, 1, 2]))[0]
    five = class_shares(Maps([2, 2, 2, 2, 2], [0, 0, 1, 1, 2], [1, 1, 0, 0, 0], [0, 1, 2, 2, 2], [0, 0, 0, 0, 0]))
    assert likeness(shares, five).tolist() == pytest.approx([0.2, 1, 0.8, 0.6, 0.4])
    assert rank(shares, five).tolist() == [1, 2, 3, 4, 0]
    assert rank(shares, five[[2, 1, 1, 2]]).tolist() == [1, 2, 0, 3]


def test_exemplars_are_drawn_among_the_best_and_never_the_layout_itself(tmp_path: Path) -> None:
    maps = Maps(*([0] * i + [1] * (20 - i) for i in range(21)))
    for fraction, most in ((0.001, 1), (0.2, 4), (1.0, 20)):
        seen = {m.exemplar for seed in range(120) for m in matched(maps, maps, fraction=fraction, seed=seed)[:1]}
        assert seen == {f"map {i + 1}" for i in range(most)}
    matches = matched(maps, maps, seed=4)
    assert matches == matched(maps, maps, seed=4) != matched(maps, maps, seed=5)
    assert all(m.layout != m.exemplar and m.likeness >= 0.75 for m in matches)
    write_matches(tmp_path / "matches.json", matches)
    assert read_matches(tmp_path / "matches.json") == matches


def test_what_cannot_be_matched_is_refused(tmp_path: Path, sentence: Any) -> None:
    one = Maps([0, 1])
    with pytest.raises(OptionError, match="fraction"):
        matched(one, one, fraction=0)
    with pytest.raises(InputError, match="no candidate but its own") as error:
        matched(one, one)
    sentence(error.value, "map 0")
    assert matched(one, Maps([1, 1], first=1)) == [Match("map 0", "map 1", 0.5)]
    with pytest.raises(InputError, match="other classes"):
        matched(one, Scenes(1))
    with pytest.raises(InputError, match="cannot be read"):
        read_matches(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('[{"layout": 1}]')
    with pytest.raises(InputError, match="no choice of exemplars"):
        read_matches(tmp_path / "other.json")

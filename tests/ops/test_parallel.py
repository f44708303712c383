import os

import pytest

from analogon.ops import parallel

from .textures import disc, halves, pictured, render


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch):
    """Sets the number of threads, whatever the machine has."""

    def threads(count: int) -> None:
        monkeypatch.setattr(parallel, "threads", lambda: count)
        monkeypatch.setattr(parallel, "_pool", None)

    return threads


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 100])
@pytest.mark.parametrize("wrap", [False, True])
def test_bands_of_a_group_are_no_neighbours(rows, wrap):
    assert sorted(band for group in parallel.turns(rows, wrap=wrap) for band in group) == parallel.bands(rows)
    assert sorted(y for first, last in parallel.bands(rows) for y in range(first, last)) == list(range(rows))
    for group in parallel.turns(rows, wrap=wrap):
        for first, last in group:
            beside = {first - 1, last} if not wrap else {(first - 1) % rows, last % rows}
            assert not any(a <= y < b for a, b in group if (a, b) != (first, last) for y in beside)


def test_results_come_in_the_order_of_the_tasks(on):
    for count in (1, 3):
        on(count)
        assert parallel.spread(lambda a, b: a - b, [(n, 2 * n) for n in range(50)]) == [-n for n in range(50)]


def test_what_a_task_raises_comes_out(on):
    for count in (1, 2):
        on(count)
        with pytest.raises(ZeroDivisionError):
            parallel.spread(lambda n: 1 / n, [(1,), (0,)])


def test_as_many_threads_as_asked_for_and_not_more_than_there_are(monkeypatch):
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for asked, expected in (("1", 1), ("", available), ("100000", available), ("0", 1), ("many", available)):
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
        assert parallel.threads() == expected


@pytest.mark.parametrize("wishes", [{}, {"tile": True}], ids=["plain", "tile"])
@pytest.mark.parametrize("tries", [0, 3])
def test_a_seed_gives_one_picture_on_any_number_of_threads(on, wishes, tries):
    """40 rows are three bands: the first and the last meet where the picture wraps."""
    source, target = pictured(halves((40, 200), across=True)), halves((40, 200), 0.3, across=True)
    seen = []
    for count in (1, 2, 3, 4, 4):
        on(count)
        result = render(source, target, keep="none", random_tries=tries, seed=7, **wishes)
        seen.append((result.provenance.places, result.image))
    for places, image in seen[1:]:
        assert (places == seen[0][0]).all() and (image == seen[0][1]).all()


def test_seeds_matter_only_to_random_tries():
    source = pictured(disc((40, 60), (12, 15, 8), (30, 45, 7)))
    target = disc((40, 60), (25, 20, 12), (8, 50, 6), (33, 44, 3))
    for tries in (0, 3):
        # seeds whose multiples do not fit into 32 bits are among them
        places = [
            render(source, target, keep="none", random_tries=tries, seed=seed).provenance.places
            for seed in (0, 1, 2**19, 2**32 - 1)
        ]
        different = [(first != second).any() for n, first in enumerate(places) for second in places[:n]]
        assert all(different) if tries else not any(different)

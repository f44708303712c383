import importlib
import pkgutil

import numpy as np
import pytest

import analogon.ops
from analogon.kernels import Kernel
from analogon.ops.exact import best_places
from analogon.ops.search import searcher

from .levels import eight_bits, every_leap, level_of, recount, scan, somewhere, textured

FREE = np.zeros(2, np.float32)


def test_no_kernel_is_compiled_anew_in_each_process():
    kernels = [
        value
        for module in pkgutil.iter_modules(analogon.ops.__path__, "analogon.ops.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, Kernel)
    ]
    assert len(kernels) > 10
    # what a closure holds has another name in every process, so that its cache is never found again
    assert all(kernel.function.__closure__ is None for kernel in kernels)
    assert isinstance(searcher(5, 3), Kernel)


@pytest.mark.parametrize("wrap", [False, True])
def test_the_usage_stays_a_recount(wrap):
    level = textured((40, 30), wrap=wrap)
    places = somewhere(level)
    usage, price = recount(level, places), level._price(140.0 * level.patch**2)
    first = usage.copy()
    for n in range(3):
        scan(level, places, usage, price, leaps=every_leap(level, usage, price), tries=2, seed=n, forward=n % 2 == 0)
        assert (usage == recount(level, places)).all()
    assert (usage != first).any()
    assert (level._usage(places) == usage).all()


def test_a_scan_never_makes_a_match_worse():
    level = textured()
    places = somewhere(level)
    usage = recount(level, places)
    before = best_places(level, places, usage, FREE, 40000.0)[2]
    after = scan(level, places, usage, FREE, tries=3)
    assert (after <= before * (1 + 1e-6)).all() and (after < before).mean() > 0.5


def test_a_leap_must_be_better_by_its_factor():
    """Only leaps can help where all start in one place; the larger the factor, the fewer are made."""
    level = textured((16, 18))
    counts = []
    for reluctance in (1.0, 2.0, 4.0, 1000.0):
        places = somewhere(level)
        usage = recount(level, places)
        leaps = every_leap(level, usage, FREE)
        before = best_places(level, places, usage, FREE, 40000.0)[2]
        scan(level, places, usage, FREE, leaps=leaps, reluctance=reluctance)
        there = (places == leaps.reshape(places.shape)).all(-1)
        assert (best_places(level, places, usage, FREE, 40000.0)[2] <= before).all()
        counts.append(int(there.sum()))
    assert counts == sorted(counts, reverse=True) and counts[0] > 2 * counts[2] > counts[3]


def test_a_pixels_own_use_costs_it_nothing():
    """Of two equal patches the one it has is as good as one that nobody uses, and worse once another uses it too."""
    tile = eight_bits(np.random.default_rng(0).random((8, 8, 3)))
    level = level_of(np.tile(tile, (1, 2, 1)), np.zeros((8, 16), int), np.zeros((1, 1), int), tile[4:5, 4:5], patch=3)
    for others in (0, 1):
        places = np.array([[[4, 4]]], np.int32)
        usage = recount(level, places)
        usage[1, 1] += others
        scan(level, places, usage, np.ones(1, np.float32), leaps=np.array([[4, 12]], np.int32))
        assert tuple(places[0, 0]) == (4, 12 if others else 4)


def test_the_weight_of_classes_decides_between_colour_and_class():
    rng = np.random.default_rng(0)
    source = rng.integers(100, 140, (12, 24, 3)).astype(np.uint8)
    source_ids = np.indices((12, 24))[1] // 12
    # the target asks for the second class and shows the first one's picture
    found = {}
    for weight in (0.0, 1e6):
        level = level_of(source, source_ids, np.ones((12, 12), int), source[:, :12], patch=3)
        places = np.stack(np.indices((12, 12)), -1).astype(np.int32) + np.array([0, 12], np.int32)
        leaps = np.stack(np.indices((12, 12)), -1).astype(np.int32).reshape(-1, 2)
        scan(level, places, recount(level, places), FREE, leaps=leaps, class_weight=weight)
        found[weight] = places[..., 1] // 12
    assert (found[0.0] == 0).all()
    assert (found[1e6] == 1).all()


def test_random_tries_find_more_and_depend_on_the_seed():
    level = textured()
    results = {}
    for tries, seed in ((0, 0), (0, 1), (6, 0), (6, 0), (6, 1)):
        places = somewhere(level)
        usage = recount(level, places)
        errors = scan(level, places, usage, FREE, tries=tries, seed=seed)
        results.setdefault((tries, seed), []).append((places, float(errors.sum())))
    assert (results[0, 0][0][0] == results[0, 1][0][0]).all()
    assert (results[6, 0][0][0] == results[6, 0][1][0]).all()
    assert (results[6, 0][0][0] != results[6, 1][0][0]).any()
    assert results[6, 0][0][1] < results[0, 0][0][1]


def test_matches_go_on_beyond_the_edge_of_what_wraps():
    source = eight_bits(np.random.default_rng(0).random((20, 20, 3)))
    ids = np.zeros((20, 20), int)
    # the left half knows its place; the right one continues it only around the corner
    shown = np.roll(source, 10, axis=1)
    right = {}
    for wrap in (False, True):
        level = level_of(source, ids, ids, shown, patch=3, wrap=wrap)
        places = np.zeros((20, 20, 2), np.int32)
        places[..., 0] = np.arange(20)[:, None]
        places[:, :10, 1] = np.arange(10, 20)
        scan(level, places, recount(level, places), FREE, forward=False)
        right[wrap] = (places[:, 19] == np.stack([np.arange(20), np.full(20, 9)], -1)).all(-1).mean()
    assert right[True] > 0.8 > right[False]


def test_many_guides_of_any_size_do_not_overflow():
    """Squares of a whole row of patches stay below 2^31: the worse of two places is never taken for the better."""
    from analogon import Guide
    from analogon.ops.engine import planes

    from .textures import pictured, plain

    exemplar, target = pictured(plain((12, 16))), plain((12, 16))
    far = np.where(np.indices((12, 16))[1] < 8, -1e9, 1e9).astype(np.float32)[..., None].repeat(12, -1)
    source, guides = planes(exemplar, target, (Guide("far", far, far),))
    ids = np.zeros((12, 16), int)
    level = level_of(source, ids, ids, source[..., :3], patch=9, guides=guides)
    places = np.stack(np.indices((12, 16)), -1).astype(np.int32)
    wrong = places.copy()
    wrong[..., 1] = 15 - wrong[..., 1]
    errors = scan(level, wrong, recount(level, wrong), FREE, leaps=places.reshape(-1, 2), forward=False)
    assert (wrong == places).all() and (errors == 0).all()
    assert 9 * 12 * (2 * int(np.abs(source).max())) ** 2 < 2**31

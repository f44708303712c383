"""The posterior mean against the full sum in double precision."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from tests.ops.textures import texture

from analogon.kernels.native import Native, supported
from analogon.methods.patch_diffusion import kernels
from analogon.methods.patch_diffusion.denoiser import BELL, CAP, Denoiser, Search, Source
from analogon.ops import parallel

ALL = 1 << 40
SEARCH = Search(patch=5, border_weight=0.1, nearest=16, leaves=1000, pairs=ALL)
TREE = replace(SEARCH, pairs=0)
IMAGE, TARGET = texture((22, 25), 0), (18, 21)
CLEAN = texture((22, 25), 0)[2:20, 3:24]


def classes(shape, *, at: int) -> np.ndarray:
    """Two classes, left and right of a column, as planes."""
    left = np.broadcast_to(np.arange(shape[1]) < at, shape).astype(np.float32)
    return np.stack([left, 1 - left], -1) * np.float32(0.5)


def source(search=SEARCH, usable=None, image=IMAGE) -> Source:
    shape = image.shape[:2]
    return Source(image, classes(shape, at=12), np.ones(shape, bool) if usable is None else usable, search)


def denoiser(search=SEARCH, *, open_=None, stride=1, usable=None) -> Denoiser:
    open_ = np.ones(TARGET, bool) if open_ is None else open_
    return Denoiser(source(search, usable), classes(TARGET, at=10), open_, stride)


def noisy(sigma: float, seed: int = 1) -> np.ndarray:
    return CLEAN + np.float32(sigma) * np.random.default_rng(seed).normal(size=CLEAN.shape).astype(np.float32)


def rows(planes: np.ndarray) -> np.ndarray:
    """All patches, colours and the rest: (n, size, size, C)."""
    views = np.moveaxis(sliding_window_view(planes.astype(float), (5, 5), (0, 1)), 2, -1)
    return views.reshape(-1, *views.shape[2:])


def full_sum(given: Denoiser, picture: np.ndarray, sigma: float) -> np.ndarray:
    """The mean of all patches of the source by weights exp(-d / 2 sigma^2), overlapping ones put together."""
    theirs, ours = rows(given.source.planes), rows(given.source.padded(picture, given.conditions))
    scale = np.ones(theirs.shape[-1])
    scale[3:] = (sigma / min(sigma, CAP)) ** 2
    far = (((ours[:, None] - theirs[None]) ** 2) * scale).sum((2, 3, 4))
    weights = np.exp(-(far - far.min(1, keepdims=True)) / (2 * sigma**2))
    means = np.einsum("qn,nijc->qijc", weights / weights.sum(1, keepdims=True), theirs[..., :3])
    at = np.linspace(-1, 1, 5)
    bell = np.exp(-0.5 * (at[:, None] ** 2 + at**2) / BELL**2)
    total, count = np.zeros((22, 25, 3)), np.zeros((22, 25, 1))
    for (y, x), patch in zip(np.ndindex(TARGET), means, strict=True):
        total[y : y + 5, x : x + 5] += bell[..., None] * patch
        count[y : y + 5, x : x + 5] += bell[..., None]
    return (total / count)[2:-2, 2:-2]


@pytest.mark.parametrize("sigma", [2.0, 0.5, 0.2, 0.05])
def test_the_compiled_mean_is_the_full_sum(sigma):
    work, picture = denoiser(), noisy(sigma)
    assert work.exhaustive
    assert np.abs(work.estimate(picture, sigma) - full_sum(work, picture, sigma)).max() < 2e-3


@pytest.mark.parametrize(("sigma", "most"), [(0.2, 0.01), (0.05, 0.002)])
def test_nearest_patches_are_near_the_full_sum_once_there_is_little_noise(sigma, most):
    work, picture = denoiser(TREE), noisy(sigma)
    assert not work.exhaustive
    assert np.sqrt(((work.estimate(picture, sigma) - full_sum(work, picture, sigma)) ** 2).mean()) < most


def test_one_leaf_is_worse_and_earlier_matches_help():
    picture = noisy(0.1)
    exact = full_sum(denoiser(), picture, 0.1)
    quick = denoiser(replace(TREE, leaves=1, nearest=1))
    first = np.abs(quick.estimate(picture, 0.1) - exact).mean()
    again = np.abs(quick.estimate(picture, 0.1) - exact).mean()
    assert np.abs(denoiser(TREE).estimate(picture, 0.1) - exact).mean() < again < first


@pytest.mark.parametrize("search", [SEARCH, TREE])
def test_a_part_of_the_source_is_its_own_best_estimate(search):
    work = Denoiser(source(search), source(search).planes[2:-2, 2:-2, 3:5], np.ones((22, 25), bool), 2)
    assert np.abs(work.estimate(IMAGE, 0.01) - IMAGE).max() < 1e-5
    ids = np.zeros((22, 25), np.int64)
    assert (work.places(ids, ids) == np.moveaxis(np.indices((22, 25)), 0, -1)).all()


def test_much_noise_gives_the_mean_and_little_the_nearest():
    flat = replace(SEARCH, border_weight=0.0)
    work = Denoiser(source(flat), np.zeros((*TARGET, 2), np.float32), np.ones(TARGET, bool), 1)
    assert work.estimate(noisy(50.0), 50.0)[5:-5, 5:-5].std() < 0.2 * CLEAN.std()
    assert np.abs(work.estimate(noisy(0.05), 0.02) - CLEAN)[5:-5, 5:-5].mean() < 0.02


@pytest.mark.parametrize("search", [SEARCH, TREE])
def test_patches_are_of_the_class_that_is_asked_for(search):
    left, right = texture((22, 25), 3, mean=0.2), texture((22, 25), 4, mean=0.8)
    image = np.where((np.arange(25) < 12)[None, :, None], left, right)
    planes = classes(TARGET, at=10)
    work = Denoiser(source(search, image=image), planes, np.ones(TARGET, bool), 1)
    grey = np.full((*TARGET, 3), 0.5, np.float32)
    found = work.estimate(grey, 0.2)
    assert found[:, :7].mean() < 0.45 and found[:, 13:].mean() > 0.55
    turned = Denoiser(work.source, planes[..., ::-1], np.ones(TARGET, bool), 1).estimate(grey, 0.2)
    assert turned[:, :7].mean() > 0.55 and turned[:, 13:].mean() < 0.45


@pytest.mark.parametrize("search", [SEARCH, TREE])
def test_what_must_not_be_used_is_not(search):
    usable = np.ones((22, 25), bool)
    usable[:, :14] = False
    work = denoiser(search, usable=usable, stride=2)
    for turn in range(4):  # what is beside an earlier match, too
        work.estimate(noisy(0.2), 0.2, turn)
        assert work._matches[:, 1].min() >= 14 + work.source.radius


def test_closed_pixels_stay():
    open_ = np.zeros(TARGET, bool)
    open_[4:9, 5:12] = True
    work, picture = denoiser(open_=open_), noisy(0.3)
    found = work.estimate(picture, 0.3)
    assert (found[12:] == picture[12:]).all()
    assert np.abs(found - full_sum(work, picture, 0.3))[open_].max() < 2e-3


def test_turns_move_the_grid_and_cover_all():
    work, grids = denoiser(stride=3), set()
    for turn in range(9):
        pixels = work._grid(turn)
        grids.add(pixels.tobytes())
        covered = np.zeros(TARGET, bool)
        for y, x in pixels:
            covered[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = True
        assert covered.all()
    assert len(grids) == 9


@pytest.mark.parametrize("search", [SEARCH, TREE])
def test_threads_change_nothing(search, monkeypatch):
    found = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        monkeypatch.setattr(parallel, "_pool", None)
        found.append(denoiser(search).estimate(noisy(0.2), 0.2))
    assert (found[0] == found[1]).all()


@pytest.mark.skipif(not supported(), reason="Numba calls all kernels here")
def test_kernels_are_called_directly():
    for search in (SEARCH, TREE):
        work = denoiser(search)
        work.estimate(noisy(0.2), 0.2)
        work.places(np.zeros((22, 25), np.int64), np.zeros(TARGET, np.int64))
    used = kernels.mean_of_all, kernels.mean_of_nearest, kernels.project, kernels.fold, kernels.elect
    assert {type(call) for one in used for call in one._by_kind.values()} == {Native}

from itertools import pairwise

import numpy as np
import pytest
import torch

from analogon import Exemplar, LabelClass, LabelMap, Palette
from analogon.jobs import JOBS, Animate, Edit, Harmonize, Paint, Retarget, Upscale, Vary
from analogon.methods import registry
from analogon.methods.singan.config import JOB_RECIPES, RECIPES
from analogon.methods.singan.method import METHOD
from analogon.methods.singan.sizes import resized
from analogon.run import Progress, Run

SHAPE = (40, 56)
HOLE = np.zeros(SHAPE, bool)
HOLE[10:25, 12:30] = True


def array(tensor):
    return ((tensor[0] + 1) / 2).permute(1, 2, 0).numpy()


@pytest.fixture(scope="module")
def source(picture):
    return Exemplar(array(picture), LabelMap(np.zeros(SHAPE, np.int64), Palette((LabelClass(0, "all", (9, 9, 9)),))))


@pytest.fixture(scope="module", params=["pyramid", "growing"])
def painter(request, source, make_config):
    """Trained for so long that it knows the picture a little."""
    config = make_config(request.param, steps=120, width=8, rate=3e-3, adversarial=0.05, practice=0.2)
    return METHOD.fit(source, config, Run(device="cpu"))


def done(painter, *jobs, seed=0, listener=lambda event: None):
    return [one.image for one in painter.perform(jobs, Run(device="cpu", seed=seed, listener=listener))]


def test_every_job_is_declared_and_its_recipe_exists():
    entry = registry.get("singan")
    assert entry.jobs == set(JOBS) - {"reshape"}
    assert set(JOB_RECIPES) <= entry.jobs and set(JOB_RECIPES.values()) <= set(RECIPES)


def all_jobs(source):
    pasted = source.image.copy()
    pasted[HOLE] = pasted[HOLE][::-1]
    return (
        Vary((40, 56)),
        Retarget((33, 70)),
        Paint(pasted),
        Edit(pasted, HOLE),
        Harmonize(np.clip(pasted + 0.2 * HOLE[..., None], 0, 1).astype(np.float32), HOLE),
        Upscale(1.7),
        Animate(3, 0.5),
    )


def test_jobs_are_deterministic_and_change_nothing(painter, source):
    before = {name: array.copy() for name, array in painter.arrays().items()}
    for job in all_jobs(source):
        first, again = done(painter, job, seed=4), done(painter, job, seed=4)
        assert len(first) == (3 if job.name == "animate" else 1)
        for one, other in zip(first, again, strict=True):
            assert (one == other).all() and one.dtype == np.float32 and one.min() >= 0 and one.max() <= 1
    assert all((painter.arrays()[name] == array).all() for name, array in before.items())


@pytest.mark.parametrize("size", [(40, 56), (16, 16), (23, 140), (150, 31), (81, 113)])
def test_pictures_have_the_size_that_was_asked_for(painter, source, size):
    painting = np.random.default_rng(0).random((*size, 3)).astype(np.float32)
    for job in (Vary(size), Vary(size, 0.5), Vary(size, 0.0), Retarget(size), Paint(painting)):
        (image,) = done(painter, job)
        assert image.shape == (*size, 3) and np.isfinite(image).all()
    factor = 1 + size[0] / 40
    assert done(painter, Upscale(factor))[0].shape == (round(40 * factor), round(56 * factor), 3)


def test_seeds_are_those_of_the_places(painter):
    three = done(painter, Vary(SHAPE), Vary(SHAPE), Vary(SHAPE), seed=5)
    assert all((one == done(painter, Vary(SHAPE), seed=5 + n)[0]).all() for n, one in enumerate(three))
    assert np.abs(three[0] - three[1]).mean() > 0.02


def test_random_pictures_differ_as_much_as_asked(painter, source):
    shares = (0.0, 0.2, 0.4, 0.7, 1.0)
    off = [
        np.mean([np.abs(image - source.image).mean() for image in done(painter, *[Vary(SHAPE, share)] * 3)])
        for share in shares
    ]
    assert off[0] < 1e-6  # the picture itself
    assert off[1] < off[3] and off[2] < off[4]
    assert len({float(one) for one in off}) == len(shares)
    # not the picture moved
    image = done(painter, Vary(SHAPE))[0]
    shifts = [np.abs(image - np.roll(source.image, (dy, dx), (0, 1))).mean() for dy in range(40) for dx in range(56)]
    assert min(shifts) > 0.03


def test_a_sequence_of_sizes_does_not_jump(painter):
    frames = done(painter, *[Retarget((40, width)) for width in range(56, 76)])
    assert [frame.shape[1] for frame in frames] == list(range(56, 76))

    def strip(frame):
        return frame[:, np.linspace(0, frame.shape[1] - 1, 40).astype(int)]

    steps = [np.abs(strip(a) - strip(b)).mean() for a, b in pairwise(frames)]
    assert max(steps) < np.abs(strip(frames[0]) - strip(frames[-1])).mean() + 0.02
    assert np.abs(frames[0] - array(painter.ladder.made(_sizes(painter), painter.ladder.kept)).clip(0, 1)).mean() < 0.15


def _sizes(painter):
    from analogon.methods.singan.sizes import scaled

    return scaled(SHAPE, painter.ladder.shares)


def test_the_painting_is_left_as_far_as_asked(painter, source):
    painting = np.clip(source.image[::-1].copy(), 0, 1)
    images = [done(painter, Paint(painting, share))[0] for share in (0.0, 1.0)]
    near, far = (np.abs(image - painting).mean() for image in images)
    assert 0 < near < far


def test_the_picture_fed_to_a_scale_comes_back(painter, source):
    """About: the finest scale has the least to add, and all know the picture."""
    for difference, bound in ((0.0, 0.08), (1.0, 0.15)):
        (image,) = done(painter, Paint(source.image, difference))
        assert np.abs(image - source.image).mean() < bound


def test_edits_change_nothing_outside_the_mask(painter, source):
    edited = source.image.copy()
    edited[HOLE] = 1 - edited[HOLE]
    (image,) = done(painter, Edit(edited, HOLE))
    assert (image[~HOLE] == edited[~HOLE]).all() and (image[HOLE] != edited[HOLE]).any()
    # without a mask, nothing away from what was edited
    (image,) = done(painter, Edit(edited))
    rows, cols = np.nonzero((image != edited).any(-1))
    assert rows.min() >= 10 - 5 and rows.max() <= 24 + 5 and cols.min() >= 12 - 5 and cols.max() <= 29 + 5
    assert (image[~HOLE] != edited[~HOLE]).any()
    # nothing edited, nothing changed
    assert (done(painter, Edit(source.image))[0] == source.image).all()


def test_harmonizing_changes_the_object_and_nothing_away_from_it(painter, source):
    composite = np.clip(source.image + 0.4 * HOLE[..., None], 0, 1).astype(np.float32)
    (image,) = done(painter, Harmonize(composite, HOLE))
    assert np.abs(image - composite)[HOLE].mean() > 1e-3
    rows, cols = np.nonzero((image != composite).any(-1))
    assert rows.min() >= 10 - 3 and rows.max() <= 24 + 3 and cols.min() >= 12 - 3 and cols.max() <= 29 + 3


def test_enlarging_passes_through_the_finest_scale(painter, source):
    (image,) = done(painter, Upscale(2.0))
    assert image.shape == (80, 112, 3)
    plain = torch.nn.functional.interpolate(
        torch.tensor(source.image).permute(2, 0, 1)[None], (80, 112), mode="bicubic"
    )[0].permute(1, 2, 0)
    off = np.abs(image - plain.clamp(0, 1).numpy())
    assert 1e-4 < off.mean() < 0.1
    # shrunk again it is what it was: no pass adds to colours or contrast
    back = torch.nn.functional.interpolate(
        torch.from_numpy(image).permute(2, 0, 1)[None], SHAPE, mode="bicubic", antialias=True
    )[0].permute(1, 2, 0)
    assert np.abs(back.numpy() - source.image).mean() < 0.03


def test_an_animation_is_a_loop_that_moves_little(painter):
    frames = done(painter, Animate(12, 0.4))
    steps = [np.abs(a - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert min(steps) > 0 and max(steps) < 4 * min(steps)  # the last to the first as any other
    samples = done(painter, Vary(SHAPE), Vary(SHAPE), Vary(SHAPE))
    assert max(steps) < np.mean([np.abs(a - b).mean() for a, b in pairwise(samples)])
    more = done(painter, Animate(12, 0.8))
    assert np.std(more, 0).mean() > np.std(frames, 0).mean()
    still = done(painter, Animate(3, 0.0))
    assert (still[0] == still[1]).all()
    assert (done(painter, Animate(12, 0.4), seed=1)[0] != frames[0]).any()


def test_jobs_tell_how_far_they_are_and_can_be_stopped(painter):
    events: list[Progress] = []
    done(painter, Vary(SHAPE), Vary(SHAPE), listener=events.append)
    assert [(event.step, event.steps) for event in events] == [(0, 2), (1, 2)]

    class StopError(Exception):
        pass

    def stop(event):
        raise StopError

    for jobs in ([Vary(SHAPE)], [Animate(3)]):
        with pytest.raises(StopError):
            done(painter, *jobs, listener=stop)


@pytest.mark.parametrize("kind", ["pyramid", "growing"])
def test_what_the_finest_scale_adds_shows_as_far_as_it_is_right(source, make_config, kind):
    """A picture enlarged to the full size is not farther from it than plainly enlarged, however little was learnt."""
    config = make_config(kind, steps=30, rate=5e-3, size_limit=32, min_size=16)
    performance = METHOD.fit(source, config, Run(device="cpu"))._performance(Run(device="cpu"))
    full = performance._tensor(source.image)
    small = resized(full, performance.trained[-1])
    found, errors = performance._strengths, {}
    assert found and max(found) < 1
    for name, strengths in (("found", found), ("none", [0.0]), ("all", [1.0])):
        performance.__dict__["_strengths"] = strengths
        errors[name] = (performance._enlarged(small, SHAPE) - full).square().mean()
    assert errors["found"] <= 1.001 * errors["none"] < 0.9 * errors["all"]


def test_a_scale_that_enlarges_well_is_trusted(source, make_config):
    config = make_config("pyramid", width=8, steps=150, rate=3e-3, adversarial=0.02, fed=20.0, settled=True)
    performance = METHOD.fit(source, config, Run(device="cpu"))._performance(Run(device="cpu"))
    assert performance._strengths[0] > 0.5  # of a picture no larger than the finest scale: from the scale below

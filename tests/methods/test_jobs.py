"""What every method promises of the jobs that its registry entry names."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from tests.copying import COPYING

import analogon
from analogon.jobs import JOBS, Animate, Edit, Harmonize, Paint, Reshape, Retarget, Upscale, Vary
from analogon.methods import registry

pytest.importorskip("torch", reason="the methods need the extra 'neural'")

SHAPE = (40, 56)
#: An edit at the left, and a corner that is far from it.
EDITED, FAR = np.s_[12:26, 6:18], np.s_[:, 46:]
#: Networks first, then in the order that `test_contract` does not have: two processes that begin with one file each do
#: not compile the same kernels at the same time, but find what the other has compiled.
ENTRIES = tuple(sorted((COPYING, *reversed(registry.METHODS.values())), key=lambda entry: not entry.neural))
CASES = [(entry.name, job) for entry in ENTRIES for job in JOBS if job in entry.jobs]


def case(*jobs):
    """The methods that can do one of these jobs."""
    wanted = [pytest.param(name, job, id=f"{name} {job}") for name, job in CASES if not jobs or job in jobs]
    return pytest.mark.parametrize(("method", "job"), wanted)


def scene():
    """Grass with stalks below a sky with a sun."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.where((rows < 22)[..., None], (0.45, 0.62, 0.85), (0.25, 0.5, 0.2))
    image[((columns % 7) < 2) & (rows > 24)] = (0.5, 0.65, 0.25)
    image[(rows - 9) ** 2 + (columns - 40) ** 2 < 30] = (0.95, 0.85, 0.4)
    return np.clip(image + rng.normal(0, 0.03, image.shape), 0, 1).astype(np.float32)


IMAGE = scene()
PASTED = IMAGE.copy()
PASTED[EDITED] = IMAGE[EDITED[0], 34:46]
MASK = np.zeros(SHAPE, bool)
MASK[EDITED] = True

ASKED = {
    "vary": Vary(SHAPE),
    "retarget": Retarget((33, 71)),
    "reshape": Reshape((33, 71), ((0.0, 0.2), (0.0, 0.8), (1.0, 1.0), (1.0, 0.0))),
    "paint": Paint(np.repeat(np.repeat(IMAGE[::4, ::4], 4, 0), 4, 1)[:36, :50]),
    "edit": Edit(PASTED, MASK),
    "harmonize": Harmonize(PASTED, MASK),
    "upscale": Upscale(1.5),
    "animate": Animate(5),
}
SIZES = {"retarget": (33, 71), "reshape": (33, 71), "paint": (36, 50), "upscale": (60, 84)}


@pytest.fixture(scope="module")
def fitted(small):
    """The model of a method for a job, fitted once with small settings."""

    @cache
    def of(method, recipe):
        settings = {**small.get((method, recipe), {})}
        return analogon.fit(analogon.load_exemplar(IMAGE), method, recipe=recipe, device="cpu", **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry.METHODS, COPYING.name, COPYING)
        yield lambda method, job: of(method, registry.get(method).recipe_for(job))


@pytest.fixture(scope="module")
def done(fitted):
    """The pictures that a method makes of :data:`ASKED`."""
    return cache(lambda method, job: images(fitted(method, job), ASKED[job]))


def images(model, *jobs, **more):
    return [result.image for result in model.perform(jobs, **more)]


def learns(method):
    return method != COPYING.name and registry.get(method).learns


def difference(one, other):
    return float(np.sqrt(np.square(one - other).mean()))


@case()
def test_pictures_have_the_size_and_range_that_is_asked_for(done, method, job):
    pictures = done(method, job)
    assert len(pictures) == (5 if job == "animate" else 1)
    for picture in pictures:
        assert picture.shape == (*SIZES.get(job, SHAPE), 3)
        assert picture.dtype == np.float32 and np.isfinite(picture).all()
        assert picture.min() >= 0 and picture.max() <= 1 and picture.std() > 0.01


@case()
def test_the_same_is_done_again_and_by_a_saved_model(fitted, done, method, job, tmp_path):
    fitted(method, job).save(tmp_path / "model")
    again = images(analogon.load(tmp_path / "model", device="cpu"), ASKED[job])
    assert all((one == other).all() for one, other in zip(again, done(method, job), strict=True))


@case()
def test_a_result_tells_what_was_done_and_where_its_pixels_come_from(fitted, method, job):
    result = next(fitted(method, job).perform([ASKED[job]], seed=7))
    assert result.record()["job"]["name"] == job and result.seed == 7
    assert result.seconds > 0 and all(seconds >= 0 for seconds in result.timing.values())
    if result.provenance is not None:
        assert np.abs(result.apply_to(IMAGE, tone=True) - result.image).max() < 1e-6


@case("vary", "animate")
def test_each_picture_has_a_seed_of_its_own(fitted, method, job):
    model, asked = fitted(method, job), ASKED[job] if job == "vary" else Animate(3)
    count = len(images(model, asked))
    several = images(model, asked, asked, seed=3)
    following = images(model, asked, seed=4)
    assert all((one == other).all() for one, other in zip(several[count:], following, strict=True))
    if method != COPYING.name or job == "vary":  # its loop needs no seed
        assert any((one != other).any() for one, other in zip(several[:count], following, strict=True))


@case("vary")
def test_variations_have_any_size(fitted, method, job):
    for size in ((24, 24), (37, 90)):
        (picture,) = images(fitted(method, job), Vary(size))
        assert picture.shape == (*size, 3)


@case("vary")
def test_a_small_difference_stays_near_the_picture(fitted, method, job):
    model = fitted(method, job)
    none, most = (images(model, Vary(SHAPE, share))[0] for share in (0.0, 1.0))
    if not learns(method):
        assert difference(none, IMAGE) < 0.08
    assert difference(none, IMAGE) <= difference(most, IMAGE)
    assert (none != most).any()


@case("retarget")
def test_a_sequence_of_sizes_does_not_jump(fitted, method, job):
    jobs = [Retarget((40, 56 + 3 * n)) for n in range(4)]
    frames = images(fitted(method, job), *jobs)
    assert [frame.shape[:2] for frame in frames] == [one.size for one in jobs]
    # pictures that have nothing to do with each other are as far apart as what is in them
    steps = [difference(one, following[:, : one.shape[1]]) for one, following in pairwise(frames)]
    assert max(steps) < IMAGE.std()


@case("reshape")
def test_white_lies_outside_an_outline(done, method, job):
    (picture,) = done(method, job)
    assert (picture[0, :8] == 1).all() and (picture[0, -8:] == 1).all()
    assert picture[16, 16:56].std() > 0.01


@case("edit", "harmonize")
def test_what_the_mask_leaves_out_stays_bit_for_bit(done, method, job):
    (picture,) = done(method, job)
    outside = ~MASK if job == "edit" else np.zeros(SHAPE, bool)
    outside[FAR] = True
    assert (picture[outside] == PASTED[outside]).all()
    assert (picture[MASK] != PASTED[MASK]).any()


@case("edit")
def test_without_a_mask_an_edit_changes_what_was_edited(fitted, method, job):
    (picture,) = images(fitted(method, job), Edit(PASTED))
    assert (picture[FAR] == PASTED[FAR]).all()
    assert (picture != PASTED).any()


@case("paint")
def test_a_painting_may_be_left_more_or_less(fitted, method, job):
    painting = ASKED["paint"].painting
    near, far = (images(fitted(method, job), Paint(painting, share))[0] for share in (0.0, 1.0))
    assert (near != far).any()
    if not learns(method):
        assert difference(near, painting) <= difference(far, painting)


@case("upscale")
def test_what_is_enlarged_is_still_the_picture(done, method, job):
    (picture,) = done(method, job)
    small = analogon.load_exemplar(picture)
    if not learns(method):
        assert difference(small.resize(SHAPE).image, IMAGE) < 0.05


@case("animate")
def test_a_loop_moves_and_comes_back(fitted, method, job):
    frames = images(fitted(method, job), Animate(8, 0.5))
    steps = [difference(one, next_) for one, next_ in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert max(steps) > 0
    assert steps[-1] <= 2 * max(steps[:-1])
    calmer = images(fitted(method, job), Animate(8, 0.0))
    assert any((one != other).any() for one, other in zip(frames, calmer, strict=True))


@case()
def test_inputs_stay_as_they_are_and_nothing_is_said(fitted, method, job, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = [np.array(one) for one in (PASTED, MASK, fitted(method, job).exemplar.image)]
    for result in fitted(method, job).perform([ASKED[job]]):
        result.image[:] = 0
    after = PASTED, MASK, fitted(method, job).exemplar.image
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    said = capfd.readouterr()
    assert (said.out, said.err, list(tmp_path.iterdir())) == ("", "", [])


@case()
def test_an_error_of_the_listener_ends_the_work(fitted, method, job):
    class StopError(Exception):
        pass

    def stop(event):
        raise StopError

    events = []
    list(fitted(method, job).perform([ASKED[job]], progress=events.append))
    assert events
    with pytest.raises(StopError):
        list(fitted(method, job).perform([ASKED[job]], progress=stop))


@case()
def test_pictures_with_labels_are_taken_as_well(small, make_exemplar, method, job, monkeypatch):
    monkeypatch.setitem(registry.METHODS, COPYING.name, COPYING)
    recipe = registry.get(method).recipe_for(job)
    exemplar = make_exemplar(SHAPE)
    model = analogon.fit(exemplar, method, recipe=recipe, device="cpu", **small.get((method, recipe), {}))
    picture = images(model, ASKED[job])[0]
    assert picture.shape == (*SIZES.get(job, SHAPE), 3) and np.isfinite(picture).all()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_a_method_says_of_its_jobs_holds(entry, sentence):
    assert set(entry.jobs) <= set(JOBS)
    assert set(entry.job_recipes) <= set(entry.jobs) and set(entry.job_recipes.values()) <= set(entry.recipes)
    for job in set(JOBS) - set(entry.jobs):
        with pytest.raises(analogon.OptionError) as error:
            entry.check_does(job)
        sentence(error.value, f"'{entry.name}'", job)

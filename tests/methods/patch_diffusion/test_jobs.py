"""Jobs: pictures that are no layouts."""

from dataclasses import replace

import numpy as np
import pytest
from tests.ops.textures import disc, pictured

from analogon.jobs import Edit, Harmonize, Paint, Retarget, Vary
from analogon.methods import registry
from analogon.methods.base import Performer
from analogon.methods.patch_diffusion.jobs import changed, unlabelled
from analogon.run import Progress, Run

SHAPE = (40, 52)
EXEMPLAR = pictured(disc(SHAPE, (20, 16, 10)))
ENTRY = registry.get("patch-diffusion")


@pytest.fixture(scope="module")
def synthesizer() -> Performer:
    made: Performer = ENTRY.load().fit(EXEMPLAR, ENTRY.configure(None, {"patch": 5, "levels": 4}), Run(device="cpu"))
    return made


def pictures(synthesizer, *jobs, seed=0):
    return [one.image for one in synthesizer.perform(jobs, Run(device="cpu", seed=seed))]


def test_variations_have_any_size_and_differ_by_seed(synthesizer):
    one, other = pictures(synthesizer, Vary((33, 61)), Vary((33, 61)))
    assert one.shape == other.shape == (33, 61, 3)
    assert np.abs(one - other).mean() > 0.02
    (again,) = pictures(synthesizer, Vary((33, 61)), seed=1)
    assert (again == other).all()


def test_difference_is_how_different(synthesizer):
    def far(difference):
        made = pictures(synthesizer, *[Vary(SHAPE, difference)] * 3)
        return np.mean([np.abs(image - EXEMPLAR.image).mean() for image in made])

    assert far(0.0) == 0 < far(0.3) < far(1.0)


def test_no_difference_at_another_size_is_the_picture_stretched(synthesizer):
    (image,) = pictures(synthesizer, Vary((20, 52), 0.0))
    assert image.shape == (20, 52, 3)
    assert np.abs(image - EXEMPLAR.image[::2]).mean() < 0.1


def test_variations_say_where_their_pixels_come_from(synthesizer):
    (one,) = synthesizer.perform([Vary(SHAPE)], Run(device="cpu"))
    assert (one.provenance.apply_to(EXEMPLAR.image, tone=True) == one.image).all()


def test_a_retargeted_picture_has_its_parts_in_their_order(synthesizer):
    wide, wider = pictures(synthesizer, Retarget((40, 60)), Retarget((40, 62)))
    assert wide.shape == (40, 60, 3) and wider.shape == (40, 62, 3)
    for image in (wide, wider):  # the disc is dark, and to the left
        assert image[15:25, 14:22].mean() < 0.45 < 0.55 < image[:, -15:].mean()
    # a frame of a sequence is more like the one before it than like one of its own
    (alone,) = pictures(synthesizer, Retarget((40, 62)))
    assert np.abs(wider[:, :60] - wide).mean() < np.abs(alone[:, :60] - wide).mean() + 0.02


def test_a_painting_is_followed_the_more_the_less_difference_there_is(synthesizer):
    painting = np.full((*SHAPE, 3), 0.7, np.float32)
    painting[10:30, 30:46] = 0.3
    near, far = (
        np.mean([np.abs(image - painting).mean() for image in pictures(synthesizer, *[Paint(painting, d)] * 3)])
        for d in (0.1, 1.0)
    )
    assert near < far
    (image,) = pictures(synthesizer, Paint(painting, 0.1))
    assert image[14:26, 34:42].mean() < 0.5 < image[:, :20].mean()


@pytest.mark.parametrize("kind", [Edit, Harmonize])
def test_what_is_not_masked_stays_bit_for_bit(synthesizer, kind):
    given, mask = np.array(EXEMPLAR.image), np.zeros(SHAPE, bool)
    given[12:24, 32:44], given[0, 0] = (0.9, 0.1, 0.5), 0.123
    mask[10:26, 30:46] = True
    (image,) = pictures(synthesizer, kind(given, mask))
    assert (image[~mask] == given[~mask]).all()
    assert np.abs(image - given)[mask].mean() > 0.01
    # no pixel of the source has such a colour
    assert np.abs(image[16:20, 36:40] - (0.9, 0.1, 0.5)).mean() > 0.05


def test_an_edit_without_a_mask_changes_what_differs_and_what_is_beside_it(synthesizer):
    edited = np.array(EXEMPLAR.image)
    edited[25:35, 36:48] = edited[15:25, 10:22]
    mask = changed(EXEMPLAR, edited)
    assert mask[25:35, 36:48].all() and mask.mean() < 0.5
    (image,) = pictures(synthesizer, Edit(edited))
    assert (image[~mask] == edited[~mask]).all() and (image != edited).any()
    (same,) = pictures(synthesizer, Edit(EXEMPLAR.image))
    assert (same == EXEMPLAR.image).all()


def test_a_harmonized_object_keeps_its_shape_and_takes_the_pictures_colours(synthesizer):
    composite, mask = np.array(EXEMPLAR.image), disc(SHAPE, (20, 38, 8)).ids == 2
    composite[mask] = (0.1, 0.5, 0.1)
    (image,) = pictures(synthesizer, Harmonize(composite, mask))
    outside = np.abs(image[mask][:, 1] - image[mask][:, 0]).mean()
    assert outside < 0.2 < 0.4  # green goes
    assert image[mask].mean() < EXEMPLAR.image[mask].mean() - 0.1  # dark stays


def test_jobs_do_not_know_of_classes(synthesizer):
    plain = replace(EXEMPLAR, labels=unlabelled(EXEMPLAR).labels)
    other = ENTRY.load().fit(plain, ENTRY.configure(None, {"patch": 5, "levels": 4}), Run(device="cpu"))
    assert (pictures(other, Vary(SHAPE))[0] == pictures(synthesizer, Vary(SHAPE))[0]).all()


def test_progress_is_told_and_ends_the_job(synthesizer):
    class StoppedError(Exception):
        pass

    def stop(event: Progress) -> None:
        if event.step == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        list(synthesizer.perform([Vary(SHAPE)], Run(device="cpu", listener=stop)))


def test_other_jobs_are_refused_with_the_methods_that_do_them():
    assert ENTRY.jobs == {"vary", "retarget", "paint", "edit", "harmonize"}
    for job in ENTRY.jobs:
        ENTRY.check_does(job)

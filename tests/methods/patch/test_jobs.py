"""The jobs of the patch method."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage as ndi
from tests.ops.scenes import ball, disc, unlabelled
from tests.ops.textures import texture

from analogon.data import Exemplar
from analogon.jobs import JOBS, Animate, Edit, Harmonize, Job, Paint, Retarget, Upscale, Vary
from analogon.methods import registry
from analogon.methods.patch.config import Config
from analogon.methods.patch.method import METHOD
from analogon.rendering import Rendering
from analogon.run import Progress, Run

SHAPE = (48, 72)


def done(image: np.ndarray, jobs: Sequence[Job], seed: int = 0, usable: np.ndarray | None = None) -> list[Rendering]:
    synthesizer = METHOD.fit(unlabelled(image, usable), Config(), Run())
    return list(synthesizer.perform(jobs, Run(seed=seed)))


def test_it_can_all_of_them_but_outlines():
    assert registry.get("patch").jobs == set(JOBS) - {"reshape"}


def test_variations_are_copies_and_differ_by_seed():
    image = ball()
    one, other = done(image, [Vary(SHAPE), Vary(SHAPE)], seed=3)
    assert one.image.shape == (*SHAPE, 3) and (one.image != other.image).any()
    for rendering in (one, other):
        assert (rendering.provenance.apply_to(image, tone=True) == rendering.image).all()
    # the seed of each is the run's plus its place
    assert (done(image, [Vary(SHAPE)], seed=4)[0].image == other.image).all()


def test_how_different_variations_are():
    image = texture(SHAPE, grain=2.0)
    (same,) = done(image, [Vary(SHAPE, 0.0)])
    assert (same.image == image).all() and same.provenance.kept() == 1
    kept = [done(image, [Vary(SHAPE, difference)])[0].provenance.kept() for difference in (0.1, 1.0)]
    assert kept[0] > kept[1]
    (stretched,) = done(image, [Vary((24, 36), 0.0)])
    assert np.abs(stretched.image - image.reshape(24, 2, 36, 2, 3).mean((1, 3))).mean() < 0.03


@pytest.mark.parametrize("size", [(48, 50), (48, 110), (36, 60)])
def test_another_size_keeps_what_is_distinct(size):
    (rendering,) = done(ball(), [Retarget(size)])
    assert rendering.image.shape == (*size, 3)
    places = rendering.provenance.places
    shown = disc()[places[..., 0], places[..., 1]]
    assert 0.8 < shown.sum() / disc().sum() < 1.3
    shifts = (places - np.stack(np.indices(size), -1))[shown]
    _, counts = np.unique(shifts, axis=0, return_counts=True)
    assert counts.max() > 0.75 * shown.sum()


def test_a_sequence_of_sizes_has_no_jumps():
    image = ball()
    sizes = [(48, width) for width in range(72, 60, -2)]
    frames = done(image, [Retarget(size) for size in sizes])
    assert [frame.image.shape[:2] for frame in frames] == sizes
    (alone,) = done(image, [Retarget(sizes[-1])])
    assert (alone.image != frames[-1].image).any()

    def moves(sequence: list[Rendering]) -> float:
        """Share of pixels that show what no pixel near by showed in the frame before."""
        new = []
        for one, other in pairwise(sequence):
            near = np.zeros(other.image.shape[:2], bool)
            wide = np.pad(one.provenance.places, ((1, 1), (4, 4), (0, 0)), mode="edge")
            height, width = near.shape
            for down in range(3):
                for across in range(9):
                    part = wide[down : down + height, across : across + width]
                    near |= (part == other.provenance.places).all(-1)
            new.append(1 - near.mean())
        return float(np.mean(new))

    assert moves(frames) < 0.03


def test_a_painting_becomes_a_picture_of_the_source():
    rows, _ = np.indices((40, 60))
    source = np.where((rows < 20)[..., None], (0.3, 0.5, 0.9), (0.3, 0.6, 0.2)) + 0.1 * (texture((40, 60)) - 0.5)
    source = source.astype(np.float32)
    painting = np.full((44, 50, 3), (0.3, 0.6, 0.2), np.float32)
    painting[:, 25:] = (0.3, 0.5, 0.9)
    (near,) = done(source, [Paint(painting, 0.0)])
    assert near.image.shape == (44, 50, 3)
    assert (near.provenance.apply_to(source, tone=True) == near.image).all()
    blue = near.image[..., 2] > 0.55
    assert blue[:, 28:].mean() > 0.95 and blue[:, :22].mean() < 0.05
    (far,) = done(source, [Paint(painting, 1.0)])
    assert (far.image != near.image).any()


def test_an_edit_is_mended_inside_and_left_alone_outside():
    source = texture(SHAPE, grain=1.5)
    edited = source.copy()
    edited[10:30, 10:30] = source[20:40, 40:60]
    edited[14:20, 50:60] = (1, 0, 0)
    (rendering,) = done(source, [Edit(edited)])
    outside = (rendering.image == edited).all(-1)
    assert (rendering.image[:, 66:] == edited[:, 66:]).all() and (rendering.image[44:] == edited[44:]).all()
    assert outside.mean() > 0.5
    assert (rendering.provenance.apply_to(source, tone=True) == rendering.image).all()
    # red is nowhere in the source, and what was pasted stays
    assert not ((rendering.image[..., 0] > 0.95) & (rendering.image[..., 1] < 0.05)).any()
    assert np.abs(rendering.image[15:25, 15:25] - edited[15:25, 15:25]).mean() < 0.03


def test_an_edit_of_a_mask_that_leaves_foreign_pixels():
    source = texture(SHAPE, grain=1.5)
    edited = source.copy()
    edited[10:30, 10:30] = 0.9
    mask = np.zeros(SHAPE, bool)
    mask[5:35, 25:40] = True
    (rendering,) = done(source, [Edit(edited, mask)])
    assert (rendering.image[~mask] == edited[~mask]).all()
    assert rendering.provenance is None  # not all of it is of the source
    assert (rendering.image[mask] != edited[mask]).any()


def test_a_pasted_object_changes_inside_its_mask_alone():
    source = texture(SHAPE, grain=1.5, mean=0.4)
    composite = np.where(disc()[..., None], ball(), source)
    (rendering,) = done(source, [Harmonize(composite, disc())])
    assert (rendering.image[~disc()] == composite[~disc()]).all()
    assert np.abs(rendering.image - composite)[disc()].mean() > 0.02
    # its shape is kept
    grey = [one[disc()].mean(-1) for one in (composite, rendering.image)]
    assert np.corrcoef(*grey)[0, 1] > 0.8


def test_a_pasted_object_takes_the_grain_of_the_picture():
    source = texture(SHAPE, grain=1.0)
    composite = source.copy()
    composite[disc()] = 0.5
    (rendering,) = done(source, [Harmonize(composite, disc())])
    inner = ndi.binary_erosion(disc(), iterations=3)
    grain = [one - ndi.gaussian_filter(one, (2, 2, 0)) for one in (rendering.image, source)]
    assert grain[0][inner].std() > 0.4 * grain[1].std()


def test_sizes_of_what_is_enlarged():
    for factor, size in ((2.0, (32, 40)), (1.5, (24, 30))):
        (rendering,) = done(texture((16, 20)), [Upscale(factor)])
        assert rendering.image.shape == (*size, 3)


def test_frames_of_a_loop_are_told():
    told: list[Progress] = []
    synthesizer = METHOD.fit(unlabelled(texture((24, 30))), Config(), Run())
    frames = list(synthesizer.perform([Animate(4, 0.5)], Run(listener=told.append)))
    assert len(frames) == 4 and [event.step for event in told] == [1, 2, 3, 4]


def test_what_must_not_be_used_is_nowhere():
    image = texture(SHAPE, grain=2.0)
    usable = np.ones(SHAPE, bool)
    usable[:, 30:42] = False
    edited = image.copy()
    edited[10:20, 10:20] = image[10:20, 32:42]
    for job in (Vary(SHAPE), Retarget((48, 60)), Paint(image[::-1].copy()), Edit(edited)):
        places = done(image, [job], usable=usable)[0].provenance.places
        own = (places == np.stack(np.indices(places.shape[:2]), -1)).all(-1)
        forbidden = ~usable[places[..., 0], places[..., 1]]
        assert not (forbidden & ~own if isinstance(job, Edit) else forbidden).any(), job.name


def test_places_are_in_the_pictures_that_were_joined():
    image = texture(SHAPE, grain=2.0)
    joined = Exemplar.join([unlabelled(image), unlabelled(texture((60, 50)))])
    model = METHOD.fit(joined, Config(), Run())
    for job in (Vary(SHAPE), Vary(SHAPE, 0.0), Retarget((48, 60)), Paint(image[::-1].copy()), Edit(image[:, ::-1])):
        rendering = next(model.perform([job], Run()))
        assert rendering.provenance.source_shape == joined.shape, job.name
        assert (rendering.provenance.apply_to(joined.image, tone=True) == rendering.image).all(), job.name


def test_settings_count():
    image = texture(SHAPE, grain=1.5)
    plain, other = (METHOD.fit(unlabelled(image), Config(patch=patch), Run()) for patch in (7, 5))
    one, two = (next(synthesizer.perform([Vary(SHAPE)], Run())).image for synthesizer in (plain, other))
    assert (one != two).any()

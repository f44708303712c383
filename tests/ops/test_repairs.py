"""Mending, harmonising, enlarging and moving, below the jobs."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from analogon.ops.enlarging import enlarged, resized
from analogon.ops.harmony import recoloured
from analogon.ops.mending import changed, origins
from analogon.ops.repainting import palette_of
from analogon.ops.stirring import stirred

from .scenes import ball, disc
from .textures import texture


def test_what_was_pasted_is_found_where_it_was_copied():
    source = texture((48, 60))
    edited = source.copy()
    edited[10:30, 5:25] = source[20:40, 33:53]
    mask = changed(source, edited)
    assert mask[10:30, 5:25].mean() > 0.95 and mask.mean() < 0.35
    places = origins(source, np.ones((48, 60), bool), edited, mask)
    inner = np.stack(np.indices((48, 60)), -1)[14:26, 9:21]
    assert (places[14:26, 9:21] - inner == (10, 28)).all()
    assert (places[~mask] == np.argwhere(~mask)).all()


def test_what_is_not_usable_is_never_where_something_was_copied():
    source = texture((48, 60))
    edited = source.copy()
    edited[10:30, 5:25] = source[20:40, 33:53]
    usable = np.ones((48, 60), bool)
    usable[:, 30:] = False
    mask = changed(source, edited)
    assert usable[tuple(origins(source, usable, edited, mask)[mask].T)].all()


def test_a_saved_copy_is_no_edit():
    source = texture((40, 40))
    assert not changed(source, np.clip(source + 0.01, 0, 1)).any()


def test_recolouring_goes_towards_what_is_around_and_keeps_the_order_of_light_and_dark():
    image = ball()
    image[disc()] = image[disc()] * (1, 0.4, 0.4)
    toned = recoloured(image, disc())
    around = ndi.binary_dilation(disc(), iterations=8) & ~disc()
    before, after = (np.abs(one[disc()].mean(0) - image[around].mean(0)).sum() for one in (image, toned))
    assert after < 0.8 * before
    assert np.corrcoef(image[disc()].sum(-1), toned[disc()].sum(-1))[0, 1] > 0.95
    assert (toned[~disc()] == image[~disc()]).all()


def test_colours_of_a_painting():
    painting = np.full((40, 40, 3), (0.2, 0.4, 0.8), np.float32)
    painting[20:] = (0.3, 0.6, 0.2)
    painting[5:10, 5:10] = (0.9, 0.1, 0.1)
    assert len(palette_of(painting)) == 3
    assert len(palette_of(painting[:4])) == 1


def stripes(shape: tuple[int, int]) -> np.ndarray:
    """Edges of all directions, with patterns that recur across sizes."""
    rows, cols = np.indices(shape) - np.array(shape)[:, None, None] / 2
    rings = np.where(np.hypot(rows, cols) // 7 % 2, 0.85, 0.15)
    return np.repeat(rings[..., None], 3, 2).astype(np.float32)


def test_enlarging_beats_cubic_interpolation():
    truth = ndi.gaussian_filter(stripes((96, 96)), (0.6, 0.6, 0))
    small = resized(truth, (48, 48))
    ours = enlarged(small, 2.0, lambda done, steps: None)
    cubic = np.clip(resized(small, (96, 96)), 0, 1)
    psnr = [-10 * np.log10(((one - truth) ** 2).mean()) for one in (cubic, ours)]
    assert ours.shape == (96, 96, 3) and psnr[1] > psnr[0] + 1
    steps = [np.abs(np.diff(one, axis=0)).max(-1).mean() for one in (cubic, ours)]
    assert steps[1] > 1.02 * steps[0]
    # and what is shrunk again is the picture
    assert np.abs(resized(ours, (48, 48)) - small).mean() < 0.01


@pytest.mark.parametrize("factor", [1.3, 3.0])
def test_enlarging_by_other_factors(factor):
    told = []
    large = enlarged(texture((20, 30)), factor, lambda done, steps: told.append((done, steps)))
    assert large.shape == (round(20 * factor), round(30 * factor), 3)
    assert told[-1] == (len(told), len(told)) and len(told) == (1 if factor < 2 else 2)


def test_a_loop_closes_and_moves_by_the_amount():
    image = texture((40, 56), grain=2.0)
    frames = list(stirred(image, 12, 0.6, 0))
    steps = [np.abs(one - other).mean() for one, other in zip(frames, frames[1:] + frames[:1], strict=True)]
    assert steps[-1] <= 1.2 * max(steps[:-1]) and min(steps) > 0
    still = list(stirred(image, 3, 0.0, 0))
    assert max(np.abs(frame - image).max() for frame in still) < 1e-4
    little = list(stirred(image, 12, 0.1, 0))
    assert np.abs(little[3] - image).mean() < np.abs(frames[3] - image).mean()
    assert np.abs(np.stack(list(stirred(image, 2, 0.6, 1))) - np.stack([frames[0], frames[6]])).max() > 0.05
    # mixing two copies does not make them dull
    assert min(np.abs(np.diff(frame, axis=0)).mean() for frame in frames) > 0.85 * np.abs(np.diff(image, axis=0)).mean()


def test_copies_that_are_mixed_keep_their_contrast():
    image = ball((96, 200))
    fine = [(one - ndi.gaussian_filter(one, (3, 3, 0)))[:, 90:].std() for one in (image, *stirred(image, 4, 1.0, 0))]
    assert min(fine[1:]) > 0.82 * fine[0]

"""Invented layouts: what is said of their source places is true."""

import numpy as np
import pytest

from analogon.methods.collage import invent as module
from analogon.methods.collage.invent import KNOWN, NONE, Inventor

from .scenes import BEAST, bands, comb, cut_off, elbow, plain, squares, strip, tiny

MAKERS = [elbow, comb, cut_off, squares, tiny, plain, bands, strip]


def inventor(ids: np.ndarray, seed: int = 0) -> Inventor:
    return Inventor(ids, np.random.default_rng(seed))


def inventions(ids: np.ndarray, count: int = 12):
    made = inventor(ids)
    return [made.invent(np.random.default_rng((7, n))) for n in range(count)]


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No strips, no blobs, nothing mirrored."""
    for name in ("STRIPS", "PAINTED", "MIRRORED"):
        monkeypatch.setattr(module, name, 0)
    return monkeypatch


@pytest.mark.parametrize("make", MAKERS)
def test_a_known_place_has_the_class_of_its_pixel(make):
    ids = make()
    known = 0
    for invention in inventions(ids):
        assert invention.ids.shape == invention.state.shape == ids.shape
        assert invention.places.shape == (*ids.shape, 2)
        assert invention.ids.dtype == np.uint16 and invention.places.dtype == np.float32
        assert np.isfinite(invention.places).all()
        assert set(np.unique(invention.ids)) <= set(np.unique(ids))
        assert set(np.unique(invention.state)) <= {0, KNOWN, NONE}
        is_known = invention.state == KNOWN
        places = invention.places[is_known]
        assert (places >= -0.5).all() and (places <= np.array(ids.shape) - 0.5).all()
        rows, cols = np.clip(np.rint(places), 0, np.array(ids.shape) - 1).astype(int).T
        assert (ids[rows, cols] == invention.ids[is_known]).all()
        known += is_known.mean()
    assert known / 12 > 0.3


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_draws_give_the_same_layout(make):
    first, second = inventor(make()), inventor(make())
    first.invent(np.random.default_rng(3))  # leaves nothing behind
    a, b = (one.invent(np.random.default_rng(5)) for one in (first, second))
    assert (a.ids == b.ids).all() and (a.places == b.places).all() and (a.state == b.state).all()
    others = [first.invent(np.random.default_rng(n)) for n in range(6, 12)]
    assert any((a.places != other.places).any() or (a.state != other.state).any() for other in others)


@pytest.mark.parametrize("make", MAKERS)
def test_the_source_stays_as_it_is(make):
    ids = make()
    ids.setflags(write=False)
    inventions(ids, 4)
    assert (ids == make()).all()


def test_objects_are_moved_doubled_and_left_out():
    whole = int((elbow() == BEAST).sum())
    areas = [int((one.ids == BEAST).sum()) for one in inventions(elbow(), 200)]
    assert min(areas) < 0.2 * whole and max(areas) > 1.4 * whole
    centres = [np.argwhere(one.ids == BEAST).mean(0) for one in inventions(elbow(), 20) if (one.ids == BEAST).any()]
    assert np.ptp(centres, axis=0).min() > 6


def test_what_an_object_hid_has_no_place(calm):
    """Beside a place for what could be seen of the ground."""
    for invention in inventions(elbow(), 20):
        bare = (elbow() == BEAST) & (invention.ids != BEAST)
        ground = (elbow() != BEAST) & (invention.ids != BEAST)
        places = np.rint(invention.places).astype(int)
        rows, cols = (np.clip(places[..., n], 0, elbow().shape[n] - 1) for n in (0, 1))
        hidden = elbow()[rows, cols] == BEAST
        assert (invention.state[bare & hidden] == NONE).all()
        assert (invention.state[ground & ~hidden] == KNOWN).mean() > 0.8


def test_limbs_turn_and_the_rest_does_not(calm):
    """By the slopes of the places inside objects: rotations of all sizes, no reflections."""
    angles, signs = [], []
    for invention in inventions(elbow(), 60):
        known = (invention.state == KNOWN) & (invention.ids == BEAST)
        inner = known[:-1, :-1] & known[1:, :-1] & known[:-1, 1:]
        down = (invention.places[1:, :-1] - invention.places[:-1, :-1])[inner]
        across = (invention.places[:-1, 1:] - invention.places[:-1, :-1])[inner]
        near = (np.abs(down).max(1) < 2) & (np.abs(across).max(1) < 2)  # not across a border of parts
        angles.append(np.arctan2(down[near, 1] - across[near, 0], down[near, 0] + across[near, 1]))
        signs.append(down[near, 0] * across[near, 1] - down[near, 1] * across[near, 0])
    angle, sign = np.abs(np.concatenate(angles)), np.concatenate(signs)
    assert (angle < 0.3).mean() > 0.5
    assert 0.03 < (angle > 0.5).mean() < 0.4
    assert (sign > 0).mean() > 0.99


def test_mirrored_objects_run_backwards(calm):
    calm.setattr(module, "MIRRORED", 1)
    calm.setattr(module, "WIDE", 0)
    for invention in inventions(elbow(), 10):
        beast = (invention.ids == BEAST) & (invention.state == KNOWN)
        both = beast[:, 1:] & beast[:, :-1]
        steps = np.diff(invention.places[..., 1], axis=1)[both]
        assert not len(steps) or np.median(steps) < -0.4


def test_a_landscape_stays_where_its_layout_does_not_show_a_bend(calm):
    """Across the frame, and far from where two classes meet."""
    grid = np.stack(np.indices(bands().shape), -1)
    bent = 0.0
    for invention in inventions(bands()):
        off = np.abs(invention.places - grid)
        for edge in (off[0, :, 0], off[-1, :, 0], off[:, 0, 1], off[:, -1, 1]):
            assert (edge == 0).all()
        bent = max(bent, off[20:28, 16:48].max())
        assert off[36:].max() < 0.1
    assert bent > 1


@pytest.mark.parametrize("name", ["STRIPS", "PAINTED", "MIRRORED"])
def test_what_landscapes_have_besides(calm, name):
    grid = np.stack(np.indices(bands().shape), -1)
    before = inventions(bands(), 8)
    calm.setattr(module, name, 1)
    after = inventions(bands(), 8)
    differ = [(a.ids != b.ids).any() or (a.places != b.places).any() for a, b in zip(before, after, strict=True)]
    assert sum(differ) >= (3 if name == "PAINTED" else 8)  # a blob of the class that is there is none
    for invention in after:
        slopes = np.diff(invention.places[..., 1], axis=1)
        if name == "MIRRORED":
            assert (slopes < 0).mean() > 0.99
        if name == "STRIPS":
            aside = (invention.places - grid)[..., 1]
            whole = (np.abs(aside - np.median(aside, 0)) < 1e-3).all(0) & (np.abs(np.median(aside, 0)) >= 1)
            assert whole.sum() >= 3
    if name == "PAINTED":
        blobs = [one.state == NONE for one in after]
        assert sum(blob.any() for blob in blobs) >= 3
        assert max(blob.mean() for blob in blobs) < 0.5


def test_one_class_is_not_bent(calm):
    grid = np.stack(np.indices(plain().shape), -1)
    for invention in inventions(plain()):
        assert (invention.places == grid).all() and (invention.state == KNOWN).all()


def test_what_the_frame_cut_off_stays_at_the_frame(calm):
    """An object that touches the lower edge touches it still; what is repeated behind the frame has no place."""
    touching = shown = 0
    for invention in inventions(cut_off(), 40):
        below = (invention.ids[-1] == 1).any()
        shown += (invention.ids[24:, 12:44] == 1).sum() > 80
        touching += below and (invention.ids[24:, 12:44] == 1).sum() > 80
    assert shown > 20 and touching == shown

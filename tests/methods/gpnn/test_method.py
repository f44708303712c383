"""GPNN through the public interface."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from tests.ops.textures import PAIR, disc, halves, pictured, plain, texture

import analogon
from analogon import Exemplar, LabelMap, ModelError, OptionError, Palette
from analogon.methods.gpnn import level
from analogon.methods.gpnn.config import RECIPES, Config
from analogon.methods.gpnn.method import METHOD
from analogon.ops import parallel
from analogon.run import Run

NAME = "gpnn"
SHAPE = (36, 48)


@pytest.fixture(scope="module")
def source() -> Exemplar:
    return pictured(disc(SHAPE, (15, 15, 8), (25, 36, 6)))


@pytest.fixture(scope="module")
def layout() -> LabelMap:
    return disc(SHAPE, (19, 22, 10), (8, 40, 5))


def made(source: Exemplar, layout: LabelMap, progress=None, **settings):
    return analogon.fit(source, NAME, **{"rounds": 3, **settings}).render(layout, progress=progress)


@pytest.mark.parametrize(
    ("field", "value"),
    [("label_weight", 0.0), ("label_weight", 5.0), ("alpha", 0.005), ("levels", 1), ("levels", 2), ("factor", 0.5),
     ("rounds", 1), ("patch", 5), ("noise", 0.2), ("leaves", 1), ("size_limit", 30)],
)  # fmt: skip
def test_a_field_changes_the_picture(source, layout, field, value):
    default, other = made(source, layout), made(source, layout, **{field: value})
    assert (default.image != other.image).any()
    assert other.config[field] == value


def test_every_field_is_tried():
    parameters = test_a_field_changes_the_picture.pytestmark[0].args[1]
    assert {field for field, _ in parameters} == set(Config.model_fields)


@pytest.mark.parametrize(
    "options",
    [{"label_weight": -1.0}, {"alpha": 0.0}, {"alpha": 101.0}, {"levels": 0}, {"factor": 1.0}, {"rounds": 0},
     {"patch": 4}, {"noise": -1.0}, {"leaves": 0}, {"size_limit": 8}], ids=str,
)  # fmt: skip
def test_values_out_of_range_are_refused(source, options, sentence):
    with pytest.raises(OptionError) as error:
        analogon.fit(source, NAME, **options)
    sentence(error.value, next(iter(options)))


def test_recipes_differ(source, layout):
    guided, editing = (made(source, layout, recipe=recipe).image for recipe in RECIPES)
    assert (guided != editing).any()


def covered(image: np.ndarray, source: np.ndarray, size: int = 7) -> float:
    """Share of the source's patches that are the nearest one of some patch of the picture."""
    views = [sliding_window_view(one.astype(float), (size, size), (0, 1)) for one in (image, source)]
    rows = [view.reshape(-1, 3 * size**2) for view in views]
    squares = (rows[0] ** 2).sum(1)[:, None] - 2 * rows[0] @ rows[1].T + (rows[1] ** 2).sum(1)
    return len(np.unique(squares.argmin(1))) / len(rows[1])


def test_a_small_alpha_covers_more_of_the_source():
    """A larger picture from so much noise that not every patch comes back by itself."""
    source = pictured(plain((30, 34)))
    shares = []
    for alpha in (0.005, 100.0):
        options = {"alpha": alpha, "noise": 1.0, "levels": 2, "leaves": 1000, "label_weight": 0.0}
        pictures = [made(source, plain((40, 40)), seed=seed, **options).image for seed in range(3)]
        shares.append(np.mean([covered(picture, source.image) for picture in pictures]))
    assert shares[0] > shares[1] + 0.03


def test_the_source_comes_back_for_its_own_layout(source):
    for recipe in RECIPES:
        assert np.abs(made(source, source.labels, recipe=recipe).image - source.image).max() < 0.02


def test_keys_are_as_blurred_as_the_guess_at_first():
    """So one round finds every patch of a picture whose fine detail is unlike what its blurred form is nearest to."""
    fine = np.random.default_rng(0).random((*SHAPE, 3)).astype(np.float32)
    source = Exemplar(fine, plain(SHAPE))
    image = made(source, source.labels, rounds=1, levels=2, leaves=1000).image
    assert np.abs(image - fine).max() < 0.02


def test_patches_whose_surroundings_stayed_need_no_search(source, layout, monkeypatch):
    options = {"leaves": 1000, "rounds": 6, "levels": 3}
    quick = made(source, layout, **options).image
    monkeypatch.setattr(level, "_within", lambda moved, size: np.ones_like(moved))
    assert np.abs(made(source, layout, **options).image - quick).mean() < 1e-5


def test_labels_are_followed_where_they_count(layout):
    """Colours that say little about the class."""
    labels = disc(SHAPE, (15, 15, 8), (25, 36, 6))
    inside = labels.ids == 2
    image = np.where(inside[..., None], texture(SHAPE, 0, mean=0.45), texture(SHAPE, 1, grain=2.0, mean=0.55))
    pictures = [made(Exemplar(image, labels), layout, label_weight=w).image for w in (0.0, 1.0)]
    sharper = [_fine(picture, layout.ids == 2) / _fine(picture, layout.ids == 4) for picture in pictures]
    assert sharper[1] > sharper[0]


def _fine(image: np.ndarray, where: np.ndarray) -> float:
    """Mean step between neighbours."""
    return float(np.abs(np.diff(image, axis=1)).mean(-1)[where[:, 1:]].mean())


def test_threads_do_not_change_the_picture(source, layout, monkeypatch):
    pictures = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        monkeypatch.setattr(parallel, "_pool", None)
        pictures.append(made(source, layout, seed=5, noise=0.1).image)
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] != made(source, layout, seed=6, noise=0.1).image).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 4), (16, 70), (70, 16)], ids=str)
def test_pictures_smaller_than_the_pyramid_needs(shape, source):
    small = pictured(plain(shape))
    assert made(small, plain((20, 23))).image.shape == (20, 23, 3)
    assert made(source, plain(shape)).image.shape == (*shape, 3)


def test_a_target_of_another_size(source):
    image = made(source, halves((30, 50))).image
    assert image[:15].mean() > image[15:].mean() + 0.2


def test_classes_that_only_the_targets_palette_has(source, layout):
    more = analogon.LabelClass(9, "moon", (1, 2, 3))
    wider = LabelMap(layout.ids, Palette((more, *PAIR.classes)))
    assert (made(source, wider).image == made(source, layout).image).all()


def test_what_a_render_tells(source, layout):
    events = []
    result = made(source, layout, events.append, levels=2, rounds=2)
    assert result.provenance is None
    assert list(result.timing) == ["carrying", "level 1/2", "level 2/2"]
    assert [(event.stage, event.step, event.steps) for event in events] == [
        ("level 1/2", 0, 1), ("level 2/2", 0, 2), ("level 2/2", 1, 2),
    ]  # fmt: skip


def test_a_render_can_be_cancelled_within_a_level(source, layout):
    def stop(event):
        if event.step == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(source, layout, stop)


def test_arrays_are_not_its_own(source, sentence):
    with pytest.raises(ModelError) as error:
        METHOD.restore(source, Config(), {"weights": np.zeros(3)}, Run())
    sentence(error.value, "GPNN")
    assert METHOD.restore(source, Config(), {}, Run()).arrays() == {}

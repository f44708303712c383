"""Image Analogies through the public interface."""

import numpy as np
import pytest
from tests.ops.textures import PAIR, disc, halves, pictured, plain

import analogon
from analogon import Exemplar, Guide, LabelMap, ModelError, OptionError, Palette
from analogon.methods.image_analogies.config import Config
from analogon.methods.image_analogies.method import METHOD
from analogon.ops import parallel
from analogon.run import Run

NAME = "image-analogies"
SHAPE = (48, 64)


@pytest.fixture(scope="module")
def source() -> Exemplar:
    return pictured(disc(SHAPE, (20, 20, 10), (34, 48, 8)))


@pytest.fixture(scope="module")
def layout() -> LabelMap:
    return disc(SHAPE, (26, 30, 13), (10, 54, 6))


def made(source: Exemplar, layout: LabelMap, **settings):
    wishes = {name: settings.pop(name) for name in ("guides", "progress") if name in settings}
    return analogon.fit(source, NAME, **settings).render(layout, **wishes)


def continued(places: np.ndarray) -> float:
    """Share of the pixels that come from beside where their left neighbour comes from."""
    return float((np.diff(places, axis=1) == (0, 1)).all(-1).mean())


@pytest.mark.parametrize(
    ("field", "value"),
    [("kappa", 0.0), ("kappa", 30.0), ("levels", 1), ("levels", 2), ("label_weight", 0.02), ("label_weight", 50.0),
     ("start", "carried"), ("leaves", 1)],
)  # fmt: skip
def test_a_field_changes_the_picture(source, layout, field, value):
    default, other = made(source, layout), made(source, layout, **{field: value})
    assert (default.image != other.image).any()
    assert other.config[field] == value


def test_every_field_is_tried():
    parameters = test_a_field_changes_the_picture.pytestmark[0].args[1]
    assert {field for field, _ in parameters} == set(Config.model_fields)


@pytest.mark.parametrize(
    "options", [{"kappa": -1.0}, {"levels": 0}, {"label_weight": 0.0}, {"start": "noise"}, {"leaves": 0}], ids=str
)
def test_values_out_of_range_are_refused(source, options, sentence):
    with pytest.raises(OptionError) as error:
        analogon.fit(source, NAME, **options)
    sentence(error.value, next(iter(options)))


def test_a_larger_kappa_gives_larger_pieces(source, layout):
    shares = [continued(made(source, layout, kappa=kappa).provenance.places) for kappa in (0.0, 2.0, 20.0)]
    assert shares[0] + 0.1 < shares[1] and shares[1] + 0.02 < shares[2]


def test_a_heavier_label_map_is_followed_more_closely(source, layout):
    right = [(made(source, layout, label_weight=w).labels.ids == layout.ids).mean() for w in (0.001, 1.0)]
    assert right[0] < right[1]
    assert right[1] > 0.97


def test_the_source_comes_back_for_its_own_layout(source):
    """Most of it: nothing but outlines says which of many like places is meant, and errors at the frame go on."""
    results = [made(source, source.labels, start=start) for start in ("classes", "carried")]
    kept = [result.provenance.kept() for result in results]
    assert min(kept) > 0.6
    assert all((result.labels.ids == source.labels.ids).mean() > 0.99 for result in results)


def test_a_layout_that_tells_every_place_brings_the_source_back():
    ids = np.random.default_rng(0).integers(0, 2, (24, 30))
    exemplar = Exemplar(pictured(plain((24, 30))).image, LabelMap(np.where(ids, 2, 4), PAIR))
    assert made(exemplar, exemplar.labels, levels=1).provenance.kept() > 0.95


def test_threads_do_not_change_the_picture(source, layout, monkeypatch):
    pictures = []
    for count in (1, 3):
        monkeypatch.setattr(parallel, "threads", lambda count=count: count)
        monkeypatch.setattr(parallel, "_pool", None)
        pictures.append(made(source, layout, seed=5).image)
    assert (pictures[0] == pictures[1]).all()
    assert (pictures[0] != made(source, layout, seed=6).image).any()


def test_a_guide_is_followed_as_far_as_it_weighs():
    """Bright places are asked for at the left."""
    bare, ramp = pictured(plain(SHAPE)), np.tile(np.linspace(1, 0, SHAPE[1], dtype=np.float32), (SHAPE[0], 1))
    steps = []
    for guides in ([], *([Guide("light", bare.image.mean(-1), ramp, weight)] for weight in (0.01, 5.0))):
        image = made(bare, plain(SHAPE), kappa=0.0, guides=guides).image
        steps.append(image[:, :16].mean() - image[:, -16:].mean())
    assert abs(steps[0]) < 0.1
    assert steps[2] > 0.3 and steps[2] > steps[1] + 0.02


def test_a_mask_reaches_no_pixel_at_any_level(source, layout):
    usable = np.ones(SHAPE, bool)
    usable[:, :10] = usable[::3] = False
    exemplar = Exemplar(source.image, source.labels, usable)
    places = made(exemplar, layout).provenance.places
    assert usable[places[..., 0], places[..., 1]].all()
    # what must not be used changes nothing either, but where it stands beside what may
    black = np.where(usable[..., None], source.image, 0)
    again = made(Exemplar(black, source.labels, usable), layout)
    assert again.image[layout.ids == 4].mean() > 0.5


def test_rare_classes_and_classes_of_a_few_pixels(source):
    ids = np.where(disc(SHAPE, (24, 30, 2)).ids == 2, 2, 4)
    result = made(source, LabelMap(ids, PAIR), label_weight=3.0)
    assert (result.labels.ids == ids).mean() > 0.98
    assert (result.labels.ids[ids == 2] == 2).mean() > 0.5


def test_classes_that_only_the_targets_palette_has(source, layout):
    more = analogon.LabelClass(9, "moon", (1, 2, 3))
    wider = LabelMap(layout.ids, Palette((more, *layout.palette.classes)))
    assert (made(source, wider).image == made(source, layout).image).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 4), (16, 70), (70, 16)], ids=str)
def test_pictures_smaller_than_the_pyramid_needs(shape, source):
    small = pictured(plain(shape))
    assert made(small, plain((20, 23))).image.shape == (20, 23, 3)
    assert made(source, plain(shape), start="carried").image.shape == (*shape, 3)


def test_what_a_render_tells(source, layout):
    events = []
    result = made(source, layout, levels=2, progress=events.append)
    assert list(result.timing) == ["reading", "level 1/2", "level 2/2"]
    assert [event.stage for event in events] == ["level 1/2"] * 2 + ["level 2/2"] * 3
    assert [event.step for event in events] == [0, 16, 0, 16, 32]


def test_a_render_can_be_cancelled_within_a_level(source, layout):
    def stop(event):
        if event.step == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(source, layout, progress=stop)


def test_arrays_are_not_its_own(source, sentence):
    with pytest.raises(ModelError) as error:
        METHOD.restore(source, Config(), {"weights": np.zeros(3)}, Run())
    sentence(error.value, "Image Analogies")
    assert METHOD.restore(source, Config(), {}, Run()).arrays() == {}


def test_a_target_of_another_size_and_layout(source):
    result = made(source, halves((30, 50)))
    assert (result.labels.ids == halves((30, 50)).ids).mean() > 0.95


def test_several_sources_and_a_guide_for_the_first(source, layout):
    """What only the second has is found there; the picture is carried from the first alone."""
    both = Exemplar.join([source, pictured(disc(SHAPE, (24, 32, 14)), seed=7)])
    guide = Guide("grey", source.image.mean(-1), np.full(layout.shape, 0.5, np.float32), 0.1)
    for start in ("classes", "carried"):
        places = made(both, layout, start=start, guides=[guide]).provenance.places
        assert both.usable[places[..., 0], places[..., 1]].all()
        assert (places[..., 1] < SHAPE[1]).any()
    assert (made(both, layout).provenance.places[..., 1] > SHAPE[1]).any()

"""Deep Image Analogy through the public interface: what it promises, and what each of its fields does."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

import analogon
from analogon import InputError, ModelError, OptionError
from analogon.features.vgg import BLOCKS
from analogon.methods.deep_image_analogy import method
from analogon.methods.deep_image_analogy.config import Config
from analogon.methods.deep_image_analogy.fields import exhaustive
from analogon.methods.deep_image_analogy.method import METHOD
from analogon.run import Run
from analogon.tone import carried

SHAPE = (48, 64)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """VGG-19 with random weights."""
    generator, tensors = torch.Generator().manual_seed(1), {}
    for n, i, o in (layer for block in BLOCKS for layer in block):
        tensors[f"features.{n}.weight"] = torch.randn(o, i, 3, 3, generator=generator) * (2 / (9 * i)) ** 0.5
        tensors[f"features.{n}.bias"] = torch.zeros(o)
    file = tmp_path_factory.mktemp("weights") / "vgg19.safetensors"
    save_file(tensors, file)
    return file


@pytest.fixture(scope="module")
def source(make_exemplar):
    return make_exemplar(SHAPE)


@pytest.fixture(scope="module")
def layout(make_target):
    return make_target(SHAPE)


def rendered(source, layout, **options):
    return analogon.fit(source, "deep-image-analogy", device="cpu", **options).render(layout)


@pytest.fixture(scope="module")
def default(source, layout):
    return rendered(source, layout).image


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("compare", "directions"),
        ("edit", "colours"),
        ("label_weight", 0.0),
        ("carried", False),
        ("blend", (0.9, 0.8, 0.7, 0.9)),
        ("blend", (0.1, 0.8, 0.7, 0.2)),
        ("patches", (3, 3, 3, 5, 7)),
        ("patches", (3, 3, 3, 3, 5)),
        ("exhaustive", 5),
        ("reach", (6, 6, 4, 4, 0)),
        ("rounds", 1),
        ("sweeps", 4),
        ("random_tries", 4),
        ("output", "mean"),
        ("size_limit", 40),
    ],
)
def test_a_field_changes_the_picture(source, layout, default, field, value):
    assert (rendered(source, layout, **{field: value}).image != default).any()


def test_features_change_the_picture(source, layout, default, weights):
    plain = {"compare": "directions", "rounds": 1, "sweeps": 1}
    options = {"features": f"vgg19:{weights}", **plain}
    assert (rendered(source, layout, **options).image != rendered(source, layout, **plain).image).any()


def test_every_field_is_tried():
    parameters = test_a_field_changes_the_picture.pytestmark[0].args[1]
    assert {field for field, _ in parameters} == set(Config.model_fields) - {"features"}


@pytest.mark.parametrize(
    "options",
    [
        {"patches": (3, 3, 3, 5, 4)},
        {"patches": (3, 3)},
        {"blend": (0.1, 0.2, 0.3, 1.2)},
        {"reach": (6, 6, 4, 4, -1)},
        {"exhaustive": 6},
        {"sweeps": 0},
        {"label_weight": -1.0},
    ],
)
def test_values_out_of_range_are_refused(source, options, sentence):
    with pytest.raises(ValidationError):
        Config(**options)
    with pytest.raises(OptionError) as error:
        analogon.fit(source, "deep-image-analogy", **options)
    sentence(error.value, next(iter(options)))


def test_features_that_do_not_exist_are_refused(source):
    with pytest.raises(OptionError, match="features 'resnet'"):
        analogon.fit(source, "deep-image-analogy", features="resnet")
    with pytest.raises(InputError, match=r"none\.safetensors"):
        analogon.fit(source, "deep-image-analogy", features="vgg19:none.safetensors")


@pytest.mark.parametrize("options", [{}, {"output": "mean"}, {"recipe": "published"}], ids=str)
def test_an_equal_layout_gives_nearly_the_source(source, options):
    picture = rendered(source, source.labels, **options).image
    assert (np.abs(picture - source.image).max(-1) < 1e-4).mean() > 0.98


def test_a_copy_says_where_it_comes_from_and_keeps_the_classes(source, layout):
    result = rendered(source, layout)
    assert (source.image[tuple(np.moveaxis(result.provenance.places, -1, 0))] == result.image).all()
    assert (result.labels.ids == layout.ids).mean() > 0.97
    assert rendered(source, layout, output="mean").provenance is None


def test_class_weights_are_what_makes_a_painted_layout_work(source, layout):
    agreed = {}
    for weight in (0.0, 8.0):
        result = rendered(source, layout, edit="colours", label_weight=weight, carried=False)
        agreed[weight] = np.abs(result.image - layout.colors() / 255).mean()
    assert agreed[8.0] < agreed[0.0] + 0.01
    assert agreed[8.0] < 0.1


def test_sizes_of_source_and_target_may_differ(source, make_target, weights):
    for shape in ((16, 90), (37, 21)):
        image = rendered(source, make_target(shape), features=f"vgg19:{weights}", rounds=1, sweeps=1).image
        assert image.shape == (*shape, 3)


@pytest.fixture
def compared(source, layout, monkeypatch):
    """What is compared at the second level in two rounds: maps of target and source, 11 features twice and classes."""

    def run(edit):
        seen = []

        def spied(ours, theirs, patch):
            seen.append((ours, theirs))
            return exhaustive(ours, theirs, patch)

        monkeypatch.setattr(method, "exhaustive", spied)
        rendered(source, layout, edit=edit, exhaustive=2, rounds=2)
        return seen[2:]

    return run


FIRST, SECOND = np.s_[..., :11], np.s_[..., 11:22]


def test_the_known_pictures_are_matched_with_what_is_made(compared):
    """A with B and A' with B': from round to round A and B' stay, B and A' are made anew. Colours are not torn."""
    (ours, theirs), (ours_again, theirs_again) = compared("colours")
    assert (ours[FIRST] == ours_again[FIRST]).all() and (theirs[SECOND] == theirs_again[SECOND]).all()
    assert (ours[SECOND] != ours_again[SECOND]).any() and (theirs[FIRST] != theirs_again[FIRST]).any()


def test_where_the_edit_is_torn_it_is_what_is_made(compared, source, layout):
    (ours, _), (again, _) = compared("carried")
    torn = carried(source, layout).torn.reshape(6, 8, 8, 8).mean((1, 3))
    assert torn.min() == 0 < torn.max()
    changed = (ours[FIRST] != again[FIRST]).any(-1)
    assert changed.any() and not changed[torn == 0].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (9, 12)], ids=str)
@pytest.mark.parametrize("output", ["copy", "mean"])
def test_targets_smaller_than_what_is_worked_at(source, shape, output):
    ids = np.where(np.arange(shape[1]) % 40 < 20, *source.labels.palette.ids[:2]) * np.ones((shape[0], 1), int)
    result = rendered(source, analogon.LabelMap(ids, source.labels.palette), output=output)
    assert result.image.shape == (*shape, 3)
    assert np.isfinite(result.image).all()


def test_any_sweep_can_be_the_last(source, layout):
    class StopError(Exception):
        pass

    events = []

    def stop(event):
        events.append(event)
        if len(events) == 7:
            raise StopError

    model = analogon.fit(source, "deep-image-analogy", device="cpu")
    with pytest.raises(StopError):
        model.render(layout, progress=stop)
    assert [event.step for event in events] == list(range(7))
    events.clear()
    model.render(layout, progress=events.append)
    assert events[-1].step == events[-1].steps == 30


def test_arrays_are_not_its_own(source, sentence):
    with pytest.raises(ModelError) as error:
        METHOD.restore(source, Config(), {"weights": np.zeros(3)}, Run())
    sentence(error.value, "deep-image-analogy")

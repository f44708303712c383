"""Every field of the configuration changes some picture."""

import numpy as np
import pytest
from pydantic import ValidationError

import analogon
from analogon import Exemplar, LabelClass, LabelMap, OptionError, Palette
from analogon.methods.patch.config import RECIPES, Config
from analogon.ops import arrange

PALETTE = Palette((LabelClass(0, "sky", (40, 90, 160)), LabelClass(7, "ball", (240, 200, 30))))
SHAPE = (48, 64)


def balls(*discs: tuple[float, float, float]) -> LabelMap:
    rows, cols = np.indices(SHAPE)
    inside = [(rows - row) ** 2 + (cols - col) ** 2 <= radius**2 for row, col, radius in discs]
    return LabelMap(np.where(np.any(inside, 0), 7, 0), PALETTE)


@pytest.fixture(scope="module")
def source() -> Exemplar:
    """A sky that grows brighter, with some noise; balls with more of it."""
    labels = balls((16, 20, 9), (36, 46, 8))
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (*SHAPE, 3)) + rng.normal(0, 1, (12, 16, 3)).repeat(4, 0).repeat(4, 1)
    ball = (labels.ids == 7)[..., None]
    sky = 0.5 + 0.004 * np.indices(SHAPE)[1][..., None] + 0.004 * noise
    return Exemplar(np.clip(np.where(ball, 0.3 + 0.08 * noise, sky), 0, 1).astype(np.float32), labels)


@pytest.fixture(scope="module")
def target() -> LabelMap:
    return balls((22, 24, 12), (38, 50, 6), (8, 52, 5))


@pytest.fixture(autouse=True)
def pyramid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three levels."""
    monkeypatch.setattr(arrange, "GRID", 16)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", "carried"),
        ("things", ("sky",)),
        ("stuff", ("ball",)),
        ("mirror", True),
        ("patch", 3),
        ("patch", 5),
        ("patch", 9),
        ("rounds", (0,)),
        ("rounds", (12, 6, 1)),
        ("leaps", 0),
        ("leaps", 1),
        ("leaps", 3),
        ("reluctance", (3.0, 1.5)),
        ("reluctance", (1.0, 10.0)),
        ("uniformity", 0.0),
        ("class_weight", (1.0, 300000.0)),
        ("class_weight", (40000.0, 1.0)),
        ("depth_weight", 30000.0),
        ("position_weight", 1.0),
        ("random_tries", 4),
        ("tone", False),
    ],
)
def test_a_field_changes_the_picture(source, target, field, value):
    default, other = (
        analogon.fit(source, "patch", **options).render(target, keep="none") for options in ({}, {field: value})
    )
    assert (default.image != other.image).any()
    if field == "tone":
        assert (default.provenance.places == other.provenance.places).all()
    assert other.config[field] == (list(value) if isinstance(value, tuple) else value)


def test_every_field_is_tried():
    parameters = test_a_field_changes_the_picture.pytestmark[0].args[1]
    elsewhere = {"reflections"}  # tests/ops/test_reflections.py has a lake
    assert {field for field, _ in parameters} | elsewhere == set(Config.model_fields)


def test_a_mirrored_object_is_a_mirror_image_if_that_may_be_copied(source):
    layout = LabelMap(source.labels.ids[:, ::-1], source.labels.palette)
    result = analogon.fit(source, "patch", mirror=True).render(layout, keep="none")
    steps = np.diff(result.provenance.places[..., 1], axis=1)
    assert (steps == -1).mean() > 0.5
    assert (result.apply_to(source.image, tone=True) == result.image).all()


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_render(source, target, recipe):
    result = analogon.fit(source, "patch", recipe=recipe).render(target, keep="none")
    assert (result.labels.ids == target.ids).mean() > 0.9
    default = analogon.fit(source, "patch").render(target, keep="none")
    assert (result.image == default.image).all() == (recipe == "default")


@pytest.mark.parametrize(
    "options",
    [
        {"patch": 4},
        {"rounds": ()},
        {"rounds": (-1,)},
        {"reluctance": (0.1,)},
        {"class_weight": (0.0, 1.0)},
        {"random_tries": 13},
        {"leaps": 4},
        {"uniformity": -1.0},
        {"depth_weight": 1e6},
        {"position_weight": -1.0},
    ],
)
def test_values_out_of_range_are_refused(source, options, sentence):
    with pytest.raises(ValidationError):
        Config(**options)
    with pytest.raises(OptionError) as error:
        analogon.fit(source, "patch", **options)
    sentence(error.value, next(iter(options)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"things": ("moon",)}, ["'moon'", "things", "sky, ball"]),
        ({"stuff": ("moon",)}, ["'moon'", "stuff", "sky, ball"]),
        ({"things": ("ball",), "stuff": ("ball",)}, ["'ball'", "things and stuff"]),
    ],
)
def test_classes_must_exist_and_be_one_of_both(source, options, words, sentence):
    with pytest.raises(OptionError) as error:
        analogon.fit(source, "patch", **options)
    sentence(error.value, *words)

"""GPDM through the public interface: what it promises, and that every field of its configuration changes a picture."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import analogon
from analogon import ModelError, OptionError
from analogon.methods.gpdm.config import Config
from analogon.methods.gpdm.level import Level, to_tensor
from analogon.methods.gpdm.method import METHOD, scales_of
from analogon.run import Run

SHAPE = (30, 40)
BASE = {"coarsest": 16, "iterations": (6, 4), "filters": 12}


@pytest.fixture(scope="module")
def source(make_exemplar):
    return make_exemplar(SHAPE)


@pytest.fixture(scope="module")
def layout(make_target):
    return make_target(SHAPE)


def rendered(source, layout, **options):
    return analogon.fit(source, "gpdm", device="cpu", **{**BASE, **options}).render(layout).image


@pytest.fixture(scope="module")
def default(source, layout):
    return rendered(source, layout)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("classes", False),
        ("detail", False),
        ("moving", "all"),
        ("noise", 0.1),
        ("size_limit", 24),
        ("coarsest", 24),
        ("factor", 0.6),
        ("patch", 5),
        ("filters", 13),
        ("samples", 200),
        ("iterations", (6, 5)),
        ("iterations", (5, 4)),
        ("rate", 0.02),
        ("last_rate", 1.0),
        ("distance", "squared"),
    ],
)
def test_a_field_changes_the_picture(source, layout, default, field, value):
    assert (rendered(source, layout, **{field: value}) != default).any()


def test_every_field_is_tried():
    parameters = test_a_field_changes_the_picture.pytestmark[0].args[1]
    assert {field for field, _ in parameters} == set(Config.model_fields)


@pytest.mark.parametrize(
    "options",
    [
        {"patch": 4},
        {"factor": 1.0},
        {"iterations": ()},
        {"iterations": -1},
        {"rate": 0.0},
        {"samples": 5},
        {"moving": 1},
    ],
)
def test_values_out_of_range_are_refused(source, options, sentence):
    with pytest.raises(ValidationError):
        Config(**options)
    with pytest.raises(OptionError) as error:
        analogon.fit(source, "gpdm", **options)
    sentence(error.value, next(iter(options)))


def test_an_equal_layout_gives_the_source(source):
    for moving in ("torn", "all"):
        picture = rendered(source, source.labels, moving=moving)
        assert np.abs(picture - source.image).max() < 1e-4


def test_what_was_not_edited_stays_unless_all_moves(source, layout, default):
    below = np.s_[-2:]
    assert (source.labels.ids[-7:] == layout.ids[-7:]).all()
    assert np.abs(default[below] - source.image[below]).max() < 1e-5
    assert np.abs(rendered(source, layout, moving="all")[below] - source.image[below]).max() > 0.01


@pytest.mark.parametrize("classes", [True, False])
def test_steps_bring_the_patches_nearer(source, layout, classes):
    config = Config(classes=classes, filters=32, rate=0.03)
    level = Level(source, layout.indices(), config, torch.device("cpu"))
    assert level.stride == 1
    image = torch.rand(1, 3, *SHAPE, generator=torch.Generator().manual_seed(1)) * 2 - 1

    def distance(image):
        return float(level.distance(image, torch.Generator().manual_seed(2)))

    steps = []
    moved = level.matched(
        image, torch.ones(1, 1, *SHAPE), 60, torch.Generator().manual_seed(3), lambda: steps.append(1)
    )
    assert len(steps) == 60
    assert distance(moved) < 0.6 * distance(image)
    assert moved.abs().max() <= 1


def test_classes_keep_their_colours(source, layout):
    """From noise, with nothing to start from: a ball is yellow only where patches are compared by class."""
    away = {}
    for classes in (True, False):
        level = Level(source, layout.indices(), Config(classes=classes, filters=32, rate=0.05), torch.device("cpu"))
        draws = torch.Generator().manual_seed(0)
        image = torch.randn(1, 3, *SHAPE, generator=draws) * 0.1
        made = level.matched(image, torch.ones(1, 1, *SHAPE), 80, draws, lambda: None)[0].permute(1, 2, 0).numpy()
        wanted = layout.colors() / 127.5 - 1
        away[classes] = np.abs(made - wanted)[6:-6, 6:-6].mean()
    assert away[True] < 0.6 * away[False]


def test_the_raster_thins_out_patches_and_is_one_for_both(source, layout):
    level = Level(source, layout.indices(), Config(samples=100), torch.device("cpu"))
    assert level.stride == 4
    same = Level(source, source.labels.indices(), Config(samples=100), torch.device("cpu"))
    for seed in range(8):
        assert same.distance(to_tensor(source.image, same.device), torch.Generator().manual_seed(seed)) == 0


def test_sizes_of_levels():
    scales = scales_of((380, 572), (380, 572), Config())
    assert scales[-1] == 1 and np.allclose(np.diff(np.log(scales)), -np.log(0.85))
    assert 21 <= 380 * scales[0] < 21 / 0.85
    assert scales_of((18, 30), (18, 30), Config()) == [1]
    assert scales_of((400, 600), (100, 200), Config(size_limit=300))[-1] == pytest.approx(0.5)


def test_any_step_can_be_the_last(source, layout):
    class StopError(Exception):
        pass

    events = []

    def stop(event):
        events.append(event)
        if event.step == 5:
            raise StopError

    model = analogon.fit(source, "gpdm", device="cpu", **BASE)
    with pytest.raises(StopError):
        model.render(layout, progress=stop)
    assert [event.step for event in events] == [1, 2, 3, 4, 5]
    assert events[0].steps == 6 + 4 * (len(scales_of(SHAPE, SHAPE, Config(**BASE))) - 1)
    events.clear()
    model.render(layout, progress=events.append)
    assert events[-1].step == events[-1].steps


def test_arrays_are_not_its_own(source, sentence):
    with pytest.raises(ModelError) as error:
        METHOD.restore(source, Config(), {"weights": np.zeros(3)}, Run())
    sentence(error.value, "gpdm")

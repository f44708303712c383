"""GPDM through the public interface: what it promises, and that every field of its configuration changes a picture."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import analogon
from analogon import ModelError, OptionError
from analogon.methods.gpdm.config import Config
from analogon.methods.gpdm.level import Crude, Level, to_tensor
from analogon.methods.gpdm.method import METHOD, scales_of
from analogon.run import Run
from analogon.tone import carried

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
        ("origins", False),
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


def crude_of(source, layout, free=True):
    """A start in which every pixel stands where it stood, and may move or not."""
    places = np.stack(np.indices(layout.shape), -1)
    return Crude(source.image, layout.indices(), np.full(layout.shape, free), places, np.zeros_like(source.image))


@pytest.mark.parametrize("classes", [True, False])
def test_steps_bring_the_patches_nearer(source, layout, classes):
    config = Config(classes=classes, origins=False, filters=32, rate=0.03)
    level = Level(source, crude_of(source, layout), config, torch.device("cpu"))
    assert level.stride == 1
    image = torch.rand(1, 3, *SHAPE, generator=torch.Generator().manual_seed(1)) * 2 - 1

    def distance(image):
        return float(level.distance(image, torch.Generator().manual_seed(2)))

    steps = []
    moved = level.matched(image, 60, torch.Generator().manual_seed(3), lambda: steps.append(1))
    assert len(steps) == 60
    assert distance(moved) < 0.6 * distance(image)
    assert moved.abs().max() <= 1


def test_classes_keep_their_colours(source, layout):
    """From noise, with nothing to start from: a ball is yellow only where patches are compared by class."""
    away = {}
    for classes in (True, False):
        config = Config(classes=classes, origins=False, filters=32, rate=0.05)
        level = Level(source, crude_of(source, layout), config, torch.device("cpu"))
        draws = torch.Generator().manual_seed(0)
        image = torch.randn(1, 3, *SHAPE, generator=draws) * 0.1
        made = level.matched(image, 80, draws, lambda: None)[0].permute(1, 2, 0).numpy()
        wanted = layout.colors() / 127.5 - 1
        away[classes] = np.abs(made - wanted)[6:-6, 6:-6].mean()
    assert away[True] < 0.6 * away[False]


@pytest.mark.parametrize("origins", [True, False])
def test_the_raster_thins_out_patches_and_is_one_for_both(source, layout, origins):
    level = Level(source, crude_of(source, layout), Config(samples=100, origins=origins), torch.device("cpu"))
    assert level.stride == 4
    same = Level(source, crude_of(source, source.labels), level.config, torch.device("cpu"))
    for seed in range(8):
        assert same.distance(to_tensor(source.image, same.device), torch.Generator().manual_seed(seed)) == 0


def test_patches_that_move_are_compared_with_what_was_taken_to_their_places(source):
    """Pieces of the picture three rows and eight columns from where they were, and brighter."""
    places = np.clip(np.stack(np.indices(SHAPE), -1) + np.array((3, 8)), 0, np.array(SHAPE) - 1)
    taken, shift = source.image[places[..., 0], places[..., 1]], np.full((*SHAPE, 3), 0.1, np.float32)
    free = np.zeros(SHAPE, bool)
    free[8:-10, 8:-16] = True  # away from where places repeat
    indices = source.labels.indices()[places[..., 0], places[..., 1]]
    level = Level(source, Crude(taken, indices, free, places, shift), Config(), torch.device("cpu"))

    def distance(image):
        return float(level.distance(to_tensor(image, level.device), torch.Generator().manual_seed(0)))

    assert distance(taken + shift) < 1e-5
    assert distance(taken) > 0.05
    elsewhere = taken + shift
    elsewhere[-4:] = 0.5
    assert distance(elsewhere) < 1e-5  # what does not move is not asked


def test_origins_are_the_nearest_of_the_raster(source):
    """Every fourth row and column is compared, and places lie three rows on."""
    places = np.stack(np.indices(SHAPE), -1) + np.array((3, 0))
    crude = Crude(source.image, source.labels.indices(), np.ones(SHAPE, bool), places, np.zeros_like(source.image))
    level = Level(source, crude, Config(samples=100), torch.device("cpu"))
    moving, origins, _ = level._origins((1, 2), (6, 8))
    assert moving.shape == (6, 8) and moving.all()
    assert (origins.numpy().reshape(6, 8)[:5] == np.arange(8, 48).reshape(5, 8)).all()


def test_patches_over_a_pixel_that_moves_are_compared(source):
    crude = crude_of(source, source.labels, free=False)
    crude.free[15, 20] = True
    moving, *_ = Level(source, crude, Config(patch=5), torch.device("cpu"))._origins((0, 0), (26, 36))
    assert moving.sum() == 5 * 5 and moving[11:16, 16:21].all()


def test_a_place_laid_bare_does_not_make_up_for_what_was_covered():
    """A tower goes from the dark side of a sky to its bright one: there is less of the bright sky, and no halo."""
    sky, tower = analogon.LabelClass(0, "sky", (0, 0, 200)), analogon.LabelClass(1, "tower", (90, 60, 0))
    rows, columns = np.indices((32, 60))
    before, after = (
        ((columns >= left) & (columns < left + width)).astype(np.int64) for left, width in ((10, 8), (36, 24))
    )
    colours = np.where(columns < 32, 0.2, 0.9) + 0.02 * ((rows + columns) % 2)
    image = np.where(before, 0.5, colours).astype(np.float32)[..., None].repeat(3, -1)
    source = analogon.Exemplar(image, analogon.LabelMap(before, analogon.Palette((sky, tower))))
    places = np.stack([rows, np.where(before, columns + 10, np.where(after, columns % 8 + 10, columns))], -1)
    start = image[places[..., 0], places[..., 1]]
    crude = Crude(start, after, before.astype(bool), places, np.zeros_like(start))
    bright = {}
    for origins in (True, False):
        level = Level(source, crude, Config(origins=origins, rate=0.05), torch.device("cpu"))
        made = level.matched(to_tensor(start, level.device), 60, torch.Generator().manual_seed(0), lambda: None)
        bright[origins] = float((made[0, :, :, 10:18] > 0).float().mean())
    assert bright[True] < 0.02
    assert bright[False] > 0.1


def test_what_is_torn_everywhere_moves_too(source):
    """A class of one pixel fills the target: a copy of that pixel everywhere, and no piece that is whole."""
    ids = np.array(source.labels.ids)
    single = ids.max() + 1
    ids[3, 4] = single
    palette = analogon.Palette((*source.labels.palette.classes, analogon.LabelClass(int(single), "dot", (9, 9, 9))))
    exemplar = analogon.Exemplar(source.image, analogon.LabelMap(ids, palette))
    target = analogon.LabelMap(np.full(SHAPE, single), palette)
    assert carried(exemplar, target).torn.all()
    image = rendered(exemplar, target, noise=0.5)
    assert image.std(axis=(0, 1)).max() > 0.01


def test_seams_may_be_everywhere_at_a_coarse_level(source):
    """A checkerboard with one larger field: no pixel of a coarse level is without a seam."""
    classes = source.labels.palette.ids
    ids = np.where(np.indices((64, 64)).sum(0) // 2 % 2, classes[0], classes[1])
    ids[:6, :6] = classes[0]
    target = analogon.LabelMap(ids, source.labels.palette)
    assert 0.99 < carried(source, target).torn.mean() < 1
    assert np.isfinite(rendered(source, target)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (9, 12), (40, 1)], ids=str)
@pytest.mark.parametrize("recipe", ["guided", "published"])
def test_targets_smaller_than_what_is_worked_at(source, shape, recipe):
    classes = source.labels.palette.ids
    ids = np.where(np.arange(shape[1]) % 40 < 20, classes[0], classes[1]) * np.ones((shape[0], 1), int)
    image = rendered(source, analogon.LabelMap(ids, source.labels.palette), recipe=recipe)
    assert image.shape == (*shape, 3)
    assert np.isfinite(image).all() and 0 <= image.min() <= image.max() <= 1


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

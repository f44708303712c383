"""The collage method through the public interface, and on its own."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import analogon
from analogon import LabelMap, Model, ModelError, OptionError
from analogon.cli import main
from analogon.methods.collage import advice, method
from analogon.methods.collage.advice import Keeper
from analogon.methods.collage.config import RECIPES, Config
from analogon.methods.collage.draft import Draft
from analogon.methods.collage.method import METHOD, Collager
from analogon.ops import arrange
from analogon.ops.engine import class_places
from analogon.rendering import Wishes
from analogon.run import Run

from .scenes import BEAST, SHAPE, bent, elbow, exemplar_of, labelled

SETTINGS = {"device": "cpu", "batch": 2, "asked": 160, "learning_rate": 0.004}
STEPS = 70


@pytest.fixture(autouse=True, scope="module")
def grid():
    """Cells of four pixels, and a network that is always heard: of so few cells all are near one another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrange, "GRID", 16)
        patch.setattr(advice, "AGREED", 2.0)
        yield


@pytest.fixture(scope="module")
def source():
    return exemplar_of(elbow())


@pytest.fixture(scope="module")
def model(source):
    """Trained on the elbow for some seconds."""
    return analogon.fit(source, "collage", steps=STEPS, **SETTINGS)


@pytest.fixture(scope="module")
def poses():
    """The elbow bent, and where its pixels came from."""
    made = [bent(angle) for angle in (0.4, -0.5, 0.7)]
    return [(labelled(ids), places) for ids, places in made]


@pytest.fixture
def target(poses):
    return poses[1][0]


def fit(given, **options):
    return analogon.fit(given, "collage", **{"steps": 3, **SETTINGS, **options})


def changed(model, **options) -> Collager:
    """The trained synthesizer with other options of rendering."""
    synthesizer = model._synthesizer
    config = synthesizer.config.model_copy(update=options)
    return METHOD.restore(synthesizer.exemplar, config, synthesizer.arrays(), Run())


def untrained(source) -> Model:
    return fit(source, steps=1, learning_rate=1e-9)


def error_of(synthesizer, poses) -> float:
    """Mean distance in pixels of an object's source places from the true ones."""
    errors = []
    for labels, places in poses:
        result = synthesizer.render(labels, Run(), Wishes(keep="none"))
        errors.append(np.linalg.norm((result.provenance.places - places)[labels.ids == 4], axis=-1).mean())
    return float(np.mean(errors))


def test_training_finds_where_a_bent_limb_came_from(source, model, poses):
    for trust, share in ((Config().trust, 0.9), (3.0, 0.6)):
        errors = [error_of(changed(one, trust=trust), poses) for one in (untrained(source), model)]
        assert errors[1] < share * errors[0]


def test_the_network_itself_knows_where_a_bent_limb_came_from(source, model, poses):
    """By the likeliest cell of each cell."""
    errors = []
    for one in (untrained(source), model):
        ids, _ = class_places(source, source.labels)
        kept = Keeper(one._synthesizer.network, source, ids, torch.device("cpu"))
        for labels, places in poses:
            _, source_grid, found = kept.beliefs(class_places(source, labels)[1], 4)
            belief = found[BEAST]
            likeliest = np.stack(np.divmod(belief.theirs[belief.best[:, 0]], source_grid[1]), -1)
            true = places[2::4, 2::4].reshape(-1, 2)[belief.ours]
            errors.append(np.linalg.norm(likeliest * 4 + 2 - true, axis=1).mean())
    assert np.mean(errors[3:]) < 0.4 * np.mean(errors[:3])
    assert np.mean(errors[3:]) < 4  # a cell


def test_a_saved_model_renders_the_same(model, target, tmp_path):
    model.save(tmp_path / "model")
    loaded = analogon.load(tmp_path / "model", device="cpu")
    for wishes in ({}, {"polish": False}, {"keep": "none", "preview": True}):
        first, second = (one.render(target, **wishes) for one in (model, loaded))
        assert (first.image == second.image).all()
        assert (first.provenance.places == second.provenance.places).all()
    theirs = loaded._synthesizer.arrays()
    assert all((value == theirs[key]).all() for key, value in model._synthesizer.arrays().items())
    assert loaded.config == model.config


def test_fits_and_renders_are_repeated_to_the_bit(source, target):
    first, second = (fit(source, seed=2) for _ in range(2))
    theirs = second._synthesizer.arrays()
    assert all((value == theirs[key]).all() for key, value in first._synthesizer.arrays().items())
    assert (first.render(target).image == second.render(target).image).all()
    other = fit(source, seed=3)._synthesizer.arrays()
    assert any((value != other[key]).any() for key, value in theirs.items())


def test_renders_do_not_change_the_model(model, target):
    first = model.render(target, polish=False).image
    other = np.zeros((30, 41), np.uint16)
    other[4:26, 10:19] = BEAST
    model.render(labelled(other), preview=True)
    model.render(labelled(elbow(2, 2)))
    assert (model.render(target, polish=False).image == first).all()


@pytest.mark.parametrize("polish", [True, False])
def test_a_picture_is_made_of_pixels_of_the_source(model, source, target, polish):
    result = model.render(target, polish=polish, keep="none")
    assert result.image.shape == (*SHAPE, 3) and result.image.dtype == np.float32
    assert np.isfinite(result.image).all() and result.image.min() >= 0 and result.image.max() <= 1
    assert (result.apply_to(source.image, tone=True) == result.image).all()
    assert (result.labels.ids == target.ids).mean() > 0.97


def test_polish_is_the_default_and_changes_the_picture(model, target):
    default, polished, one_pass = (model.render(target, keep="none", polish=p) for p in (None, True, False))
    assert (default.image == polished.image).all()
    assert (polished.provenance.places != one_pass.provenance.places).any()
    assert any(stage.startswith("polishing: level") for stage in polished.timing)
    assert not any("level" in stage for stage in one_pass.timing)


def test_a_preview_is_one_pass(model, target):
    assert (model.render(target, preview=True).image == model.render(target, polish=False).image).all()


def test_what_is_kept_stays(model, source, target):
    mask = np.zeros(SHAPE, bool)
    mask[:, :30] = True
    for polish in (True, False):
        result = model.render(target, keep=mask, polish=polish)
        assert (result.image[mask] == source.image[mask]).all()
        assert (result.image != model.render(target, keep="none", polish=polish).image).any()


def test_the_sources_own_layout_gives_the_source(model, source):
    result = model.render(source.labels)
    assert (result.image == source.image).all()


def test_what_is_masked_is_not_used(source, target):
    usable = np.ones(SHAPE, bool)
    usable[:, 40:] = False
    usable[10:14, 24:27] = False
    masked = exemplar_of(elbow(), usable)
    fitted = fit(masked)
    for polish in (True, False):
        places = fitted.render(target, keep="none", polish=polish).provenance.places
        assert usable[places[..., 0], places[..., 1]].all()


def test_a_mask_that_leaves_no_whole_cell(target):
    usable = np.ones(SHAPE, bool)
    usable[::4, ::4] = False
    result = fit(exemplar_of(elbow(), usable)).render(target, polish=False)
    places = result.provenance.places
    assert np.isfinite(result.image).all() and usable[places[..., 0], places[..., 1]].all()


def test_of_joined_pictures_a_class_is_taken_from_where_it_is(source, target):
    """Here it is in the second one alone; what lies between them is not used."""
    bare = exemplar_of(np.zeros(SHAPE, np.uint16))
    joined = analogon.Exemplar.join([bare, source])
    for polish in (True, False):
        places = fit(joined).render(target, keep="none", polish=polish).provenance.places
        assert joined.usable[places[..., 0], places[..., 1]].all()
        assert (places[target.ids == 4][:, 1] >= SHAPE[1]).mean() > 0.99  # a pixel on the border may be either's


@pytest.mark.parametrize("shape", [(16, 16), (35, 21), (20, 90)], ids=str)
def test_targets_of_other_sizes(model, shape):
    ids = np.zeros(shape, np.uint16)
    ids[4:13, 5:12] = BEAST
    image = model.render(labelled(ids), polish=False).image
    assert image.shape == (*shape, 3) and np.isfinite(image).all()


@pytest.mark.parametrize("shape", [(16, 16), (90, 20), (33, 47)], ids=str)
def test_sources_of_other_sizes(shape, target):
    ids = np.zeros(shape, np.uint16)
    ids[4:13, 5:12] = BEAST
    result = fit(exemplar_of(ids), steps=1).render(target, polish=False)
    assert result.provenance.source_shape == shape and np.isfinite(result.image).all()


@pytest.mark.parametrize("field", ["trust", "turns"])
def test_an_option_of_rendering_changes_the_picture(model, target, field):
    options = {"trust": 5.0, "turns": 60}
    image, other = (
        changed(model, **some).render(target, Run(), Wishes(keep="none")).image
        for some in (options, options | {field: 0})
    )
    assert (image != other).any()


@pytest.mark.parametrize(
    ("field", "value"), [("steps", 4), ("size_limit", 32), ("batch", 3), ("asked", 50), ("learning_rate", 0.001)]
)
def test_an_option_of_training_changes_the_weights(source, field, value):
    default, other = (fit(source, **options)._synthesizer.arrays() for options in ({}, {field: value}))
    assert any((default[key] != other[key]).any() for key in default)


def test_every_field_is_tried():
    tried = {"trust", "turns", *(p[0] for p in test_an_option_of_training_changes_the_weights.pytestmark[0].args[1])}
    assert tried == set(Config.model_fields)
    assert list(RECIPES) == ["default"]


def test_values_out_of_range_are_refused(source, sentence):
    for field, value in (("steps", 0), ("batch", 0), ("asked", 3), ("trust", -1), ("turns", 501), ("learning_rate", 0)):
        with pytest.raises(OptionError) as error:
            fit(source, **{field: value})
        sentence(error.value, field)


def test_arrays_of_other_classes_are_refused(model, sentence):
    arrays = model._synthesizer.arrays()
    more = analogon.Palette((*model.exemplar.labels.palette.classes, analogon.LabelClass(1, "moon", (0, 0, 0))))
    other = analogon.Exemplar(model.exemplar.image, analogon.LabelMap(model.exemplar.labels.ids, more))
    for wrong in (other, model.exemplar):
        given = arrays if wrong is other else {"weights": np.zeros(3, np.float32)}
        with pytest.raises(ModelError) as error:
            METHOD.restore(wrong, Config(), given, Run())
        sentence(error.value, "collage")


def test_a_broken_fit_resumed_gives_the_model_of_an_unbroken_one(source, target, tmp_path, eager):
    class BrokenError(Exception):
        pass

    def stop(event):
        if event.stage == "training" and event.step == 2:
            raise BrokenError

    settings = {"steps": 4, "previews": [target]}
    with pytest.raises(BrokenError):
        fit(source, folder=tmp_path, progress=stop, **settings)
    resumed = fit(source, folder=tmp_path, resume=True, **settings)
    whole = fit(source, **settings)
    theirs = resumed._synthesizer.arrays()
    assert all((value == theirs[key]).all() for key, value in whole._synthesizer.arrays().items())
    previews = sorted((tmp_path / "previews").iterdir())
    assert [path.name for path in previews] == [f"{n:06d}-1.png" for n in (1, 2, 3)]
    assert analogon.read_image(previews[-1]).shape == (*SHAPE, 3)


def test_a_time_budget_is_as_good_as_its_steps(source):
    """Steps that were timed are taken back."""
    timed, counted = fit(source, steps=5, minutes=10), fit(source, steps=5)
    assert timed.config["steps"] == 5
    theirs = counted._synthesizer.arrays()
    assert all((value == theirs[key]).all() for key, value in timed._synthesizer.arrays().items())


def test_training_leaves_torch_as_it_was(source):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    fit(source, steps=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_is_made_on_the_command_line(source, target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    analogon.write_image("picture.png", source.image)
    analogon.write_labels("labels.png", source.labels)
    analogon.write_labels("target.png", target)
    options = (
        "--method",
        "collage",
        "--steps",
        "2",
        "--set",
        "batch=1",
        "--device",
        "cpu",
        "--provenance",
        "--no-polish",
    )
    assert main(["make", "picture.png", "labels.png", "target.png", "-o", "out", *options]) == 0
    record = json.loads((tmp_path / "out" / "target.json").read_text())
    assert (record["method"], record["config"]["batch"], record["wishes"]["polish"]) == ("collage", 1, False)
    rows, cols = np.moveaxis(np.load(tmp_path / "out" / "target.provenance.npy"), -1, 0)
    assert (source.labels.ids[rows, cols] == target.ids).mean() > 0.97


@pytest.mark.parametrize("step", [0, 1])
def test_what_the_listener_raises_ends_a_draft(model, target, monkeypatch, step):
    """Before the planes, and before the products."""

    class StopError(Exception):
        pass

    def stop(event):
        assert (event.stage, event.steps) == ("drafting", 2)
        if event.step == step:
            raise StopError

    after = [(method, "layout_of"), (Draft, "of_planes")][step]
    monkeypatch.setattr(*after, lambda *_: pytest.fail("It went on."))
    with pytest.raises(StopError):
        model._synthesizer.draft(target, Run(device="cpu", listener=stop))


def test_a_draft_has_its_planes_from_compiled_kernels(model, target, monkeypatch):
    monkeypatch.setattr(Draft, "forward", lambda *_: pytest.fail("It has them from what is exported."))
    assert model._synthesizer.draft(target, Run(device="cpu")).image.shape == (*target.shape, 3)


def test_threads_that_draft_at_once_prepare_each_size_once(source, target, monkeypatch):
    prepared = []

    class Slow(Draft):
        def __init__(self, keeper, cell):
            prepared.append((keeper, cell))
            time.sleep(0.05)  # time for another thread to find nothing prepared
            super().__init__(keeper, cell)

    monkeypatch.setattr(method, "Draft", Slow)
    cold = untrained(source)._synthesizer
    large = LabelMap(target.ids.repeat(2, 0).repeat(2, 1), target.palette)
    asked = [target, large] * 3
    with ThreadPoolExecutor(len(asked)) as pool:
        images = [drafted.image for drafted in pool.map(lambda layout: cold.draft(layout, Run(device="cpu")), asked)]
    assert len(prepared) == 2 and len({id(keeper) for keeper, _ in prepared}) == 1
    assert all((image == images[n % 2]).all() for n, image in enumerate(images))

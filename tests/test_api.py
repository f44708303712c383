"""The public functions from loading to results on disk, with fits of a second."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analogon
from analogon import LabelError, LabelMap, ModelError, OptionError

torch = pytest.importorskip("torch", reason="fitting needs the extra 'neural'")

RECIPES = ("fast", "paper")


def same(a, b, target) -> bool:
    theirs = b._synthesizer.arrays()
    weights = all((value == theirs[key]).all() for key, value in a._synthesizer.arrays().items())
    return weights and bool((a.render(target).image == b.render(target).image).all())


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# -- loading -----------------------------------------------------------------------------------------------------


def test_pictures_and_labels_come_from_paths_pil_and_arrays(exemplar, target, fit, tmp_path):
    pixels = np.rint(exemplar.image * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    analogon.write_labels(tmp_path / "labels.png", exemplar.labels)
    analogon.write_labels(tmp_path / "target.png", target)
    given = [
        analogon.load_exemplar(tmp_path / "image.png", tmp_path / "labels.png"),
        analogon.load_exemplar(str(tmp_path / "image.png"), exemplar.labels),
        analogon.load_exemplar(Image.fromarray(pixels), Image.open(tmp_path / "labels.png")),
        analogon.load_exemplar(pixels.astype(np.float32) / 255, exemplar.labels),
        analogon.load_exemplar(pixels, exemplar.labels),
    ]
    assert len({one.digest() for one in given}) == 1
    model = fit(given=given[0])
    with Image.open(tmp_path / "target.png") as picture:
        picture.load()
        targets = [tmp_path / "target.png", str(tmp_path / "target.png"), picture, target.ids, target]
        images = [model.render(one).image for one in targets]
    assert all((image == images[0]).all() for image in images)


def test_sizes_that_differ_are_refused(exemplar, sentence):
    with pytest.raises(LabelError, match=r"32x24.*31x24") as error:
        analogon.load_exemplar(exemplar.image, exemplar.labels.ids[:, :-1])
    sentence(error.value)


def test_an_unknown_class_is_refused_and_a_mapping_resolves_it(exemplar, target, fit, sentence):
    model = fit(steps=1)
    colors = target.colors()
    colors[target.ids == 7] = (250, 0, 200)
    with pytest.raises(LabelError, match=r"#fa00c8.*--map") as error:
        model.render(colors)
    sentence(error.value)
    mapped = analogon.load_target(exemplar, colors, {"#fa00c8": "ball"})
    assert (mapped.ids == target.ids).all()
    assert (model.render(colors, {"#fa00c8": "ball"}).image == model.render(target).image).all()


def test_one_mapping_serves_several_targets_and_each_key_one_of_them(exemplar, target, sentence):
    pink, grey = target.colors(), target.colors()
    pink[target.ids == 7] = (250, 0, 200)
    grey[target.ids == 3] = (128, 128, 128)
    mapping = {"fa00c8": "ball", "#808080": "floor"}
    loaded = analogon.load_targets(exemplar, [pink, grey, target], mapping)
    assert all((one.ids == target.ids).all() for one in loaded)
    for given, wrong in (([pink], "#808080"), ([grey, grey], "fa00c8")):
        with pytest.raises(OptionError) as error:
            analogon.load_targets(exemplar, given, mapping)
        sentence(error.value, f"'{wrong}'", "--map")
    with pytest.raises(OptionError) as error:
        analogon.load_targets(exemplar, [pink, grey], {**mapping, "nonsense": "ball"})
    sentence(error.value, "'nonsense'", "(#fa00c8)", "(#808080)")


def test_a_label_map_with_an_unknown_class_is_refused_everywhere(exemplar, target, fit):
    stranger = analogon.LabelClass(99, "stranger", (1, 2, 3))
    palette = analogon.Palette((*target.palette.classes, stranger))
    ids = np.array(target.ids)
    ids[0, 0] = 99
    wrong = LabelMap(ids, palette)
    for use in (
        lambda: analogon.load_target(exemplar, wrong),
        lambda: fit(previews=[wrong]),
        lambda: fit(steps=1).render(wrong),
    ):
        with pytest.raises(LabelError, match="#010203"):
            use()


# -- what options do ---------------------------------------------------------------------------------------------


def sides_seen(model, target) -> list[tuple[int, int]]:
    """Sizes that the network works at while the target is rendered."""
    seen = []
    handle = model._synthesizer.generator.register_forward_hook(
        lambda module, given, made: seen.append(tuple(given[0].shape[-2:]))
    )
    image = model.render(target).image
    handle.remove()
    assert image.shape == (*target.shape, 3)
    return seen


@pytest.mark.parametrize("recipe", RECIPES)
def test_half_the_size_is_worked_at_and_all_of_it_returned(fit, make_exemplar, make_target, recipe):
    exemplar, target = make_exemplar((48, 64)), make_target((48, 64))
    half, full = fit(recipe, exemplar, size=0.5, steps=2), fit(recipe, exemplar, steps=2)
    assert sides_seen(half, target) == [(24, 32)]
    assert sides_seen(full, target) == [(48, 64)]
    assert (half.render(target).image != full.render(target).image).any()
    # the layout of the target is there in either: its ball has the ball's colour
    ball = exemplar.image[exemplar.labels.ids == 7].mean(0)
    if recipe == "fast":
        for model in (half, full):
            assert np.abs(model.render(target).image[target.ids == 7].mean(0) - ball).max() < 0.15


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_factor_counts_where_the_picture_is_larger_than_the_limit(fit, make_exemplar, make_target, recipe):
    exemplar, target = make_exemplar((96, 96)), make_target((96, 96))
    sides = {size: sides_seen(fit(recipe, exemplar, size_limit=40, size=size, steps=1), target) for size in (1, 0.5)}
    assert sides == {1: [(40, 40)], 0.5: [(20, 20)]}
    assert sides_seen(fit(recipe, exemplar, size=0.01, steps=1), target) == [(16, 16)]


@pytest.mark.parametrize("recipe", RECIPES)
def test_targets_beyond_the_limit_come_in_their_full_size(fit, make_target, recipe):
    model = fit(recipe, size_limit=32, steps=2)
    assert sides_seen(model, make_target((90, 120))) == [(24, 32)]
    assert sides_seen(model, make_target((101, 57))) == [(32, 18)]
    # never less than the networks need on the shorter side
    assert sides_seen(model, make_target((20, 200))) == [(16, 160)]


def test_previews_are_written_and_practised_on(fit, target, tmp_path):
    with_target = fit(previews=[target], folder=tmp_path, steps=9)
    previews = sorted(path.name for path in (tmp_path / "previews").iterdir())
    assert previews == [f"{n:06d}-1.png" for n in range(2, 9)]
    with Image.open(tmp_path / "previews" / previews[0]) as picture:
        assert picture.size == (32, 24)
    assert (fit(steps=9).render(target).image != with_target.render(target).image).any()


def test_previews_do_not_disturb_the_fit(fit, target, tmp_path):
    shown = fit(previews=[target], folder=tmp_path)
    assert same(shown, fit(previews=[target]), target)


def test_progress_tells_stage_steps_losses_and_previews(fit, target, tmp_path, eager):
    events = []
    fit(previews=[target], folder=tmp_path, progress=events.append)
    events = [e for e in events if e.stage != "preparing"]
    assert [e.step for e in events] == [1, 2, 3, 4, 5, 6]
    assert all(e.stage == "training" and e.steps == 6 for e in events)
    assert all({"discriminator", "reconstruction"} <= set(e.losses) for e in events[:-1])
    assert all(e.preview.is_file() for e in events[:-1])


# -- results and models on disk ----------------------------------------------------------------------------------


def test_a_result_says_how_it_came_about(fit, exemplar, target, tmp_path):
    result = fit(seed=5, previews=[exemplar.labels, target]).render(target)
    result.save(tmp_path / "new.png")
    record = json.loads((tmp_path / "new.json").read_text())
    assert record["method"] == "semia"
    assert record["seed"] == 5
    assert record["size"] == [24, 32]
    assert record["config"]["width"] == 4 and record["config"]["steps"] == 6
    assert record["config"] == json.loads(json.dumps(dict(result.config)))
    practised = [exemplar.labels.digest(), target.digest()]
    assert record["inputs"] == {"exemplar": exemplar.digest(), "targets": practised, "target": target.digest()}
    assert (record["device"], record["threads"]) == ("cpu", torch.get_num_threads())
    assert set(record["fit"]) == {"fit_seconds", "stopped", "device", "threads"}
    assert (record["fit"]["device"], record["fit"]["threads"]) == ("cpu", torch.get_num_threads())
    assert record["versions"]["analogon"] == analogon.__version__
    assert {"python", "numpy", "scipy", "torch"} <= set(record["versions"])


def test_a_fit_with_a_folder_leaves_model_note_and_history(fit, exemplar, target, tmp_path):
    model = fit(folder=tmp_path / "model", seed=5)
    assert files(tmp_path / "model") == {"model.safetensors", "model.json", "history.jsonl"}
    note = json.loads((tmp_path / "model" / "model.json").read_text())
    assert note["method"] == "semia" and note["seed"] == 5 and note["stopped"] is None
    assert note["config"] == model.config
    assert note["inputs"] == {"exemplar": exemplar.digest(), "targets": []}
    assert (note["device"], note["threads"]) == ("cpu", torch.get_num_threads())
    assert note["versions"]["analogon"] == analogon.__version__
    loaded = analogon.load(tmp_path / "model", device="cpu")
    assert same(model, loaded, target)
    assert loaded.fit_seconds == model.fit_seconds > 0


def test_a_model_saved_again_says_of_its_fit_what_it_said_before(fit, target, tmp_path):
    fit(previews=[target], minutes=1, steps=2).save(tmp_path / "first")
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        loaded = analogon.load(tmp_path / "first", device="cpu")
        result = loaded.render(target)
        loaded.save(tmp_path / "second")
    finally:
        torch.set_num_threads(threads)
    notes = [json.loads((tmp_path / name / "model.json").read_text()) for name in ("first", "second")]
    assert notes[0] == notes[1]
    assert notes[0]["inputs"]["targets"] == result.inputs["targets"] == [target.digest()]
    assert notes[0]["requested"]["time budget"] == 1
    assert (result.threads, result.fit["threads"]) == (threads + 1, threads)


@pytest.mark.parametrize("name", ["model.safetensors", "model.json"])
def test_a_folder_that_takes_no_model_is_told_before_any_work(fit, tmp_path, name, sentence):
    (tmp_path / name).mkdir()
    events = []
    with pytest.raises(ModelError) as error:
        fit(folder=tmp_path, progress=events.append)
    sentence(error.value, tmp_path, name)
    assert events == []
    assert files(tmp_path) == {name}


def test_configuration_and_seed_of_a_note_repeat_the_fit(fit, target, tmp_path):
    model = fit(seed=5)
    model.save(tmp_path)
    note = json.loads((tmp_path / "model.json").read_text())
    again = analogon.fit(model.exemplar, note["method"], seed=note["seed"], device="cpu", **note["config"])
    assert same(model, again, target)


@pytest.mark.parametrize("how", ["missing", "text", "truncated"])
def test_a_model_that_cannot_be_read(fit, tmp_path, how, sentence):
    path = tmp_path / "model" / "model.safetensors"
    fit(steps=1).save(path.parent)
    if how == "missing":
        path.unlink()
    elif how == "text":
        path.write_text("These are no tensors.")
    else:
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError) as error:
        analogon.load(path.parent)
    assert str(path.parent) in sentence(error.value)
    assert "analogon fit" in str(error.value) or "fit it again" in str(error.value)


def rewritten(folder, **changes):
    """The model of the folder with changes in its record."""
    from analogon.methods.bundle import Bundle

    found = Bundle.read(folder)
    Bundle({**found.record, **changes}, found.exemplar, found.arrays).write(folder)


def test_a_model_of_an_unknown_method_version_or_shape(fit, tmp_path, sentence):
    model = fit(steps=1)
    model.save(tmp_path)
    for changes, kind, words in (
        ({"method": "semia2"}, OptionError, "'semia2'"),
        ({"config": {**model.config, "unheard_of": 1}}, ModelError, "unheard_of"),
        ({"config": {**model.config, "width": 5}}, ModelError, "weights"),
        ({"format": 99}, ModelError, "newer version"),
    ):
        rewritten(tmp_path, **changes)
        with pytest.raises(kind, match=words) as error:
            analogon.load(tmp_path)
        sentence(error.value)
        model.save(tmp_path)
    analogon.load(tmp_path)


def test_without_torch_methods_are_listed_and_the_missing_is_named(fit, exemplar, tmp_path):
    fit(steps=1).save(tmp_path / "model")
    np.save(tmp_path / "image.npy", exemplar.image)
    np.save(tmp_path / "labels.npy", exemplar.labels.ids)
    code = """
import sys
import numpy as np
class WithoutTorch:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] == "torch" else self.finder.find_spec(name, path, target)
    def invalidate_caches(self):
        pass
sys.meta_path[:] = [WithoutTorch(finder) for finder in sys.meta_path]
import analogon
print([(m.name, m.recipes) for m in analogon.list_methods() if m.neural])
exemplar = analogon.load_exemplar(np.load("image.npy"), np.load("labels.npy"))
for attempt in (lambda: analogon.fit(exemplar, "semia"), lambda: analogon.load("model")):
    try:
        attempt()
    except analogon.OptionError as error:
        print(error)
"""
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(analogon.__file__).parents[1])},
    )
    assert answer.returncode == 0, answer.stderr
    missing = "Method 'semia' needs PyTorch; install it with: pip install 'analogon[neural]'."
    assert answer.stdout.splitlines() == [
        "[('collage', ('default',)), ('semia', ('fast', 'paper')), "
        "('singan', ('fast', 'paper', 'concurrent', 'harmonize', 'upscale', 'animate')), ('ingan', ('fast', 'paper')), "
        "('spade', ('fast', 'paper')), ('groupdnet', ('fast', 'paper')), ('msca', ('fast', 'paper')), "
        "('gpdm', ('guided', 'published')), ('deep-image-analogy', ('guided', 'published'))]",
        missing,
        missing,
    ]


def test_methods_are_described():
    infos = analogon.list_methods()
    assert infos[0] == analogon.describe_method()
    info = analogon.describe_method("semia")
    assert info in infos
    assert (info.name, info.recipes, info.neural) == ("semia", ("fast", "paper"), True)
    fields = {field.name: field for field in info.fields}
    assert fields["width"].default == "16", "the default recipe's"
    assert fields["width"].type == "int"
    assert fields["width"].values == {"fast": "16", "paper": "32"}
    assert fields["norm"].type == "batch | instance"
    assert fields["betas"].type == "[float, float]"
    assert fields["betas"].values == {"fast": "[0.5, 0.99]", "paper": "[0.0, 0.9]"}
    assert all(field.doc for field in info.fields)
    with pytest.raises(OptionError, match="did you mean 'semia'"):
        analogon.describe_method("semai")

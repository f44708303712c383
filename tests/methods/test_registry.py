import json
from dataclasses import fields
from types import MappingProxyType

import pytest
from pydantic import BaseModel

from analogon.errors import ModelError, OptionError
from analogon.methods import registry
from analogon.ops.parallel import threads
from analogon.rendering import Wishes

METHODS = sorted(registry.METHODS)
RECIPES = [(name, recipe) for name in METHODS for recipe in registry.get(name).recipes]


@pytest.fixture
def semia():
    return registry.get("semia")


@pytest.mark.parametrize("name", METHODS)
def test_every_field_is_described_and_every_entry_complete(name):
    entry = registry.get(name)
    assert entry.name == name
    assert entry.summary
    assert issubclass(entry.config_type, BaseModel)
    for field, info in entry.config_type.model_fields.items():
        assert info.description, field
    assert entry.takes <= set(registry.WISHES)
    assert not entry.learns or "steps" in entry.config_type.model_fields
    limit = entry.config_type.model_fields.get("size_limit")
    if limit is not None:
        assert limit.annotation is int
        for wrong in (15, 0, -1):
            with pytest.raises(OptionError, match="size_limit"):
                entry.configure(None, {"size_limit": wrong})
        assert entry.configure(None, {"size_limit": 16})


@pytest.mark.parametrize(("name", "recipe"), RECIPES)
def test_every_recipe_is_a_configuration(name, recipe):
    entry = registry.get(name)
    config = entry.configure(recipe, {})
    for field, value in entry.recipes[recipe].items():
        assert getattr(config, field) == value
    # what a model's record holds gives the same configuration again
    assert entry.configure_exactly(json.loads(json.dumps(config.model_dump(mode="json")))) == config


@pytest.mark.parametrize("name", METHODS)
def test_every_ablation_is_a_configuration_and_says_what_it_leaves_out(name, sentence):
    entry = registry.get(name)
    fields = entry.config_type.model_fields
    for ablation in entry.ablations.values():
        sentence(ablation.meaning)
        assert ablation.settings and set(ablation.settings) <= set(fields)
    for recipe in entry.recipes:
        whole, able = entry.configure(recipe, {}), entry.ablations_of(recipe)
        for key, ablation in entry.ablations.items():
            assert (entry.configure(recipe, ablation.settings) != whole) == (key in able)


def test_who_has_ablations(semia):
    assert registry.get("patch").ablations == registry.get("patch").ablations_of(None) == {}
    assert set(semia.ablations_of("paper")) == set(semia.ablations)
    assert semia.ablations_of(None) == semia.ablations_of("fast")
    with pytest.raises(OptionError, match="'fats'"):
        semia.ablations_of("fats")


def test_no_recipe_means_the_first(semia):
    assert semia.configure(None, {}) == semia.configure(next(iter(semia.recipes)), {})
    assert semia.configure(None, {}) == semia.configure("fast", {})
    assert semia.configure("fast", {}) != semia.configure("paper", {})


def test_options_change_fields_of_the_recipe(semia):
    config = semia.configure("fast", {"width": 9, "patch_sizes": [9, 5]})
    assert (config.width, config.patch_sizes) == (9, (9, 5))
    changed = {k for k, v in config.model_dump().items() if v != getattr(semia.configure("fast", {}), k)}
    assert changed == {"width", "patch_sizes"}


@pytest.mark.parametrize(
    ("name", "words"),
    [("semai", "did you mean 'semia'"), ("Semia", "did you mean 'semia'"), ("xyz", "the known ones are ")],
)
def test_an_unknown_method(name, words, sentence):
    with pytest.raises(OptionError) as error:
        registry.get(name)
    assert f"'{name}'" in sentence(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [("fats", "did you mean 'fast'"), ("papers", "did you mean 'paper'"), ("xyz", "the known ones are fast, paper")],
)
def test_an_unknown_recipe(semia, recipe, words, sentence):
    with pytest.raises(OptionError) as error:
        semia.configure(recipe, {})
    assert f"'{recipe}'" in sentence(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("widht", "did you mean 'width'"),
        ("lr_generater", "did you mean 'lr_generator'"),
        ("zzzzzz", "the known ones are steps, "),
    ],
)
def test_an_unknown_field(semia, field, words, sentence):
    with pytest.raises(OptionError) as error:
        semia.configure(None, {field: 1})
    assert f"'{field}'" in sentence(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("steps", 0, "greater than or equal to 1"),
        ("steps", 2.5, "integer"),
        ("steps", "many", "integer"),
        ("size_limit", 8, "greater than or equal to 16"),
        ("width", 1000, "less than or equal to 256"),
        ("norm", "instanse", "'batch' or 'instance'"),
        ("carry", "perhaps", "boolean"),
        ("average", 1.0, "less than 1"),
        ("lr_generator", 0, "greater than 0"),
        ("gan", -1, "greater than or equal to 0"),
        ("patch_sizes", [3], "field required"),
        ("patch_samples", 3, "tuple"),
        ("betas", [2, 2], "less than 1"),
        ("betas", [-1, 0.9], "greater than or equal to 0"),
        ("betas", [0.5, 1.0], "less than 1"),
        ("betas", [float("nan"), 0.9], "less than 1"),
        ("betas", [0.5, float("nan")], "less than 1"),
        ("patch_sizes", [0, 0], "greater than or equal to 1"),
        ("patch_sizes", [-1, 1], "greater than or equal to 1"),
        ("patch_sizes", [99, 1], "less than or equal to 15"),
        ("patch_samples", [0, 0], "greater than or equal to 1"),
        ("patch_samples", [-3, 1], "greater than or equal to 1"),
        ("patch_samples", [100000000, 1], "less than or equal to 4096"),
    ],
)
def test_a_value_that_a_field_does_not_take(semia, field, value, words, sentence):
    with pytest.raises(OptionError) as error:
        semia.configure(None, {field: value})
    assert f"Field '{field}' of method 'semia'" in sentence(error.value)
    assert repr(value) in str(error.value)
    assert words in str(error.value)


def test_not_a_number_is_no_value(semia, sentence):
    for field in ("lr_generator", "gan", "zoom"):
        for value in (float("nan"), float("inf")):
            with pytest.raises(OptionError, match=field) as error:
                semia.configure(None, {field: value})
            sentence(error.value)


def test_a_tuple_is_finite_in_all_its_parts(monkeypatch, sentence):
    class Config(BaseModel):
        pair: tuple[float, float] = (0.0, 0.0)

    class Loose(registry.Entry):
        recipes = MappingProxyType({"plain": {}})
        config_type = Config

    loose = Loose("loose", "", "", False)
    assert loose.configure(None, {"pair": [1, 2]}) == Config(pair=(1.0, 2.0))
    for pair in ([float("nan"), 1], [1, float("inf")]):
        with pytest.raises(OptionError, match="finite") as error:
            loose.configure(None, {"pair": pair})
        sentence(error.value, "pair")


def test_the_machine_of_a_method(semia, sentence, monkeypatch):
    plain = registry.Entry("plain", "", "", False)
    assert plain.machine("auto") == plain.machine("cpu") == ("cpu", threads())
    with pytest.raises(OptionError, match="'plain' computes on the CPU, not on 'cuda'") as error:
        plain.machine("cuda")
    sentence(error.value, "--device")
    patch = registry.get("patch")
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    assert patch.machine("auto") == patch.machine("cpu") == ("cpu", threads())
    with pytest.raises(OptionError, match="'cuda' is not available without PyTorch") as error:
        patch.machine("cuda")
    sentence(error.value, "--device")
    monkeypatch.undo()
    torch = pytest.importorskip("torch")
    for available in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda available=available: available)
        for driver in (False, True):
            monkeypatch.setattr(registry, "_cuda_seems_usable", lambda driver=driver: driver)
            assert patch.machine("auto") == ("cuda" if available and driver else "cpu", threads())
            assert patch.machine("cpu") == ("cpu", threads())
    monkeypatch.undo()
    with pytest.raises(OptionError) as error:
        patch.machine("meta")
    sentence(error.value, "'meta'")
    assert semia.machine("cpu") == ("cpu", torch.get_num_threads())
    assert semia.machine("auto")[0] in ("cpu", "cuda", "mps")
    with pytest.raises(OptionError) as error:
        semia.machine("meta")
    sentence(error.value, "'meta'")


def test_a_saved_configuration_of_another_version(semia, sentence):
    values = semia.configure(None, {}).model_dump(mode="json")
    for wrong in ({**values, "no_longer": 1}, {**values, "width": "wide"}):
        with pytest.raises(ModelError) as error:
            semia.configure_exactly(wrong)
        assert "fit it again" in sentence(error.value)
        assert ("no_longer" if "no_longer" in wrong else "width") in str(error.value)


def test_a_method_loads():
    pytest.importorskip("torch")
    for name in METHODS:
        method = registry.get(name).load()
        assert callable(method.fit) and callable(method.restore)


def test_the_first_method_is_the_default():
    assert next(iter(registry.METHODS)) == registry.DEFAULT_METHOD


def test_the_wishes_are_those_of_a_render_and_masks():
    assert set(registry.WISHES) == {field.name for field in fields(Wishes)} | {"mask"}


@pytest.mark.parametrize("wish", registry.WISHES)
def test_a_wish_that_a_method_cannot_fulfil(copying, wish, sentence):
    copying.check_takes(registry.WISHES)
    plain = registry.Entry("plain", "", "", False, takes=frozenset(registry.WISHES) - {wish})
    with pytest.raises(OptionError) as error:
        plain.check_takes(["keep", "tile", "preview", "guides", "places", "mask"])
    option = registry.WISHES[wish][0]
    able = next(name for name, entry in registry.METHODS.items() if wish in entry.takes)
    sentence(error.value, "Method 'plain' cannot", f"leave out {option}, or use --method {able}.")


def test_no_method_is_named_where_none_can(monkeypatch, sentence):
    monkeypatch.setattr(registry, "METHODS", {})
    with pytest.raises(OptionError, match=r"make tiles: leave out --tile\.$") as error:
        registry.Entry("plain", "", "", False).check_takes(["tile"])
    sentence(error.value)


def test_what_only_training_has(copying, semia, sentence):
    semia.check_learns({"--steps": "no step to count"})
    copying.check_learns({})
    with pytest.raises(OptionError) as error:
        copying.check_learns({"--steps": "no step to count"})
    assert sentence(error.value) == (
        "Method 'copying' learns nothing, so there is no step to count: leave out --steps."
    )


def test_who_is_polished(copying, sentence):
    plain = registry.Entry("plain", "", "", False)
    polished = registry.Entry("plain", "", "", False, polish=True)
    for entry, wish, preview, expected in (
        (plain, None, False, False),
        (plain, True, False, True),
        (polished, None, False, True),
        (polished, False, False, False),
        (polished, None, True, False),
        (polished, True, True, True),
        (copying, None, False, False),
        (copying, False, False, False),
    ):
        assert entry.polishes(wish, preview=preview) is expected
    with pytest.raises(OptionError) as error:
        copying.polishes(True, preview=False)
    sentence(error.value, "'copying'", "--polish")

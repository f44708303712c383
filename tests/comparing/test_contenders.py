"""Who may take part, known before any work."""

import pytest

import analogon
from analogon import Contender, OptionError
from analogon.comparing.contenders import Terms, ablated, configuration, enter

pytestmark = pytest.mark.usefixtures("entrants")


def entered(*words, terms=None, **settings):
    return {one.label: one for one in enter(words, settings, terms or Terms())}


def test_words():
    found = entered("patch", "copies:later", "source")
    assert list(found) == ["patch", "copies:later", "source"]
    assert (found["copies:later"].method, found["copies:later"].recipe) == ("copies", "later")
    assert configuration(found["copies:later"])["shift"] == 5
    assert (found["source"].method, found["source"].settings) == (None, {})
    assert all(one.meaning for one in found.values())


def test_the_nearer_setting_is_the_stronger():
    words = ["copies", "copies:later", Contender("mine", "copies", settings={"shift": 3})]
    settings = {"copies": {"shift": 1}, "copies:later": {"shift": 2}}
    found = {one.label: configuration(one)["shift"] for one in enter(words, settings, Terms())}
    assert found == {"copies": 1, "copies:later": 2, "mine": 3}


def test_terms_go_to_those_who_can_use_them():
    found = entered("learns", "copies", terms=Terms(steps=7, keep="auto"))
    assert found["learns"].settings == {"keep": "auto", "steps": 7}
    assert found["copies"].settings == {"keep": "auto"}
    assert configuration(found["learns"])["steps"] == 7
    own = entered("learns", terms=Terms(steps=7), learns={"minutes": 2})
    assert own["learns"].settings == {"keep": "none", "minutes": 2}
    assert "keep" not in entered("semia")["semia"].settings


@pytest.mark.parametrize(
    "words, settings, terms, named",
    [
        ([], {}, {}, "--methods"),
        (["pach"], {}, {}, "did you mean 'patch'"),
        (["patch:fst"], {}, {}, "fst"),
        (["patch:"], {}, {}, "recipe"),
        (["patch", "patch"], {}, {}, "twice"),
        (["patch"], {"semia": {"steps": 4}}, {}, "semia"),
        (["patch"], {"patch": {"levls": 4}}, {}, "levls"),
        (["copies"], {"copies": {"shift": "far"}}, {}, "shift"),
        (["copies"], {"copies": {"steps": 3}}, {}, "steps"),
        (["copies"], {"copies": {"minutes": 3}}, {}, "minutes"),
        (["learns"], {"learns": {"minutes": -1}}, {}, "minutes"),
        (["learns"], {"learns": {"minutes": "two"}}, {}, "minutes"),
        (["learns"], {"learns": {"steps": "many"}}, {}, "steps"),
        (["semia"], {"semia": {"size": 2}}, {}, "size"),
        (["copies"], {"copies": {"size": 0.5}}, {}, "size"),
        (["copies"], {"copies": {"keep": "mask.png"}}, {}, "keep"),
        (["semia"], {"semia": {"keep": "auto"}}, {}, "--keep"),
        (["copies"], {"copies": {"polish": True}}, {}, "--polish"),
        (["collage"], {"collage": {"polish": "much"}}, {}, "polish"),
        (["source"], {"source": {"shift": 1}}, {}, "source"),
        (["patch"], {}, {"steps": 5}, "--steps"),
        (["patch"], {}, {"minutes": 5.0}, "--minutes"),
        (["learns"], {}, {"minutes": 0.0}, "minutes"),
        (["patch"], {}, {"keep": "mask.png"}, "--keep"),
        (["copies"], {}, {"device": "cuda"}, "cuda"),
    ],
)
def test_what_cannot_be(words, settings, terms, named, sentence):
    with pytest.raises(OptionError) as caught:
        enter(words, settings, Terms(**terms))
    sentence(caught.value, named)


def test_without_torch(monkeypatch, sentence):
    from analogon.comparing import contenders
    from analogon.methods import registry

    for module in (contenders, registry):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(OptionError) as caught:
        enter(["semia"], {}, Terms())
    sentence(caught.value, "pip install")


def test_ablations():
    """Each is the method with one change, and all of them are different."""
    (whole, *parts), _ = ablated(["semia:fast"], {})
    assert whole.label == "semia:fast" and len(parts) >= 6
    found = [configuration(one) for one in enter([whole, *parts], {}, Terms())]
    for number, one in enumerate(found):
        assert one not in found[:number]
    assert all(one.label.startswith("semia:fast ") and one.meaning for one in parts)


def test_a_part_is_left_out_of_what_was_set():
    """Else the method would be compared with another one."""
    settings = {"semia": {"patch": 0.5}, "semia:fast": {"steps": 7}, "semia:fast no-alignment": {"steps": 9}}
    words, settings = ablated(["semia:fast"], settings)
    found = {one.label: configuration(one) for one in enter(words, settings, Terms())}
    assert {label: one["steps"] for label, one in found.items()} == {
        label: 9 if label.endswith("no-alignment") else 7 for label in found
    }
    assert {label: one["patch"] for label, one in found.items()} == {
        label: 0 if label.endswith("no-patch") else 0.5 for label in found
    }


@pytest.mark.parametrize("word", ["patch", "source", "nothing", Contender("my patch", "patch")])
def test_what_has_no_parts(word, sentence):
    with pytest.raises(OptionError) as caught:
        ablated([word], {})
    sentence(caught.value, *[word] if isinstance(word, str) else [])


@pytest.mark.parametrize(
    "words, elsewhere", [([Contender("mine", None)], []), ([], ["source"]), ([Contender("source", "patch")], [])]
)
def test_labels_that_would_mislead(words, elsewhere, sentence):
    """No method and no pictures, or called what the source is."""
    with pytest.raises(OptionError) as caught:
        enter(["copies", *words], {}, Terms(), elsewhere)
    sentence(caught.value, "mine" if not elsewhere and words[0].label == "mine" else "source")


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "seeds"),
        ({"seeds": (-1,)}, "seed"),
        ({"jobs": 0}, "--jobs"),
        ({"pictures": {"copies": "somewhere"}}, "twice"),
        ({"pictures": {"other": "no/such/folder"}}, "no/such/folder"),
        ({"pictures": {"other": "."}}, "other"),
        ({"methods": ["nobody"]}, "nobody"),
    ],
)
def test_nothing_is_written_after_a_mistake(files, tmp_path, monkeypatch, arguments, named, sentence):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(analogon.AnalogonError) as caught:
        analogon.compare(*files, output=tmp_path / "out", **{"methods": ["copies"], **arguments})
    sentence(caught.value, named)
    assert not (tmp_path / "out").exists()

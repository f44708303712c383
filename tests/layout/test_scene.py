import pytest

from analogon import Layout, OptionError
from analogon.layout import Arrange, Duplicate, Group, Move, Scene, operations_of

from .drawn import drawn, text_of

SCENE = """
    ................
    ................
    ..tt.......hhhh.
    ..tt.......hhhh.
    ,,tt,,,,,,,hbbh,
    ,,,,,,,,,,,hhhh,
    ,,,,,,,,,,,,,,,,
"""


def said(text: str, sentences: str) -> str:
    layout = Layout.split(drawn(text))
    for operation in operations_of(layout, sentences):
        layout = operation.apply(layout)
    return text_of(layout)


def between(layout: Layout, one: str, other: str) -> set[str]:
    return {relation.predicate for relation in Scene(layout).between(one, other)}


def test_relations_are_derived():
    layout = Layout.split(drawn(SCENE))
    assert between(layout, "tree", "house") == {"left of"}
    assert between(layout, "house", "tree") == {"right of"}
    assert between(layout, "boat", "house") == {"inside", "touching"}
    assert between(layout, "house", "boat") == {"surrounding", "touching"}
    assert between(layout, "sky", "grass") == {"above", "touching"}
    assert between(layout, "grass", "sky") == {"below", "touching"}
    over = Move(of="tree", right=8).apply(layout)
    assert "in front of" in between(over, "tree", "house") and "behind" in between(over, "house", "tree")
    assert between(Move(of="tree", right=40).apply(layout), "tree", "house") == set()


def test_a_scene_can_be_read():
    layout = Group(of=("house", "boat"), name="home").apply(Layout.split(drawn(SCENE)))
    text = Scene(Move(of="tree", right=40).apply(layout)).text()
    assert "home  (group of house, boat)  4x4 at row 2, column 11" in text
    assert "tree  not seen" in text
    assert "  grass below sky" in text.splitlines()
    assert {str(r) for r in Scene(layout).relations(["tree", "home"])} == {"tree left of home"}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("tree: move +2, -1", ".,"),
        ("tree: duplicate, left of house", "tree 2 left of house"),
        ("tree: duplicate, right of tree", "tree 2 right of tree"),
        ("boat: above house", "boat above house"),
        ("tree: below house", None),
        ("boat: touching tree", "boat touching tree"),
        ("tree: inside sky", "tree inside sky"),
        ("boat: right of tree, left of house", "boat left of house"),
        ("tree: scale 0.5, left of house; boat: delete", "tree left of house"),
    ],
)
def test_what_is_said_becomes_true(sentence, wanted):
    layout = Layout.split(drawn(SCENE))
    before = layout
    if wanted is None:
        with pytest.raises(OptionError, match="no place below 'house'"):
            operations_of(layout, sentence)
        return
    for operation in operations_of(layout, sentence):
        layout = operation.apply(layout)
    assert layout.ids.tolist() != before.ids.tolist()
    if wanted != ".,":
        assert wanted in {str(relation) for relation in Scene(layout).relations()} | {
            str(relation)
            for a in layout.handles()
            for b in layout.handles()
            for relation in Scene(layout).between(a, b)
        }


def test_a_place_covers_nothing_where_it_can():
    layout = Layout.split(drawn(SCENE))
    *_, copy = operations_of(layout, "tree: duplicate, left of house")
    assert isinstance(copy, Move)
    for operation in operations_of(layout, "tree: duplicate, left of house"):
        layout = operation.apply(layout)
    assert text_of(layout).count("t") == 12 and text_of(layout).count("h") == 14


def test_a_sentence_is_exact():
    text = SCENE
    assert said(text, "tree: move +2,-1") == text_of(Move(of="tree", right=2, down=-1).apply(Layout.split(drawn(text))))
    assert said(text, "boat: delete").count("b") == 0
    assert said(text, "tree: becomes boat").count("b") == 8
    assert said(text, "tree: left of house") == " ".join(text.split())  # it is so already
    layout = Layout.split(drawn(text))
    assert operations_of(layout, "tree: to back; boat: behind house") == (
        Arrange(of="tree", to="back"),
        Arrange(of="boat", to="behind", other="house"),
    )
    assert operations_of(layout, "tree: duplicate as oak, move 40,0") == (
        Duplicate(of="tree", name="oak"),
        Move(of="oak", right=40),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("tree", ["'tree'", "duplicate"]),
        ("tre: delete", ["'tre'", "did you mean 'tree'"]),
        ("tree: jump", ["'jump'", "cannot be read"]),
        ("tree: delete, move 1,1", ["move 1,1"]),
        ("tree: left of hous", ["'hous'", "'house'"]),
        ("tree: left of tree", ["'tree'", "another"]),
        ("tree: move 40,0, left of house", ["'tree'", "frame"]),
        ("tree: scale 3, above house", ["no place above 'house'"]),
    ],
)
def test_refuses(text, words, sentence):
    with pytest.raises(OptionError) as error:
        operations_of(Layout.split(drawn(SCENE)), text)
    sentence(error.value, *words)


def test_tells_of_one_thing_and_what_is_near_it():
    scene = Scene(Layout.split(drawn(SCENE)))
    found = scene.told("boat")
    assert "boat inside house" in map(str, found) and {one.subject for one in found} == {"boat"}
    assert set(map(str, scene.told())) <= set(map(str, scene.relations()))
    grouped = Scene(Group(of=("house", "boat"), name="yard").apply(scene.layout))
    assert "yard" not in {one.object for one in grouped.told("boat")}  # which it is part of
    assert Scene(Move(of="tree", right=40).apply(scene.layout)).told("tree") == ()
    with pytest.raises(OptionError, match="There is no object 'ship'"):
        scene.told("ship")

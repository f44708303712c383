"""The exact label map that comes of every operation."""

import numpy as np
import pytest

from analogon import LabelError, LabelMap, Layout, OptionError
from analogon.layout import (
    Arrange,
    Brush,
    Deform,
    Delete,
    Duplicate,
    Fill,
    Flip,
    Group,
    Merge,
    Move,
    Polygon,
    Relabel,
    Rotate,
    Scale,
    Spans,
    Ungroup,
)

from .drawn import PALETTE, after, drawn, text_of

SCENE = """
    ..........
    .tt....hh.
    .t.....hh.
    ,t,,,,,hh,
    ,,,,,,,,,,
    ,,,,,,,,,b
"""


def same(found: str, wanted: str) -> None:
    assert found.split() == wanted.split()


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (Move(of="tree", right=2), ".......... ...tt..hh. ...t...hh. ,,,t,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Move(of="tree", right=-2), ".......... t......hh. .......hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Move(of="tree", down=-2), ".t........ .t.....hh. .......hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Move(of="tree", right=30), ".......... .......hh. .......hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Move(of="boat", right=-1), ".......... .tt....hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,b,"),
        (
            Scale(of="boat", factor=3, about=(6, 10)),
            ".......... .tt....hh. .t.....hh. ,t,,,,,bbb ,,,,,,,bbb ,,,,,,,bbb",
        ),
        (
            Scale(of="house", factor=1, height=1 / 3),
            ".......... .tt....... .t.....hh. ,t,,,,,,,, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (Scale(of="house", factor=0.5, height=1), ".......... .tt....h.. .t.....h.. ,t,,,,,h,, ,,,,,,,,,, ,,,,,,,,,b"),
        (Rotate(of="tree", degrees=180), ".......... ..t....hh. ..t....hh. ,tt,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Rotate(of="tree", degrees=90), ".......... .ttt...hh. ...t...hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Rotate(of="tree", degrees=-270), ".......... .ttt...hh. ...t...hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Rotate(of="tree", degrees=360), ".......... .tt....hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Flip(of="tree"), ".......... .tt....hh. ..t....hh. ,,t,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Flip(of="tree", axis="top-bottom"), ".......... .t.....hh. .t.....hh. ,tt,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Duplicate(of="tree", right=3), ".......... .tt.tt.hh. .t..t..hh. ,t,,t,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Delete(of="house"), ".......... .tt....... .t........ ,t,,,,,,,, ,,,,,,,,,, ,,,,,,,,,b"),
        (Delete(of="house", fill="tree"), ".......... .tt....tt. .t.....tt. ,t,,,,,tt, ,,,,,,,,,, ,,,,,,,,,b"),
        (
            Deform(of="house", handles=((1, 7, 1, 6), (4, 7, 4, 7), (4, 9, 4, 9), (1, 9, 1, 8))),
            ".......... .tt...hh.. .t....hh.. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Deform(of="boat", handles=((5, 9, 3, 5),)),
            ".......... .tt....hh. .t.....hh. ,t,,,b,hh, ,,,,,,,,,, ,,,,,,,,,,",
        ),
        (Relabel(of="tree", to="boat"), ".......... .bb....hh. .b.....hh. ,b,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (
            Merge(classes=("tree", "boat"), into="house"),
            ".......... .hh....hh. .h.....hh. ,h,,,,,hh, ,,,,,,,,,, ,,,,,,,,,h",
        ),
        (
            Brush(paint="boat", points=((1.5, 4.5),), radius=0),
            ".......... .tt.b..hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Brush(paint="boat", points=((2.5, 4.5),), radius=1),
            ".......... .tt.b..hh. .t.bbb.hh. ,t,,b,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Brush(paint="grass", points=((2.5, 0.5), (2.5, 20)), radius=0.5),
            ".......... .tt....hh. ,,,,,,,,,, ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Brush(of="tree", points=((1.5, 2.5), (1.5, 4.5)), radius=0),
            ".......... .tttt..hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Brush(of="tree", erase=True, points=((0, 0), (3, 9)), radius=9),
            ".......... .......hh. .......hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Brush(paint="grass", locked=("tree",), points=((1.5, 0.5), (1.5, 3.5)), radius=0),
            ".......... ,tt,...hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Polygon(paint="boat", points=((0, 3), (2, 3), (2, 5), (0, 5))),
            "...bb..... .ttbb..hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (
            Polygon(paint="boat", points=((-9, 8), (2, 8), (2, 99), (-9, 99))),
            "........bb .tt....hbb .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
        (Fill(paint="grass", row=0, column=0), ",,,,,,,,,, ,tt,,,,hh, ,t,,,,,hh, ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (Fill(paint="boat", row=1, column=1), ".......... .bb....hh. .b.....hh. ,b,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"),
        (
            Spans(paint="boat", spans=((0, -5, 2), (0, 9, 40), (70, 0, 3))),
            "bb.......b .tt....hh. .t.....hh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b",
        ),
    ],
    ids=lambda value: f"{value.word()}" if hasattr(value, "word") else "",
)
def test_the_label_map_is_exactly(operation, wanted):
    same(after(SCENE, operation), wanted)


def test_what_is_covered_is_remembered():
    over = (Move(of="boat", right=-2, down=-3), Move(of="boat", right=2, down=3))
    same(after(SCENE, over[0]), ".......... .tt....hh. .t.....bh. ,t,,,,,hh, ,,,,,,,,,, ,,,,,,,,,,")
    same(after(SCENE, *over), SCENE)
    # and outside the frame too
    same(after(SCENE, Move(of="tree", right=-30), Move(of="tree", right=30)), SCENE)


def test_depth_says_what_is_seen():
    """The class of the house is smaller than that of the sky and larger than the tree's: it begins behind the tree."""
    onto = Move(of="tree", right=6)
    same(after(SCENE, onto), ".......... .......tt. .......th. ,,,,,,,th, ,,,,,,,,,, ,,,,,,,,,b")
    behind = ".......... .......hh. .......hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,b"
    for to in (
        Arrange(of="tree", to="backward"),
        Arrange(of="tree", to="behind", other="house"),
        Arrange(of="house", to="forward"),
        Arrange(of="house", to="before", other="tree"),
        Arrange(of="house", to="front"),
    ):
        same(after(SCENE, onto, to), behind)
    gone = Arrange(of="tree", to="back")
    same(after(SCENE, gone), SCENE)  # nothing lies over it where it is
    same(after(SCENE, onto, gone, Arrange(of="tree", to="front")), after(SCENE, onto))


def test_turned_forth_and_back_an_object_is_what_it_was():
    rows, columns = np.mgrid[0:40, 0:50]
    ids = np.where((rows - 18) ** 2 + 2 * (columns - 24) ** 2 < 140, 2, 0)
    ids[20:30, 20:40] = 2
    start = Layout.split(LabelMap(ids, PALETTE))
    layout = start
    for operation in [Rotate(of="tree", degrees=d) for d in (17, 31.5, -48.5)] + [
        Scale(of="tree", factor=f) for f in (0.2, 5)
    ]:
        layout = operation.apply(layout)
    assert (layout.ids == start.ids).all()
    turned = Rotate(of="tree", degrees=17).apply(start)
    assert abs(int((turned.ids == 2).sum()) - int((ids == 2).sum())) < 12
    assert (turned.ids != start.ids).sum() > 50


def test_what_is_uncovered_gets_what_is_asked_for():
    text = "....tttth"  # the house lies before the tree, the sky behind it
    assert after(text, Delete(of="tree")) == "........h"
    assert after(text, Delete(of="tree", fill="around")) == "......hhh"
    assert after(text, Move(of="tree", right=20, fill="boat")) == "....bbbbh"
    # what is known to lie there is no matter of choice
    hidden = (Arrange(of="tree", to="front"), Move(of="tree", right=1))
    assert after(text, *hidden) == ".....tttt"
    assert after(text, *hidden, Delete(of="tree", fill="boat")) == ".....bbbh"
    assert after("htttt", Delete(of="tree")) == "hhhhh"  # nothing lies behind


def test_what_filled_a_place_stays_behind_what_comes_back():
    text = "....tttth"
    there, back = Move(of="tree", right=9, fill="around"), Move(of="tree", right=-9)
    assert after(text, there) == "......hhh"
    assert after(text, there, back) == text


def test_a_class_vanishes_and_its_palette_stays():
    layout = Delete(of="boat").apply(Layout.split(drawn(SCENE)))
    assert 9 not in layout.target.present() and 9 in layout.target.palette.ids
    assert "boat" not in layout.handles()
    # an object that is painted over wholly is gone as well
    painted = Brush(paint="grass", points=((5.5, 9.5),), radius=1).apply(Layout.split(drawn(SCENE)))
    assert "boat" not in painted.handles()


def test_a_group_is_handled_as_one():
    together = Group(of=("tree", "boat"), name="things")
    moved = after(SCENE, together, Move(of="things", right=1, down=-1))
    same(moved, "..tt...... ..t....hh. ..t....hh. ,,,,,,,hh, ,,,,,,,,,, ,,,,,,,,,,")
    turned = after(SCENE, together, Rotate(of="things", degrees=180), Rotate(of="things", degrees=180))
    same(turned, SCENE)
    apart = after(SCENE, together, Ungroup(of="things"), Move(of="boat", right=-1))
    same(apart, after(SCENE, Move(of="boat", right=-1)))
    copied = Duplicate(of="things", right=2, name="others").apply(together.apply(Layout.split(drawn(SCENE))))
    assert len(copied.group("others").members) == 2
    same(text_of(Delete(of="things").apply(copied)), after(SCENE, Move(of="tree", right=2), Delete(of="boat")))


def test_names_are_stable_and_never_given_twice():
    layout = Layout.split(drawn("tt..t tt... ....."))
    assert layout.handles() == ("sky", "tree", "tree 2")
    layout = Delete(of="tree 2").apply(layout)
    layout = Duplicate(of="tree", right=3, down=1).apply(layout)
    assert layout.handles() == ("sky", "tree", "tree 3")
    assert Duplicate(of="tree", name="oak").apply(layout).handles()[2] == "oak"
    layout = Relabel(of="tree", to="boat").apply(layout)
    assert layout.handles() == ("sky", "boat", "tree 3")


def test_neighbours_at_corners_are_one_object_if_eight_count():
    text = "t... .t.. ...."
    assert Layout.split(drawn(text), 8).handles() == ("sky", "tree")
    assert Layout.split(drawn(text), 4).handles() == ("sky", "tree", "tree 2")


def test_merging_joins_what_touches():
    text = "tth..h ......"
    layout = Merge(classes=("tree",), into="house").apply(Layout.split(drawn(text)))
    assert len(layout.objects) == 3
    assert text_of(Move(of=layout.objects[2].name, down=1).apply(layout)).count("h") == 4


def test_fill_is_contiguous_or_not():
    text = "tt.tt ..... tt..."
    assert after(text, Fill(paint="boat", row=0, column=0)) == "bb.tt ..... tt..."
    assert after(text, Fill(paint="boat", row=0, column=0, contiguous=False)) == "bb.bb ..... bb..."


def test_the_only_object_stays_where_nothing_is_beside_it():
    assert after("tttt tttt", Move(of="tree", right=2)) == "tttt tttt"
    with pytest.raises(LabelError) as error:
        after("tttt tttt", Delete(of="tree"))
    assert "Nothing would be left" in str(error.value)
    assert after("tttt tttt", Delete(of="tree", fill="sky")) == ".... ...."


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (lambda: Move(of="tre", right=1), ["'tre'", "did you mean 'tree'"]),
        (lambda: Scale(of="tree", factor=60), ["too large"]),
        (lambda: Scale(of="tree", factor=1 / 64), ["'tree'", "larger factor"]),
        (lambda: Move(of="tree", right=900_000), ["pixels"]),
        (lambda: Scale(of="tree", factor=1e9), ["factor", "64"]),
        (lambda: Scale(of="tree", factor=float("nan")), ["factor"]),
        (lambda: Move(of="tree", right=1.5), ["right"]),
        (lambda: Move(of="tree", left=1), ["left", "leave it out"]),
        (lambda: Rotate(of="tree"), ["degrees"]),
        (lambda: Delete(of="house", fill="lawn"), ["'lawn'", "class"]),
        (lambda: Relabel(of="tree", to="sun"), ["'sun'"]),
        (lambda: Brush(paint="tree", points=((0, 0), (1, 1)), radius=(1.0,)), ["2 points", "1 radii"]),
        (lambda: Brush(points=((0, 0),), radius=1), ["brush", "class"]),
        (lambda: Polygon(paint="tree", points=((0, 0), (1, 1))), ["points"]),
        (lambda: Fill(paint="tree", row=6, column=0), ["outside", "10x6"]),
        (lambda: Deform(of="tree", handles=((1, 1, 2, 2), (1, 1, 3, 3))), ["'tree'", "one point"]),
        (lambda: Group(of=("tree",), name="wood"), ["'wood'", "two"]),
        (lambda: Group(of=("tree", "boat"), name="house"), ["'house'", "not taken"]),
        (lambda: Ungroup(of="tree"), ["'tree'", "no group"]),
        (lambda: Duplicate(of="tree", name="house"), ["'house'", "not taken"]),
        (lambda: Arrange(of="tree", to="before"), ["'tree'", "another object"]),
    ],
)
def test_refuses(operation, words, sentence):
    with pytest.raises(OptionError) as error:
        operation().apply(Layout.split(drawn(SCENE)))
    sentence(error.value, *words)


def test_what_is_moved_or_copied_comes_before_the_rest_unless_a_depth_was_chosen() -> None:
    text = "hhh..tt hhh.... ......."
    assert after(text, Move(of="house", right=4)) == "....htt ....hhh ......."
    assert after(text, Move(of="house", right=4, raised=True)) == "....hhh ....hhh ......."
    assert after(text, Duplicate(of="house", right=4)) == "hhh.htt hhh.hhh ......."
    assert after(text, Duplicate(of="house", right=4, raised=True)) == "hhh.hhh hhh.hhh ......."
    for chosen in (Arrange(of="tree", to="front"), Arrange(of="house", to="behind", other="tree")):
        assert after(text, chosen, Move(of="house", right=4, raised=True)) == "....htt ....hhh ......."
    lifted = Arrange(of="house", to="front"), Move(of="tree", right=-5, raised=True)
    assert after(text, *lifted) == "hhh.... hhh.... ......."

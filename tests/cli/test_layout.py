import json

import numpy as np
import pytest

import analogon as package
from analogon import LabelClass, LabelMap, Palette

NAMES = {".": "sky", ",": "grass", "t": "tree", "h": "house", "b": "boat: red"}
SCENE = ["............", "..tt.....hh.", "..tt.....hh.", "............", ",,,,,,,,,,,,", ",,,,,,,,,,b,"]


def text_of(path) -> str:
    letters = {name: letter for letter, name in NAMES.items()}
    labels = package.read_labels(path)
    words = {label.id: letters[label.name] for label in labels.palette.classes}
    small = labels.ids[::4, ::4]
    assert (labels.ids == small.repeat(4, 0).repeat(4, 1)).all()
    return " ".join("".join(words[i] for i in line) for line in small.tolist())


@pytest.fixture
def labels(tmp_path):
    """Every character is 4x4 pixels."""
    classes = [LabelClass(n * 3, name, (n * 40, 100, 200 - n * 30)) for n, name in enumerate(NAMES.values())]
    ids = np.array([[list(NAMES).index(c) * 3 for c in line] for line in SCENE]).repeat(4, 0).repeat(4, 1)
    package.write_labels(tmp_path / "labels.png", LabelMap(ids, Palette(tuple(classes))))
    return tmp_path / "labels.png"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--move", "tree:+8,0"], "............ ....tt...hh. ....tt...hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"),
        (["--move", "tree:-8,-4"], "tt.......... tt.......hh. .........hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"),
        (
            ["--move", "boat: red:0,-20"],
            "..........b. ..tt.....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,,,",
        ),
        (
            ["--delete", "boat: red", "--uncovered", "tree"],
            "............ ..tt.....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,t,",
        ),
        (["--scale", "boat: red:3x1"], "............ ..tt.....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,bbb"),
        (["--rotate", "house:180"], " ".join(SCENE)),
        (["--flip", "tree:top-bottom"], " ".join(SCENE)),
        (["--duplicate", "tree:12,0"], "............ ..tt.tt..hh. ..tt.tt..hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"),
        (
            ["--duplicate", "tree", "--move", "tree:4,-4"],
            "...tt....... ..ttt....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,",
        ),
        (
            ["--deform", "boat: red:20,40=20,36"],
            "............ ..tt.....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,b,,",
        ),
        (
            ["--polygon", "house:0,0/4,0/4,8/0,8"],
            "hh.......... ..tt.....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,",
        ),
        (["--fill", "house:0,0"], "hhhhhhhhhhhh hhtthhhhhhhh hhtthhhhhhhh hhhhhhhhhhhh ,,,,,,,,,,,, ,,,,,,,,,,b,"),
        (
            ["--fill", "boat: red:5,8:everywhere"],
            "............ ..bb.....hh. ..bb.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,",
        ),
        (["--relabel", "tree:house"], "............ ..hh.....hh. ..hh.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"),
        (["--merge", "tree:grass"], "............ ..,,.....hh. ..,,.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"),
        (
            ["--group", "all:tree/house", "--move", "all:0,-4"],
            "..tt.....hh. ..tt.....hh. ............ ............ ,,,,,,,,,,,, ,,,,,,,,,,b,",
        ),
        (
            ["--front", "tree", "--move", "house:-28,0"],
            "............ ..tt........ ..tt........ ............ ,,,,,,,,,,,, ,,,,,,,,,,b,",
        ),
        (
            ["--forward", "tree", "--duplicate", "tree:0,-8"],
            "..tt........ ..tt.....hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,",
        ),
        (
            ["--say", "tree: move 12,-4; boat: red: move 4,0"],
            ".....tt..... .....tt..hh. .........hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,,b",
        ),
    ],
)
def test_operations(analogon, labels, tmp_path, arguments, wanted):
    answer = analogon("layout", labels, *arguments, "-o", tmp_path / "new" / "target.png")
    assert answer.code == 0, answer.err
    assert package.read_labels(tmp_path / "new" / "target.png").palette == package.read_labels(labels).palette
    assert text_of(tmp_path / "new" / "target.png") == wanted


def test_operations_are_done_in_the_order_of_the_line(analogon, labels, tmp_path):
    first = ["--move", "tree:8,0", "--duplicate", "tree:-8,0", "--move", "tree:0,-4"]
    second = [*first[2:4], *first[:2], *first[4:]]
    found = []
    for arguments in (first, second):
        assert analogon("layout", labels, *arguments, "-o", tmp_path / "target.png").code == 0
        found.append(text_of(tmp_path / "target.png"))
    assert found[0] == "....tt...... ..tttt...hh. ..tt.....hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"
    assert found[1] == "....tt...... tt..tt...hh. tt.......hh. ............ ,,,,,,,,,,,, ,,,,,,,,,,b,"


def test_a_stroke_and_steps_in_depth_change_the_map(analogon, labels, tmp_path):
    assert analogon("layout", labels, "--brush", "house:2:2,2/2,14", "-o", tmp_path / "a.png").code == 0
    ids = package.read_labels(tmp_path / "a.png").ids
    assert (ids[:4, 2:14] == 9).all() and (ids == 9).sum() > 64 + 48
    over = ["--move", "tree:28,0"]
    for n, step in enumerate(([], ["--backward", "house"], ["--backward", "tree"], ["--forward", "tree"])):
        assert analogon("layout", labels, *over, *step, "-o", tmp_path / f"{n}.png").code == 0
    maps = [package.read_labels(tmp_path / f"{n}.png").ids for n in range(4)]
    assert len({(one == 9).sum() for one in maps}) == 2


def test_a_sentence_finds_a_place(analogon, labels, tmp_path):
    assert analogon("layout", labels, "--say", "tree: duplicate, left of house", "-o", tmp_path / "t.png").code == 0
    ids = package.read_labels(tmp_path / "t.png").ids
    assert (ids == 6).sum() == 128 and (ids == 9).sum() == 64


def test_a_recipe_is_replayed_to_the_bit(analogon, labels, tmp_path):
    mask, recipe = tmp_path / "keep.png", tmp_path / "recipe.json"
    answer = analogon(
        "layout", labels, "--rotate", "house:15", "--delete", "boat: red", "-o", tmp_path / "a.png",
        "--keep-mask", mask, "--recipe", recipe,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert [one["do"] for one in json.loads(recipe.read_text())["operations"]] == ["rotate", "delete"]
    assert analogon("layout", labels, "--replay", recipe, "-o", tmp_path / "b.png").code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    kept = package.read_mask(mask)
    assert kept.any() and not kept.all()
    assert analogon("layout", labels, "--replay", recipe, "--move", "tree:4,0", "-o", tmp_path / "c.png").code == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()


def test_places_go_from_the_layout_to_the_picture(analogon, labels, tmp_path):
    photo = np.random.default_rng(0).uniform(0, 1, (*package.read_labels(labels).shape, 3)).astype(np.float32)
    package.write_image(tmp_path / "photo.png", photo)
    target, places = tmp_path / "target.png", tmp_path / "places.npy"
    assert analogon("layout", labels, "--flip", "house", "-o", target, "--places", places).code == 0
    made = ["make", tmp_path / "photo.png", labels, target, "--keep", "none"]
    assert analogon(*made, "--places", places, "-o", tmp_path / "out", "--provenance").code == 0
    wanted, found = np.load(places), np.load(tmp_path / "out" / "target.provenance.npy")
    told = wanted[..., 0] >= 0
    assert told.any() and (found == wanted).all(-1)[told].mean() > 0.5
    assert str(target) in analogon(*made, "--places", target, "-o", tmp_path / "out").sentence


def test_objects_are_listed(analogon, labels):
    answer = analogon("layout", labels, "--list")
    assert "tree  (tree)  8x8 at row 4, column 8  5.6 %" in answer.out.splitlines()
    assert "  boat: red inside grass" in answer.out.splitlines()
    assert "house 2" not in answer.out
    assert "house 2" in analogon("layout", labels, "--duplicate", "house:-12,0", "--list").out


def test_connectivity_changes_what_an_object_is(analogon, labels, tmp_path):
    ids = np.zeros((16, 16), int)
    ids[2, 2] = ids[3, 3] = 6
    package.write_labels(tmp_path / "l.png", LabelMap(ids, package.read_labels(labels).palette))
    assert "tree 2" not in analogon("layout", tmp_path / "l.png", "--list").out
    assert "tree 2" in analogon("layout", tmp_path / "l.png", "--connectivity", 4, "--list").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--move", "tre:4,0", "-o", "t.png"], ["'tre'", "did you mean 'tree'"]),
        (["--move", "tree:4", "-o", "t.png"], ["--move", "OBJECT:RIGHT,DOWN"]),
        (["--scale", "tree:1x2x3", "-o", "t.png"], ["--scale"]),
        (["--scale", "tree:1000", "-o", "t.png"], ["scale", "64"]),
        (["--delete", "tree", "--uncovered", "lawn", "-o", "t.png"], ["'lawn'"]),
        (["--say", "tree: jump", "-o", "t.png"], ["'jump'"]),
        (["--move", "tree:4,0"], ["-o"]),
        (["-o", "t.jpg"], ["t.jpg", ".png"]),
        (["-o", "t.png", "--recipe", "t.txt"], ["--recipe", "t.txt", ".json"]),
        (["-o", "t.png", "--places", "t.png"], ["--places", "t.png", ".npy"]),
        (["-o", "t.png", "--keep-mask", "t.png"], ["--keep-mask", "overwrite"]),
        (["-o", "labels.png"], ["labels.png", "overwrite"]),
        (["--move", "tree:4,0", "--replay", "r.json", "-o", "t.png"], ["--replay", "before all other"]),
        (["--replay", "missing.json", "-o", "t.png"], ["missing.json"]),
        (["--jump", "tree", "-o", "t.png"], ["--jump"]),
        (["--connectivity", "5", "--list"], ["--connectivity", "5"]),
    ],
)
def test_refuses(analogon, labels, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    before = labels.read_bytes()
    sentence = analogon("layout", labels, *arguments).sentence
    for word in words:
        assert word in sentence
    assert labels.read_bytes() == before and sorted(path.name for path in tmp_path.iterdir()) == ["labels.png"]

"""Looks of trained models on the command line: each command writes what the public functions give."""

import json
import re

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="networks need the extra 'neural'")

from tests.networks.small import ATTENTIVE, GROUPED

import analogon
from analogon.cli import main
from analogon.datasets.scenes import Scenes, SceneSettings, write_scenes

QUICK = {"device": "cpu", "recipe": "paper", "steps": 1, "batch": 1, "lr_generator": 0.05, "norm": "instance"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    write_scenes(root, Scenes(4, SceneSettings(seed=3)))
    half = np.zeros((64, 64), np.uint8)
    half[:, :32] = 255
    Image.fromarray(half).save(root / "left.png")
    return root


@pytest.fixture(scope="module")
def grouped(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grouped")
    analogon.train("groupdnet", data, folder=folder, **{**GROUPED, **QUICK})
    return folder


@pytest.fixture(scope="module")
def attentive(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attentive")
    analogon.train("msca", data, folder=folder, **{**ATTENTIVE, **QUICK})
    return folder


@pytest.fixture
def look(data):
    return lambda n: f"{data}/images/00000{n}.png:{data}/labels/00000{n}.png"


@pytest.fixture
def render(data, tmp_path):
    def run(folder, *more, targets=(0,)):
        labels = [str(data / "labels" / f"00000{n}.png") for n in targets]
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        assert main(["render", str(folder), *labels, "-o", str(out), "--device", "cpu", *more]) == 0
        assert (out / "sheet.png").is_file()
        return out

    return run


def shown(path):
    return np.asarray(Image.open(path)).astype(int)


def near(path, result):
    return np.abs(shown(path) - result.image * 255).max() <= 0.51


def known(folder, data):
    model = analogon.load_trained(folder, device="cpu")
    return model, [model.load_style(data / f"images/00000{n}.png", data / f"labels/00000{n}.png") for n in range(3)]


def test_classes_have_looks_of_pictures_and_seeds(grouped, data, look, render):
    out = render(grouped, "--style", look(1), "--style", f"sky={look(2)}", "--style", "ground=7:0.5")
    model, pictures = known(grouped, data)
    styles = [(1.0, pictures[1]), analogon.Style(pictures[2], classes=["sky"]), analogon.Style(7, 0.5, ["ground"])]
    target = data / "labels/000000.png"
    assert near(out / "000000.png", model.render(target, style=styles))
    assert not near(out / "000000.png", model.render(target, style=pictures[1]))
    told = json.loads((out / "000000.json").read_text())["wishes"]["styles"]
    assert [one.get("classes") for one in told] == [None, ["sky"], ["ground"]]
    assert (told[2]["seed"], told[2]["weight"]) == (7, 0.5)


def test_weights_lead_beyond_looks_and_are_shared_without(attentive, data, look, render):
    model, pictures = known(attentive, data)
    for more, weights in ((("", ""), (0.5, 0.5)), ((":1.5", ":-0.5"), (1.5, -0.5))):
        styles = [f"--style={look(n)}{end}" for n, end in zip((1, 2), more, strict=True)]
        made = model.render(data / "labels/000000.png", style=list(zip(weights, pictures[1:], strict=True)))
        assert near(render(attentive, *styles) / "000000.png", made)


def test_a_mask_says_where(attentive, data, look, render):
    model, pictures = known(attentive, data)
    left = np.zeros((64, 64))
    left[:, :32] = 1
    styles = [analogon.Style(pictures[1]), analogon.Style(pictures[2], mask=left)]
    out = render(attentive, "--style", look(1), "--style", f"{data}/left.png={look(2)}")
    assert near(out / "000000.png", model.render(data / "labels/000000.png", style=styles))
    assert not near(out / "000000.png", model.render(data / "labels/000000.png", style=pictures[1]))


def test_several_seeds_in_one_go(grouped, data, render):
    out = render(grouped, "-n", "2", "--seed", "5", targets=(0, 1))
    assert sorted(p.name for p in out.glob("0*.png")) == [f"00000{t}-{s}.png" for t in (0, 1) for s in (5, 6)]
    model = analogon.load_trained(grouped, device="cpu")
    for name, target, seed in (("000000-6", 0, 6), ("000001-5", 1, 5)):
        assert near(out / f"{name}.png", model.render(data / f"labels/00000{target}.png", seed=seed))
    assert (shown(out / "000000-5.png") != shown(out / "000000-6.png")).any()


def test_several_pictures_that_cannot_differ_are_refused_before_the_first(
    grouped, data, look, tmp_path, capsys, sentence
):
    command = ["render", str(grouped), str(data / "labels/000000.png"), "-o", str(tmp_path / "out"), "--device", "cpu"]
    for more, named in ((["--style", look(1)], "--style"), (["--seed", str(2**32 - 1)], "last seed")):
        assert main([*command, "-n", "2", *more]) == 2
        sentence(capsys.readouterr().err.removeprefix("analogon: error: ").strip(), named)
    assert not (tmp_path / "out").exists()


def test_the_way_from_look_to_look(grouped, attentive, data, look, render):
    out = render(attentive, "--between", look(1), look(2), "--frames", "3")
    alone = render(attentive, "--style", look(1)), render(attentive, "--style", look(2))
    for name, end in (("000000-0", alone[0]), ("000000-2", alone[1])):
        assert (shown(out / f"{name}.png") == shown(end / "000000.png")).all()
    assert (shown(out / "000000-1.png") != shown(alone[0] / "000000.png")).any()
    assert shown(out / "sheet.png").shape[1] > shown(out / "000000-0.png").shape[1] * 3
    out = render(grouped, "--style", look(0), "--between", f"sky={look(1)}", f"sky={look(2)}")
    assert len(list(out.glob("0*.png"))) == 5
    model, pictures = known(grouped, data)
    last = model.render(data / "labels/000000.png", style=pictures[0], classes={"sky": pictures[2]})
    assert near(out / "000000-4.png", last)


def test_two_pictures_swap_their_looks(attentive, data, look, render):
    out = render(attentive, "--swap", "--style", look(1), "--style", look(2), targets=(1, 2))
    model, pictures = known(attentive, data)
    for n, result in zip((1, 2), model.swap(*pictures[1:]), strict=True):
        assert near(out / f"00000{n}.png", result)


def test_attention_stands_beside_the_picture(attentive, data, look, render):
    out = render(attentive, "--attention", "--style", look(1), targets=(0, 2))
    model, pictures = known(attentive, data)
    for n in (0, 2):
        target = data / f"labels/00000{n}.png"
        labels = analogon.read_target(target, model.palette)
        sheet = analogon.attention_sheet(pictures[1], labels, model.attention(target, pictures[1]))
        assert np.abs(shown(out / f"00000{n}.attention.png") - sheet * 255).max() <= 0.51


def test_a_picture_is_pasted_into_what_continues_it(attentive, data, look, tmp_path):
    model, pictures = known(attentive, data)
    larger = analogon.LabelMap(np.pad(pictures[1].labels.ids, ((0, 5), (9, 0)), "edge"), model.palette)
    analogon.write_labels(tmp_path / "larger.png", larger)
    command = ["render", str(attentive), str(tmp_path / "larger.png"), "--style", look(1), "--device", "cpu"]
    assert main([*command, "--paste", "9", "0", "-o", str(tmp_path / "out")]) == 0
    assert near(tmp_path / "out/larger.png", model.render(larger, style=pictures[1], paste=(0, 9)))
    assert not near(tmp_path / "out/larger.png", model.render(larger, style=pictures[1]))


def test_a_model_is_evaluated(attentive, data, tmp_path, capsys):
    command = ["evaluate", str(attentive), "--data", str(data), "--split", "train", "--device", "cpu", "-n", "2"]
    assert main([*command, "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    record = json.loads((tmp_path / "out" / "report.json").read_text())
    pairs = analogon.datasets.read_matches(tmp_path / "out" / "exemplars.json")
    assert [pair.layout for pair in pairs] == record["pictures"] and len(record["pictures"]) == 2
    assert (tmp_path / "out" / "sheet.png").is_file() and "mIoU" in told
    model = analogon.load_trained(attentive, device="cpu")
    pictures = analogon.datasets.load_pictures(data, "auto", "train")
    assert analogon.evaluate(model, pictures, count=2).record() == record


def test_a_mask_that_fits_one_target_only_is_refused_before_the_first(attentive, data, look, tmp_path, capsys):
    model = analogon.load_trained(attentive, device="cpu")
    small = analogon.read_target(data / "labels/000001.png", model.palette).resize((32, 40))
    analogon.write_labels(tmp_path / "small.png", small)
    command = [
        "render",
        str(attentive),
        str(data / "labels/000000.png"),
        str(tmp_path / "small.png"),
        "--device",
        "cpu",
    ]
    styles = ["--style", look(1), "--style", f"{data}/left.png={look(2)}"]
    assert main([*command, *styles, "-o", str(tmp_path / "out")]) == 2
    assert "64x64" in (told := capsys.readouterr().err) and "40x32" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--style", "A", "--style", "sea=B"], "'sea'"),
        (["--style", "A", "--style", f"{'x' * 300}=B"], "no class"),
        (["--style", "A", "--style", "sky=B"], "classes"),
        (["--style", "IMAGE"], "--style IMAGE:LABELS"),
        (["--style", "A", "--style", "labels/000000.png=B:2:3"], "--style"),
        (["--style", "A:0.5", "--style", "B"], "weight"),
        (["--style", "A", "--style", "SMALL=B"], "16x16"),
        (["--style", "A", "--swap"], "two targets"),
        (["--style", "A", "--frames", "3"], "--frames"),
        (["--between", "A", "B", "--frames", "1"], "--frames"),
        (["--between", "A", "B", "--count", "2"], "--count"),
        (["--between", "A:0.5", "B"], "--between"),
        (["--between", "A", "B", "--style", "A"], "another style"),
        (["--style", "A", "--count", "0"], "--count"),
        (["--style", "A", "--count", "2"], "--count 2"),
        (["--style", "3"], "--style"),
        (["--attention", "--style", "3"], "--attention"),
        (["--attention", "--between", "A", "B"], "--attention"),
        (["--paste", "1", "0", "--style", "A"], "--paste 1 0"),
        (["--paste", "0", "0", "--between", "A", "B"], "--paste"),
        (["--paste", "0", "0", "--style", "3"], "--paste"),
        ([], "--style"),
    ],
    ids=" ".join,
)
def test_looks_that_cannot_be_are_refused(more, named, attentive, data, look, tmp_path, capsys, sentence):
    Image.new("L", (16, 16), 255).save(tmp_path / "small.png")
    texts = {"A": look(1), "B": look(2), "IMAGE": look(1).partition(":")[0], "SMALL": str(tmp_path / "small.png")}
    more = [re.sub(r"\b(A|B|IMAGE|SMALL)\b", lambda found: texts[found[0]], word) for word in more]
    command = ["render", str(attentive), str(data / "labels" / "000000.png"), "-o", str(tmp_path / "out")]
    assert main([*command, "--device", "cpu", *more]) == 2
    sentence(capsys.readouterr().err.removeprefix("analogon: error: ").strip(), named)
    assert not (tmp_path / "out").exists()

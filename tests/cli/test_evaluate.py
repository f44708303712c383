import json

import pytest

pytest.importorskip("torch", reason="networks need the extra 'neural'")

import torch
from tests.metrics.learned.conftest import random_weights
from tests.networks.small import hardly_learnt, small_set

import analogon
from analogon import Weights
from analogon.cli import main
from analogon.datasets.scenes import write_scenes


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    write_scenes(root, small_set(4), "val")
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "model"
    hardly_learnt("spade", small_set()).save(folder)
    return folder


def evaluate(model, data, output, *more):
    return main(["evaluate", str(model), "--data", str(data), "-o", str(output), "--device", "cpu", *more])


def test_figures_stand_beside_those_of_the_real_pictures_and_pictures_are_kept(model, data, tmp_path, capsys):
    assert evaluate(model, data, tmp_path, "-n", "2") == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["real pictures"]["oracle_miou"] == 1 > report["figures"]["oracle_miou"]
    assert report["pictures"] == sorted(p.stem for p in (tmp_path / "pictures").iterdir()) == ["000000", "000003"]
    assert analogon.read_image(tmp_path / "sheet.png").std() > 0
    lines = capsys.readouterr().out.splitlines()
    (accuracy,) = (line for line in lines if line.strip().startswith("pixel accuracy:"))
    assert accuracy.endswith(f"(real pictures: {report['real pictures']['accuracy']:.3g})")
    assert not any("real pictures" in line for line in lines if line.strip().startswith("diversity"))


def test_a_missing_model_is_to_be_trained(data, tmp_path, capsys, sentence):
    assert evaluate(tmp_path / "none", data, tmp_path / "out") == 2
    sentence(capsys.readouterr().err.removeprefix("analogon: error: ").strip(), tmp_path / "none", "analogon train")
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_where_weights_or_the_place_cannot_be_used(model, data, tmp_path, capsys, sentence):
    for kind in ("inception", "lpips", "segmenter"):
        assert evaluate(model, data, tmp_path / "out", "-n", "2", "--weights", f"{kind}={data / 'classes.json'}") == 2
        assert "classes.json" in capsys.readouterr().err and not (tmp_path / "out").exists()
    (tmp_path / "pictures").touch()
    assert evaluate(model, data, tmp_path, "-n", "2") == 2
    sentence(capsys.readouterr().err.removeprefix("analogon: error: ").strip(), tmp_path / "pictures", "-o")
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]
    pictures = analogon.datasets.load_pictures(data, split="val")
    with pytest.raises(analogon.InputError) as error:
        analogon.evaluate(analogon.load_trained(model, device="cpu"), pictures, count=1, folder=tmp_path / "pictures")
    sentence(error.value, tmp_path / "pictures")


@pytest.mark.slow
def test_distances_of_sets_are_those_of_what_was_painted_and_the_real_pictures(model, data, tmp_path):
    """With the whole of FID's network, whose weights are random here."""
    from analogon.features.inception import InceptionV3

    with torch.device("meta"):
        network = InceptionV3()
    file = random_weights(network, tmp_path / "inception.safetensors")
    assert evaluate(model, data, tmp_path / "out", "-n", "3", "--seed", "5", "--weights", f"inception={file}") == 0
    figures = json.loads((tmp_path / "out" / "report.json").read_text())["figures"]
    trained, pictures = analogon.load_trained(model, device="cpu"), analogon.datasets.load_pictures(data, split="val")
    real = [pictures[n] for n in (0, 2, 3)]
    layouts = [analogon.LabelMap(pair.labels, pictures.palette) for pair in real]
    painted = [trained.render(layout, seed=5 + n).image for n, layout in enumerate(layouts)]
    sets = painted, [pair.image for pair in real], Weights(inception=file)
    assert figures["fid"] == pytest.approx(analogon.fid(*sets), rel=1e-4) and figures["fid"] > 0
    assert figures["kid"] == pytest.approx(analogon.kid(*sets)[0], rel=1e-4)

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks need the extra 'neural'")

from tests.networks.small import SETTINGS

import analogon
from analogon.cli import main
from analogon.datasets.scenes import Scenes, SceneSettings, write_scenes


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    write_scenes(root, Scenes(3, SceneSettings(seed=3)))
    return root


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "model"
    settings = [f"--set={name}={str(value).lower()}" for name, value in SETTINGS.items() if name != "steps"]
    command = ["train", "spade", "--data", str(data), "-o", str(folder), "--steps", "2", "--recipe", "paper"]
    assert main([*command, "--device", "cpu", "--set", "lr_generator=0.02", *settings]) == 0
    return folder


def test_a_trained_model_renders_in_the_look_of_a_picture(model, data, tmp_path):
    target, other = (str(data / "labels" / f"00000{n}.png") for n in (1, 2))
    looks = [str(data / "images" / f"00000{n}.png") for n in (0, 1)]
    made = {}
    for name, more in {
        "random": [],
        "seed": ["--seed", "5"],
        "styled": ["--style", looks[0]],
        "labelled": ["--style", f"{looks[0]}:{data / 'labels' / '000000.png'}"],
        "mixed": ["--style", looks[0], "--style", looks[1]],
    }.items():
        assert main(["render", str(model), target, other, "-o", str(tmp_path / name), "--device", "cpu", *more]) == 0
        assert (tmp_path / name / "sheet.png").is_file() and (tmp_path / name / "000002.json").is_file()
        made[name] = analogon.read_image(tmp_path / name / "000001.png")
        assert made[name].shape == (64, 64, 3)
    assert (made["styled"] == made["labelled"]).all()
    assert len({np.asarray(image).tobytes() for image in made.values()}) == 4


def test_what_a_model_cannot_do_is_refused_before_anything_is_written(model, data, tmp_path, capsys, sentence):
    target = str(data / "labels" / "000001.png")
    picture = str(data / "images" / "000001.png")
    analogon.fit(analogon.load_exemplar(picture, target), "patch", folder=tmp_path / "one")
    for folder, more, named in (
        (model, ["--tile"], "--tile"),
        (model, ["--style", "a:b:c"], "--style"),
        (model, ["--style", str(tmp_path / "none.png")], "none.png"),
        (tmp_path / "one", ["--style", picture], "--style"),
        (tmp_path / "one", ["--seed", "3"], "--seed"),
    ):
        assert main(["render", str(folder), target, "-o", str(tmp_path / "out"), *more]) == 2
        sentence(capsys.readouterr().err.removeprefix("analogon: error: ").strip(), named)
        assert not (tmp_path / "out").exists()
    command = ["train", "spade", "--data", str(data), "-o", str(tmp_path / "new")]
    for more, named in ((["--set", "folder=x"], "folder"), (["--set", "wide=3"], "wide"), (["--layout", "x"], "'x'")):
        assert main([*command, *more]) == 2
        sentence(capsys.readouterr().err.removeprefix("analogon: error: ").strip(), named)
        assert not (tmp_path / "new").exists()

"""The patch method through the public interface and the command line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analogon
from analogon import ModelError
from analogon.cli import main
from analogon.methods.patch.config import Config
from analogon.methods.patch.method import METHOD
from analogon.run import Run


def test_it_is_the_default_and_learns_nothing(exemplar, target):
    model = analogon.fit(exemplar)
    assert model.method == "patch"
    synthesizer = METHOD.fit(exemplar, Config(), Run())
    assert synthesizer.arrays() == {} and synthesizer.outcome.stopped is None
    assert (synthesizer.render(target, Run()).image == model.render(target).image).all()


def test_a_saved_model_renders_the_same(exemplar, target, tmp_path):
    model = analogon.fit(exemplar, "patch", seed=3, random_tries=2, leaps=1)
    model.save(tmp_path / "model")
    again = analogon.load(tmp_path / "model")
    assert (again.render(target).image == model.render(target).image).all()
    assert again.config == model.config


def test_arrays_are_not_its_own(exemplar, sentence):
    with pytest.raises(ModelError) as error:
        METHOD.restore(exemplar, Config(), {"weights": np.zeros(3)}, Run())
    sentence(error.value, "patch")
    assert METHOD.restore(exemplar, Config(), {}, Run()).exemplar is exemplar


def test_what_a_render_tells(exemplar, target):
    result = analogon.fit(exemplar, "patch").render(target)
    assert list(result.timing) == ["reading", "carrying", "arranging", "level 1/1", "joining", "painting"]
    assert all(seconds >= 0 for seconds in result.timing.values())
    assert sum(result.timing.values()) <= result.seconds
    assert 0 < result.provenance.kept() < 1 and 0 < result.provenance.used() <= 1


def test_renders_do_not_change_the_model(exemplar, target, make_target):
    model = analogon.fit(exemplar, "patch")
    first = model.render(target)
    model.render(make_target((40, 20)), tile=True)
    assert (model.render(target).image == first.image).all()


@pytest.fixture
def files(tmp_path: Path, make_exemplar, make_target) -> Path:
    """picture.png, labels.png and target.png."""
    exemplar = make_exemplar((40, 56))
    analogon.write_image(tmp_path / "picture.png", exemplar.image)
    analogon.write_labels(tmp_path / "labels.png", exemplar.labels)
    analogon.write_labels(tmp_path / "target.png", make_target((40, 56)))
    return tmp_path


def made(files: Path, *options: object) -> int:
    names = ("picture.png", "labels.png", "target.png")
    return main(["make", *(str(files / name) for name in names), "-o", str(files / "out"), *map(str, options)])


def test_make_writes_a_picture_of_pixels_of_the_source(files):
    assert made(files, "--provenance", "--set", "tone=false") == 0
    names = {path.name for path in (files / "out").iterdir()}
    assert names >= {"target.png", "target.json", "target.provenance.npy", "target.provenance.png", "target.labels.png"}
    rows, cols = np.moveaxis(np.load(files / "out" / "target.provenance.npy"), -1, 0)
    with Image.open(files / "picture.png") as source, Image.open(files / "out" / "target.png") as picture:
        assert (np.asarray(source)[rows, cols] == np.asarray(picture)).all()
    assert json.loads((files / "out" / "target.json").read_text())["method"] == "patch"


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_ctrl_c_leaves_nothing_half_written(files, stage, monkeypatch, capsys):
    from analogon.cli import progress
    from analogon.ops import arrange

    monkeypatch.setattr(arrange, "GRID", 16)

    def interrupt(self, event):
        if event.step == stage:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.ProgressDisplay, "__call__", interrupt)
    assert made(files) == 130
    assert capsys.readouterr().err == "analogon: stopped\n"
    assert not (files / "out").exists()


def test_a_run_imports_neither_torch_nor_what_is_slow_to_import(files):
    program = (
        "import sys\n"
        "from analogon.cli import main\n"
        f"code = main(['make', *({str(files)!r} + '/' + n for n in ('picture.png', 'labels.png', 'target.png')), "
        f"'-o', {str(files / 'out')!r}])\n"
        "assert code == 0\n"
        "assert not {'torch', 'scipy.signal', 'scipy.stats', 'matplotlib'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (files / "out" / "target.png").exists()

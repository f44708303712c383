"""Jobs that travel with their files: here to a process of this machine, which reads no other folder."""

import json
from dataclasses import replace

import numpy as np
import pytest

import analogon
from analogon import OptionError, write_image
from analogon.comparing import running
from analogon.workers import open_workers

pytestmark = pytest.mark.usefixtures("entrants")


@pytest.fixture
def travelling(monkeypatch):
    """A comparison's jobs go to other workers than its own processes."""
    monkeypatch.setattr(running, "open_workers", lambda jobs, cluster, gpus: open_workers(1))


def untimed(trial):
    """A trial without what depends on the machine and the moment."""
    record = {
        name: value for name, value in trial.record.items() if name not in ("seconds", "scoring_seconds", "stages")
    }
    record.pop("traceback", None)
    return replace(trial, seconds=None, fit_seconds=None, peak_bytes=None, record=record)


def test_what_comes_back_is_what_is_made_here(files, tmp_path, travelling, monkeypatch):
    """Failures and pictures made elsewhere included."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    image, labels, targets = files
    pictures = tmp_path / "made"
    pictures.mkdir()
    for name, shape in {"moved": (24, 32), "wide": (9, 9)}.items():
        write_image(pictures / f"{name}.png", np.full((*shape, 3), 0.5, np.float32))
    asked = {"methods": ["fails", "dies"], "pictures": {"made": pictures}}
    here = analogon.compare(image, labels, targets, output=tmp_path / "here", **asked)
    there = analogon.compare(image, labels, targets, output=tmp_path / "there", cluster="somewhere", **asked)
    assert len(there.trials) == 6 and sum(trial.error is not None for trial in here.trials) == 4
    for mine, theirs in zip(here.trials, there.trials, strict=True):
        assert untimed(mine) == untimed(theirs)
        for path in filter(None, (mine.picture, mine.provenance)):
            assert (tmp_path / "here" / path).read_bytes() == (tmp_path / "there" / path).read_bytes()
    names = [sorted(p.relative_to(root) for p in root.rglob("*")) for root in (tmp_path / "here", tmp_path / "there")]
    assert names[0] == names[1]
    assert any(f"'{pictures / 'wide.png'}'" in (trial.error or "") for trial in there.trials)


def test_what_came_back_is_not_made_again(files, tmp_path, marks, travelling):
    image, labels, targets = files
    asked = {"methods": ["counts"], "output": tmp_path / "out", "cluster": "somewhere"}
    first = analogon.compare(image, labels, targets, **asked)
    assert len(list(marks.iterdir())) == 1 and not any(trial.error for trial in first.trials)
    assert analogon.compare(image, labels, targets, **asked).trials == first.trials
    assert len(list(marks.iterdir())) == 1
    # nor is it there, where only figures are wanted
    for told in (tmp_path / "out" / "results").rglob("*.json"):
        record = json.loads(told.read_text())
        told.write_text(json.dumps(record | {"scoring": None}))
    again = analogon.compare(image, labels, targets, **asked)
    assert [untimed(trial) for trial in again.trials] == [untimed(trial) for trial in first.trials]
    assert len(list(marks.iterdir())) == 1


def test_weights_travel(files, tmp_path, travelling):
    """What is told of figures names the files of this machine."""
    from analogon.comparing.elsewhere import _as_sent, _moved, _weights
    from analogon.comparing.jobs import Job
    from analogon.report.values import Case, Contender

    job = Job(tmp_path, Case("a", tmp_path, tmp_path, {}, {}), Contender("source", None), 0, "cpu", (), {
        "weights": {"lpips": ["/home/ä/alex.safetensors", 5, 6]}
    })  # fmt: skip
    places = {path: f"/node/{short}" for path, short in _weights(job).items()}
    moved = _moved(job, tmp_path / "node", places)
    assert moved.scoring == {"weights": {"lpips": ["/node/weights/lpips/alex.safetensors", 5, 6]}}
    assert json.loads(_as_sent(json.dumps(moved.scoring).encode(), places)) == job.scoring


def test_a_share_of_a_gpu_is_for_a_cluster(files, tmp_path, sentence):
    image, labels, targets = files
    for gpus, cluster in ((0.5, None), (1.5, "auto"), (-1, "auto"), (True, "auto"), (float("nan"), "auto")):
        with pytest.raises(OptionError) as caught:
            analogon.compare(image, labels, targets, output=tmp_path / "out", gpus=gpus, cluster=cluster)
        sentence(caught.value, "--gpus")
    assert not (tmp_path / "out").exists()

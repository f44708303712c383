"""Real processes on pictures of a few hundred pixels."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import analogon
from analogon import Contender, OptionError, read_image
from analogon.comparing.holding import held
from analogon.comparing.machine import cores

pytestmark = pytest.mark.usefixtures("entrants")

FILES = ("report.html", "comparison.json", "figures.csv", "aggregate.csv")


def by_place(comparison):
    return {(t.case, t.target, t.contender, t.seed): t for t in comparison.trials}


def test_a_comparison_with_failures(files, tmp_path, sentence):
    """One works, one cannot do one target, one has a bug, one is killed; and the source is not of every size."""
    image, labels, targets = files
    out = tmp_path / "out"
    methods = ["copies", "fails", "breaks", "dies", "source"]
    steps = []
    comparison = analogon.compare(
        image, labels, targets, output=out, methods=methods, name="one", progress=steps.append
    )
    assert [(step.step, step.steps) for step in steps][-1] == (10, 10)
    trials = by_place(comparison)
    assert list(trials) == [("one", t, m, 0) for t in ("moved", "wide") for m in methods]
    assert {m for (_, t, m, _), trial in trials.items() if trial.error and t == "moved"} == {"breaks", "dies"}
    assert {m for (_, t, m, _), trial in trials.items() if trial.error and t == "wide"} == {
        "fails", "breaks", "dies", "source"
    }  # fmt: skip

    good = trials["one", "moved", "copies", 0]
    model = analogon.fit(analogon.load_exemplar(image, labels), "copies")
    result = model.render(targets[0], keep="none")
    assert np.array_equal(read_image(out / good.picture), result.image)
    assert np.array_equal(np.load(out / good.provenance), result.provenance.places)
    assert good.figures["coherence@1"] is not None and good.classes["ball"]["iou"] is not None
    assert good.fit_seconds is None and good.seconds is not None  # it learns nothing
    assert 20e6 < good.peak_bytes < 2e9
    assert good.record["config"]["shift"] == 0 and good.record["wishes"]["keep"] == "none"
    assert np.array_equal(read_image(out / trials["one", "moved", "source", 0].picture), read_image(image))
    assert comparison.machine["versions"].items() >= good.record["versions"].items()

    for trial in comparison.trials:
        if trial.error:
            sentence(trial.error)
            assert trial.picture is None and not trial.figures
    assert "another size" in trials["one", "wide", "fails", 0].error
    assert "division by zero" in trials["one", "wide", "breaks", 0].error
    assert "ZeroDivisionError" in trials["one", "wide", "breaks", 0].record["traceback"]
    assert "killed" in trials["one", "wide", "dies", 0].error
    if sys.platform == "linux":
        assert trials["one", "wide", "dies", 0].peak_bytes > 80e6
    assert "32x24" in trials["one", "wide", "source", 0].error
    assert all((out / name).is_file() for name in FILES)
    assert analogon.Comparison.read(out) == comparison
    assert not list(out.rglob("*.part"))


def test_what_is_there_is_not_made_again(files, tmp_path, marks, monkeypatch):
    image, labels, targets = files
    out, asked = tmp_path / "out", {"methods": ["counts"], "output": tmp_path / "out", "jobs": 1}
    first = analogon.compare(image, labels, targets[:1], **asked)
    assert len(list(marks.iterdir())) == 1
    assert analogon.compare(image, labels, targets[:1], **asked) == first
    assert len(list(marks.iterdir())) == 1
    analogon.compare(image, labels, targets[:1], **asked, settings={"counts": {"shift": 3}})
    assert len(list(marks.iterdir())) == 2
    (out / by_place(first)["one", "moved", "counts", 0].picture).unlink()
    analogon.compare(image, labels, targets[:1], **asked, settings={"counts": {"shift": 3}})
    assert len(list(marks.iterdir())) == 3


def test_an_older_report_stays_as_long_as_it_is_true(files, tmp_path):
    """Added methods leave it alone; where its pictures are replaced, it goes before they do."""
    image, labels, targets = files
    out = tmp_path / "out"

    def stop(event):
        raise KeyboardInterrupt

    analogon.compare(image, labels, targets, output=out, methods=["copies"])
    for methods, settings, stays in ((["copies", "counts"], {}, True), (["copies"], {"copies": {"shift": 3}}, False)):
        with pytest.raises(KeyboardInterrupt):
            analogon.compare(image, labels, targets, output=out, methods=methods, settings=settings, progress=stop)
        assert [(out / name).exists() for name in FILES] == [stays] * 4


def test_drafts_of_others_stay(cases, tmp_path):
    """A process that ends takes away nothing that another is writing; at the end nothing is left of killed ones."""
    draft, there = tmp_path / "out" / "results" / "one" / "moved" / f".{'0a' * 6}.part", []
    left = tmp_path / "out" / "inputs" / f".{'f1' * 6}.part"
    left.parent.mkdir(parents=True)
    left.touch()

    def listen(event):
        assert not left.exists()
        if event.step == 0:
            draft.parent.mkdir(parents=True)
            draft.touch()
        there.append(draft.exists())

    analogon.bench(cases, output=tmp_path / "out", methods=["copies", "breaks"], only=["one"], progress=listen)
    assert len(there) == 3 and all(there)
    assert not draft.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there no folder is held")
def test_one_comparison_at_a_time(cases, tmp_path, sentence):
    out = tmp_path / "out"
    with held(out), pytest.raises(OptionError) as caught:
        analogon.bench(cases, output=out, methods=["breaks"], only=["two"])
    sentence(caught.value, out)
    assert not list(out.iterdir())
    (trial,) = analogon.bench(cases, output=out, methods=["breaks"], only=["two"]).trials
    assert "division by zero" in trial.error


def test_other_names_for_the_same_files(files, tmp_path, marks):
    image, labels, targets = files
    for name, label in (("a, b", "one, two"), ("a b", "one two")):
        methods = [Contender(label, "counts")]
        made = analogon.compare(image, labels, targets[:1], output=tmp_path / "out", methods=methods, name=name)
        assert (made.trials[0].case, made.trials[0].contender) == (name, label)
    assert len(list(marks.iterdir())) == 1


def test_processes_at_once_change_nothing(cases, tmp_path, marks, monkeypatch):
    """They have fewer threads each, too."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    methods = ["patch", Contender("counts, later", "counts", "later")]
    runs = [
        analogon.bench(cases, output=tmp_path / f"{jobs}", methods=methods, only=["one"], jobs=jobs) for jobs in (1, 2)
    ]
    assert {mark.read_text() for mark in marks.iterdir()} == {str(cores()), str(max(1, cores() // 2))}
    assert runs[0].aggregates == runs[1].aggregates and len(runs[0].trials) == 4
    for one, other in zip(*(run.trials for run in runs), strict=True):
        assert (one.figures, one.classes, one.picture) == (other.figures, other.classes, other.picture)
        assert (tmp_path / "1" / one.picture).read_bytes() == (tmp_path / "2" / other.picture).read_bytes()
    later = by_place(runs[0])["one", "moved", "counts, later", 0]
    assert later.record["config"]["shift"] == 5
    assert (tmp_path / "1" / later.picture).name == "counts_later.png"


#: Ctrl-C is heard, which whatever runs the tests in the background may have switched off.
COMMAND = """import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from analogon.cli import main
sys.exit(main())"""
#: Seconds in which even a busy machine is done with what takes one or two.
PATIENCE = 120.0


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_all_processes_end_with_the_comparison(cases, tmp_path, marks, how):
    """After Ctrl-C nothing is half there; what was done is taken up. Nor does anything outlive a killed parent."""
    out = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = ["bench", cases, "-o", out, "--methods", "copies,waits", "--only", "two", "--jobs", "2"]
    told = out / "results" / "two" / "moved" / "copies.json"
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            wait_for(lambda: list(marks.iterdir()) and told.is_file() and json.loads(told.read_text())["scoring"])
            child = int(next(marks.iterdir()).name)
            parent.send_signal(how)
            said, _ = parent.communicate(timeout=PATIENCE)
        finally:
            parent.kill()  # which does nothing to one that has ended
    assert parent.returncode == (130 if how == signal.SIGINT else -how)
    wait_for(lambda: not alive(child))
    assert not any((out / name).exists() for name in FILES)
    assert not list(out.rglob("*.part"))
    before = told.stat().st_mtime_ns
    if how == signal.SIGINT:
        assert f"kept in {out}" in said
        comparison = analogon.bench(cases, output=out, methods=["copies"], only=["two"])
        assert comparison.trials[0].figures["miou"] is not None
        assert told.stat().st_mtime_ns == before


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(process):
    """Whether a process runs; one that ended and nobody has asked after does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_seeds_and_pictures_from_elsewhere(cases, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "one"
    elsewhere.mkdir(parents=True)
    made = analogon.fit(analogon.load_exemplar(cases / "one/img.png", cases / "one/label.png"), "copies", shift=9)
    made.render(cases / "one/cond/moved.png").save(elsewhere / "moved.png")
    comparison = analogon.bench(
        cases,
        output=tmp_path / "out",
        only=["one"],
        methods=["copies"],
        pictures={"by hand": tmp_path / "elsewhere"},
        seeds=(4, 0),
        keep="auto",
    )
    trials = by_place(comparison)
    assert list(trials) == [
        ("one", "moved", "copies", 4),
        ("one", "moved", "copies", 0),
        ("one", "moved", "by hand", 4),
        ("one", "wide", "copies", 4),
        ("one", "wide", "copies", 0),
        ("one", "wide", "by hand", 4),
    ]
    pair = [trials["one", "moved", "copies", seed] for seed in (4, 0)]
    assert pair[0].picture != pair[1].picture
    assert pair[0].figures["diversity"] == pair[1].figures["diversity"] > 0
    exemplar = analogon.load_exemplar(cases / "one/img.png", cases / "one/label.png")
    stay = exemplar.labels.ids == analogon.load_target(exemplar, cases / "one/cond/moved.png").ids
    assert np.array_equal(read_image(tmp_path / "out" / pair[0].picture)[stay], exemplar.image[stay])
    hand = trials["one", "moved", "by hand", 4]
    assert (tmp_path / "out" / hand.picture).read_bytes() == (elsewhere / "moved.png").read_bytes()
    assert "diversity" not in hand.figures and hand.figures["miou"] is not None
    assert hand.seconds is None and hand.peak_bytes is None
    assert "no picture of target 'wide'" in trials["one", "wide", "by hand", 4].error
    diversity = next(one for one in comparison.aggregates if (one.contender, one.metric) == ("copies", "diversity"))
    assert diversity.targets == 2


def test_weights_change_figures_and_no_picture(files, tmp_path, marks):
    """A network that sees one class everywhere: figures that need it come, and nothing is made again."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    image, labels, targets = files
    helper, path = onnx.helper, tmp_path / "one class.onnx"
    arrays = {"weight": np.zeros((3, 3, 1, 1), np.float32), "bias": np.array([1, 0, 0], np.float32)}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight", "bias"], ["scores"])],
        "one class",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [1, 3, "h", "w"])],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    asked = {"methods": ["counts"], "output": tmp_path / "out"}
    without = analogon.compare(image, labels, targets[:1], **asked).trials[0].figures
    figures = (
        analogon.compare(image, labels, targets[:1], **asked, weights=analogon.Weights(segmenter=path))
        .trials[0]
        .figures
    )
    layout = analogon.load_target(analogon.load_exemplar(image, labels), targets[0])
    assert figures["net_accuracy"] == pytest.approx(layout.share(layout.palette.ids[0]))
    assert without.get("net_accuracy") is None and without["miou"] == figures["miou"]
    assert len(list(marks.iterdir())) == 1

"""A Ray cluster of several nodes on this machine, of which one is killed; and addresses where there is none."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest

import analogon
from analogon import OptionError, write_image, write_labels
from analogon.cli import main
from analogon.methods.bundle import Bundle
from analogon.workers import open_workers

from .conftest import HERE

#: Bytes of the object store of a node.
STORE = 80 << 20


@pytest.fixture
def case(tmp_path, make_exemplar, make_target):
    """A folder with a picture, its label map and a target."""
    folder = tmp_path / "cases" / "one"
    (folder / "cond").mkdir(parents=True)
    write_image(folder / "img.png", make_exemplar().image)
    write_labels(folder / "label.png", make_exemplar().labels)
    write_labels(folder / "cond" / "wide.png", make_target((20, 40)))
    return folder


@pytest.mark.parametrize("address", ["here", "ray://here:10001", "here:port", ":6379", "here:70000", "127.0.0.1:1"])
def test_addresses_without_a_cluster(case, tmp_path, capsys, sentence, address):
    """They are refused at once, and nothing is written."""
    out = tmp_path / "out"
    began = time.monotonic()
    for words in (
        ["fit", case, "--method", "patch"], ["compare", case], ["bench", case.parent], ["augment", case, "-n", "2"]
    ):  # fmt: skip
        assert main([*map(str, words), "-o", str(out), "--cluster", address]) == 2
        said = capsys.readouterr().err.strip().splitlines()[-1].removeprefix("analogon: error: ")
        sentence(said, "cluster", address)
    assert not out.exists() and time.monotonic() - began < 10


def test_without_ray(monkeypatch, sentence):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OptionError) as caught, open_workers(None, "auto"):
        pass
    assert "analogon[ray]" in sentence(caught.value, "--cluster")


@pytest.mark.slow
def test_a_port_of_something_else(sentence):
    """Ray itself would wait for it for ever."""
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(OptionError) as caught, open_workers(None, f"127.0.0.1:{server.getsockname()[1]}"):
            pass
        assert time.monotonic() - began < 30
    sentence(caught.value, "127.0.0.1")


@pytest.fixture(scope="module")
def head():
    """A cluster with one node of one processor, which sends nothing anywhere."""
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *filter(None, sys.path)]))
        from ray.cluster_utils import Cluster

        one = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE},
        )
        yield one
        one.shutdown()


@pytest.fixture
def cluster(head):
    """With a second node; (address, what kills that node)."""
    node = head.add_node(num_cpus=1, object_store_memory=STORE)
    killed = []

    def kill():
        if not killed:
            killed.append(node)
            head.remove_node(node, allow_graceful=False)

    yield head.address, kill
    kill()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_lost_node_costs_what_it_was_doing(chores, cluster, tmp_path, sentence, capfd):
    address, kill = cluster
    with open_workers(None, address) as workers:
        found = dict(sorted(workers.each(chores.careful, range(4))))
        assert [outcome.value for outcome in found.values()] == [0, None, None, 3]
        assert found[1].error == "'a.png' is no picture: give another." and "chores.py" in found[2].trace
        found = dict(workers.each(chores.dies, range(3)))
        assert (found[0].value, found[2].value) == (0, 2) and "4 times" in sentence(found[1].error)
        with pytest.raises(OptionError) as caught:
            next(workers.each(chores.careful, [0], gpus=0.25))
        sentence(caught.value, "--gpus")
        found = dict(sorted(workers.each(chores.strange, range(7))))
        assert [outcome.value for outcome in found.values()] == [*[None] * 5, 5, 6]
        assert "SystemExit" in sentence(found[0].error) and "cannot be sent" in sentence(found[3].error)

        early, found = [], {}
        for number, outcome in workers.each(chores.marks, range(40), shared=(str(tmp_path), b"x" * 300_000)):
            found[number] = outcome.value
            if len(found) == 12:
                early = list(found)
                kill()
    assert found == {number: b"x" * 300_000 + bytes([number]) for number in range(40)}
    times = Counter(int(mark.name.partition("-")[0]) for mark in tmp_path.iterdir())
    assert all(times[number] == 1 for number in early)  # what was done is not done again
    assert 40 < sum(times.values()) <= 44  # and what was lost is what was there
    assert capfd.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_tasks_that_share_a_gpu(chores, head, tmp_path):
    """Of a node that says that it has one: as many run at once as it has parts."""
    node = head.add_node(num_cpus=3, num_gpus=1, object_store_memory=STORE)
    try:
        with open_workers(None, head.address) as workers:
            found = [outcome.value for _, outcome in workers.each(chores.surroundings, range(2), gpus=0.5)]
            assert [one["CUDA_VISIBLE_DEVICES"] for one in found] == ["0", "0"]
            outcomes = workers.each(chores.waits, range(3), shared=str(tmp_path), gpus=0.5)
            threading.Thread(target=_let_go, args=(tmp_path, 3), daemon=True).start()
            assert {number for number, _ in outcomes} == {0, 1, 2}
            assert (tmp_path / "most").read_text() == "2"
    finally:
        head.remove_node(node)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_gpus_that_the_cluster_does_not_have(head, case, tmp_path, make_exemplar, make_target, sentence):
    """They are refused before anything is written."""
    exemplar, out = make_exemplar(), tmp_path / "out"
    there = {"output": out, "cluster": head.address, "gpus": 0.5}
    for ask in (
        lambda: analogon.augment.make_dataset(case, 2, **there),
        lambda: analogon.fit_each(case, "patch", **there),
        lambda: analogon.compare(
            exemplar.image, exemplar.labels, {"t": make_target((20, 40))}, methods=["source"], **there
        ),
        lambda: analogon.bench(case.parent, methods=["source"], **there),
    ):
        with pytest.raises(OptionError, match=r"--gpus asks for 0\.5 and the cluster has 0") as caught:
            ask()
        sentence(caught.value)
        assert not out.exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_item_is_far_ahead_on_a_cluster(check_ahead, cluster):
    with open_workers(2, cluster[0]) as workers:
        check_ahead(workers)


def _let_go(folder, number):
    """Let items of `chores.waits` end one by one; say how many had begun when none was done."""
    while len(list(folder.glob("begun-*"))) < 2:
        time.sleep(0.02)
    time.sleep(2)  # a third one would begin
    (folder / "most").write_text(str(len(list(folder.glob("begun-*")))))
    for item in range(number):
        (folder / f"go-{item}").touch()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_comparison_of_several_machines(cluster, tmp_path, make_exemplar, make_target, monkeypatch):
    """Byte for byte that of one, with a node killed in the middle."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    address, kill = cluster
    exemplar, targets = make_exemplar((40, 48)), {"wide": make_target((40, 60))}
    asked = {"methods": ["patch", "source"], "seeds": range(4)}
    here = analogon.compare(exemplar.image, exemplar.labels, targets, output=tmp_path / "here", jobs=2, **asked)
    steps = []

    def listen(event):
        steps.append(event.step)
        if event.step >= 2:
            kill()

    there = analogon.compare(
        exemplar.image, exemplar.labels, targets, output=tmp_path / "there", cluster=address, progress=listen, **asked
    )
    assert steps[-1] == len(there.trials)
    failed = [(trial.contender, trial.target) for trial in there.trials if trial.error]
    assert failed == [("source", "wide")]  # which the source cannot be
    for mine, theirs in zip(here.trials, there.trials, strict=True):
        assert (mine.figures, mine.picture, mine.error) == (theirs.figures, theirs.picture, theirs.error)
        for path in filter(None, (mine.picture, mine.provenance)):
            assert (tmp_path / "here" / path).read_bytes() == (tmp_path / "there" / path).read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_fits_of_several_machines(cluster, tmp_path, make_exemplar, small, monkeypatch):
    """The weights are those that processes of this machine learn."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    address, kill = cluster
    for number in range(4):
        folder = tmp_path / "cases" / f"case {number}"
        folder.mkdir(parents=True)
        exemplar = make_exemplar((20 + 2 * number, 28))
        write_image(folder / "img.png", exemplar.image)
        write_labels(folder / "label.png", exemplar.labels)
    asked = {"method": "collage", "device": "cpu", **small["collage", "default"]}

    def listen(event):
        if event.step >= 1:
            kill()

    there = analogon.fit_each(
        tmp_path / "cases", output=tmp_path / "there", cluster=address, progress=listen, **asked
    )  # fmt: skip
    here = analogon.fit_each(tmp_path / "cases", output=tmp_path / "here", workers=2, **asked)
    assert [one.error for one in (*here, *there)] == [None] * 8
    for mine, theirs in zip(here, there, strict=True):
        first, second = Bundle.read(mine.folder), Bundle.read(theirs.folder)
        assert first.record["requested"] == second.record["requested"]
        assert first.arrays.keys() == second.arrays.keys()
        assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_samples_of_several_machines(cluster, tmp_path, make_exemplar, monkeypatch):
    """The dataset is byte for byte that of one machine, with a node killed in the middle."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    address, kill = cluster
    write_image(tmp_path / "img.png", make_exemplar((40, 48)).image)
    write_labels(tmp_path / "label.png", make_exemplar((40, 48)).labels)

    def listen(event):
        if event.stage == "making samples" and event.step >= 3:
            kill()

    asked = {"settings": analogon.augment.Settings(layouts=("warps",), agreement=0.5, similarity=1.0)}
    here, there = tmp_path / "here", tmp_path / "there"
    analogon.augment.make_dataset(tmp_path, 8, output=here, workers=1, **asked)
    analogon.augment.make_dataset(
        tmp_path, 8, output=there, workers=None, cluster=address, progress=listen, **asked
    )  # fmt: skip
    names = [sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file()) for root in (here, there)]
    assert names[0] == names[1] and len(names[0]) >= 8 * 4
    samples = [name for name in names[0] if name.parts[0] in ("samples", "refused")]
    assert [(here / name).read_bytes() == (there / name).read_bytes() for name in samples] == [True] * len(samples)


@pytest.mark.slow
def test_the_command_line_finds_the_cluster_of_this_machine(cluster, tmp_path, make_exemplar):
    """With nothing of Ray's on the terminal."""
    write_image(tmp_path / "img.png", make_exemplar().image)
    write_labels(tmp_path / "label.png", make_exemplar().labels)
    command = [
        sys.executable,
        "-c",
        "from analogon.cli import main; raise SystemExit(main())",
        "fit",
        tmp_path,
        "--method",
        "patch",
        "-o",
        tmp_path / "out",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "RAY_ADDRESS": cluster[0]}
    done = subprocess.run(
        [*command, "--cluster", "auto"], env=environment, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["Model:", str(tmp_path / "out" / tmp_path.name)]
    assert "ray" not in done.stderr.lower()

"""How many processes run at once, and what they hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analogon import Case, Contender
from analogon.comparing import processes
from analogon.comparing.jobs import Job, Piece
from analogon.comparing.machine import cores, description, free_memory, held_memory, peak_memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells")


def job(method, tmp_path=Path()):
    case = Case("case", Path("source.png"), Path("labels.png"), {"t": Path("t.png")})
    return Job(tmp_path, case, Contender(method, method), 0, "auto", (Piece("t", Path("r", "t"), {"a": 1}),), {"b": 2})


def test_a_job_survives_its_line():
    one = job("patch", Path("no \udcff text"))
    assert Job.parse(one.text()) == one
    assert "\n" not in one.text()


def test_a_process_ends_with_a_sentence(tmp_path, sentence):
    """Where neither a picture nor a word about it can be kept."""
    one = job("patch", tmp_path)
    command = [sys.executable, "-P", "-m", "analogon.comparing.worker"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # its input stays open, for it ends without a word when that is closed
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as ended:
        ended.stdin.write(one.text() + "\n")
        ended.stdin.flush()
        said = ended.stderr.read()
    assert ended.returncode == 1
    sentence(said.strip(), tmp_path / "source.png")


def test_cores_are_shared(monkeypatch):
    monkeypatch.setattr(processes, "cores", lambda: 8)
    assert processes.at_once(20, None) == (8, 1)
    assert processes.at_once(3, None) == (3, 2)
    assert processes.at_once(1, None) == (1, 8)
    assert processes.at_once(20, 2) == (2, 4)


def test_memory_bounds_what_runs(monkeypatch):
    """What is free must do for one more, and for what those that run will still ask for."""
    running = [processes._Running(job("patch"), FakeProcess(), None, need=5_000)]
    monkeypatch.setattr(processes, "held_memory", lambda process: 2_000)
    monkeypatch.setattr(processes, "free_memory", lambda: 10_000)
    assert processes._fits(7_000, running) and not processes._fits(7_001, running)
    assert processes._fits(10**15, [])  # one runs whatever it needs
    monkeypatch.setattr(processes, "free_memory", lambda: None)
    assert processes._fits(10**15, running)


class FakeProcess:
    pid = 1


def test_what_a_contender_is_thought_to_need():
    assert processes._need(job("semia"), {}) > processes._need(job("patch"), {}) > 0
    assert processes._need(job("semia"), {"semia": 5_000}) == 5_000


@linux
def test_peak_is_of_the_process_alone():
    """Not of the one that started it, which holds more."""
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    code = "from analogon.comparing.machine import peak_memory; print(peak_memory())"
    peak = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert 5_000_000 < peak < 200_000_000 < peak_memory()
    assert held_memory() > 200_000_000
    assert held_memory(2**22 + 1) is None


@linux
def test_the_machine():
    assert 0 < free_memory() <= description()["memory"]
    assert description()["cores"] == cores() >= 1
    assert {"analogon", "numpy", "python"} <= description()["versions"].keys()

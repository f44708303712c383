"""Real processes that square numbers, fail, and are killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from itertools import count
from pathlib import Path

import pytest

from analogon import OptionError
from analogon.workers import cores, open_workers

SCRIPT = """
    from analogon.workers import open_workers
    import chores
    with open_workers(2) as workers:
        print(sorted(outcome.value for _, outcome in workers.each(chores.square, range(3), shared=1)))
"""


def by_number(outcomes):
    return dict(sorted(outcomes))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()


@pytest.mark.parametrize("number", [1, 2])
def test_who_does_it_changes_nothing(chores, number, sentence):
    with open_workers(number) as workers:
        found = by_number(workers.each(chores.square, range(7), shared=5))
        assert [outcome.value for outcome in found.values()] == [5, 6, 9, 14, 21, 30, 41]
        assert list(found) == list(range(7))
        assert by_number(workers.each(chores.square, [], shared=5)) == {}

        found = by_number(workers.each(chores.careful, range(4)))  # the same workers, something else
        assert [outcome.value for outcome in found.values()] == [0, None, None, 3]
        assert found[1].error == "'a.png' is no picture: give another." and not found[1].trace
        assert "what is this" in sentence(found[2].error) and "chores.py" in found[2].trace


def test_a_lost_worker_is_replaced(chores, tmp_path, sentence):
    with open_workers(2) as workers:
        found = by_number(workers.each(chores.dies_once, range(5), shared=str(tmp_path)))
        assert [outcome.value for outcome in found.values()] == list(range(5))
        found = by_number(workers.each(chores.dies, range(4)))
        assert [outcome.value for outcome in found.values()] == [0, None, 2, 3]
        assert "4 times" in sentence(found[1].error) and not found[1].trace


def test_what_would_end_the_caller_is_an_outcome(chores, sentence):
    """An item may ask the process to end, or return what cannot be sent, or not be read."""
    with open_workers(2) as workers:
        found = by_number(workers.each(chores.strange, range(7)))
    assert [one.value for one in found.values()] == [*[None] * 5, 5, 6]
    words = ("SystemExit no more of this", "KeyboardInterrupt", "no reason", "cannot be sent", "what is that")
    for place, said in enumerate(words):
        assert said in sentence(found[place].error, "It failed") and found[place].trace


def test_what_ends_this_process_is_an_outcome_but_for_an_interrupt(chores, sentence):
    with open_workers(1) as workers:
        found = by_number(workers.each(chores.strange, [0, 2, 5]))
        assert found[2].value == 5 and "SystemExit" in sentence(found[0].error)
        with pytest.raises(KeyboardInterrupt):
            next(workers.each(chores.strange, [1]))


def test_what_cannot_be_sent_to_workers(chores, sentence):
    with open_workers(2) as workers:
        found = by_number(workers.each(chores.square, [3, lambda: 3, 4], shared=0))
        assert (found[0].value, found[2].value) == (9, 16) and "pickle" in sentence(found[1].error)
        with pytest.raises(AttributeError, match="local"):
            next(workers.each(lambda shared, item: item, [1]))


def test_no_item_is_far_ahead_of_the_first_that_is_not_done(check_ahead):
    with open_workers(2) as workers:
        check_ahead(workers)


def test_items_are_taken_as_they_are_needed(chores):
    """There is no end of them; and when no more is wanted, workers are ready for something else."""
    taken = count()
    with open_workers(2) as workers:
        outcomes = workers.each(chores.square, taken, shared=0)
        assert {next(outcomes)[0], next(outcomes)[0]} <= {0, 1, 2}
        assert next(taken) <= 5
        outcomes.close()
        assert by_number(workers.each(chores.square, [4], shared=0))[0].value == 16


def test_what_is_no_longer_wanted_is_stopped(chores, tmp_path):
    with open_workers(2) as workers:
        (tmp_path / "go-0").touch()
        outcomes = workers.each(chores.waits, range(3), shared=str(tmp_path))
        assert next(outcomes)[0] == 0
        while len(begun := list(tmp_path.glob("begun-*"))) < 3:
            time.sleep(0.02)
        waiting = [int(mark.read_text()) for mark in begun if mark.name != "begun-0"]
        outcomes.close()
        assert not any(map(alive, waiting))


def test_workers_share_the_processors(chores, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with open_workers(2) as workers:
        found = [outcome.value for _, outcome in workers.each(chores.surroundings, range(4))]
    assert {one["OMP_NUM_THREADS"] for one in found} == {str(max(1, cores() // 2))}
    assert os.getpid() not in {one["process"] for one in found}
    with open_workers(1) as workers:
        assert [outcome.value["process"] for _, outcome in workers.each(chores.surroundings, [0])] == [os.getpid()]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks the system for processes")
def test_workers_end_with_who_started_them(chores, tmp_path):
    """Killed, it can tell them nothing."""
    script = f"""
        from analogon.workers import open_workers
        import chores
        if __name__ == "__main__":
            with open_workers(2) as workers:
                list(workers.each(chores.waits, range(2), shared={str(tmp_path)!r}))
    """
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    process = subprocess.Popen([sys.executable, path], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    while len(begun := list(tmp_path.glob("begun-*"))) < 2 or not all(mark.read_text() for mark in begun):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 5
    while any(alive(int(mark.read_text())) for mark in begun):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="sends what a terminal sends to all of its processes")
def test_workers_do_not_hear_an_interrupt_while_they_start(chores, tmp_path):
    """Ctrl-C is for the process that started them: it ends them, and they have nothing to say."""
    script = """
        import os, signal
        if __name__ != "__main__":  # in a worker's process, before it is one
            os.kill(os.getpid(), signal.SIGINT)
        from analogon.workers import open_workers
        import chores
        if __name__ == "__main__":
            with open_workers(2) as workers:
                print(sorted(outcome.value for _, outcome in workers.each(chores.square, range(3), shared=1)))
    """
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    asked = {"env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, path], **asked, timeout=20)
    assert (done.stdout, done.stderr) == ("[1, 2, 5]\n", "")


def test_a_script_that_starts_itself_again_is_told_so(chores, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    asked = {"env": {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, path], **asked, timeout=20)
    assert done.returncode and "let only its main part ask for several workers" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "2"])
def test_no_number_of_workers(number, sentence):
    with pytest.raises(OptionError) as caught, open_workers(number):
        pass
    sentence(caught.value, "--workers", repr(number))

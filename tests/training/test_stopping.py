"""The driver's two ways to stop early: a time budget and Ctrl-C."""

import os
import signal
import threading
import time

import pytest

pytest.importorskip("torch", reason="training needs the extra 'neural'")

from analogon.run import Outcome, Run
from analogon.training.checkpoint import Checkpoint
from analogon.training.driver import stop_on_interrupt

from .learner import IDENTITY, Learner, ListenerError, Timed, go, history, same, stop_at

# -- time budget -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [0.05, 0.2, 2])
def test_a_time_budget_at_an_even_pace_gives_what_its_number_of_steps_gives(clock, minutes):
    begun = clock.now
    timed = Timed(clock, 0.5, steps=3)  # a number that does not count here
    outcome = go(timed, Run(minutes=minutes))
    assert outcome == Outcome(round(120 * minutes))
    assert clock.now - begun == pytest.approx(60 * minutes)
    counted = Learner(outcome.steps)
    go(counted)
    assert timed.done == counted.done
    assert timed.shares == pytest.approx(counted.shares)


@pytest.mark.parametrize("seconds", [0.125, 3.0])
def test_a_machine_that_changes_its_pace_changes_the_steps_and_not_the_schedule(clock, eager, seconds):
    learner = Timed(clock, lambda n: 0.5 if n < 60 else seconds)
    begun, events = clock.now, []
    outcome = go(learner, Run(minutes=1, listener=events.append))
    assert outcome == Outcome(60 + round(30 / seconds))
    assert clock.now - begun == pytest.approx(60, abs=1e-6)
    assert learner.shares == sorted(learner.shares)
    assert learner.shares[-1] == pytest.approx(1 - seconds / 60)
    # what is still to come is told as it is known
    assert all(event.step < event.steps for event in events[:-1])
    assert events[-2].seconds_left == pytest.approx(60 - 60 * learner.shares[-1])
    assert (events[-1].step, events[-1].steps) == (outcome.steps, outcome.steps)


def test_no_step_is_begun_that_would_end_after_the_deadline(clock):
    begun = clock.now
    assert go(Timed(clock, 7.0), Run(minutes=1)).steps == 8
    assert clock.now - begun == 56
    # the first one warms everything up
    begun = clock.now
    assert go(Timed(clock, lambda n: 40.0 if n == 0 else 5.0), Run(minutes=1)).steps == 5
    assert clock.now - begun == 60


def test_preparation_counts_against_the_budget(clock):
    learner = Timed(clock, 0.5)
    begun = clock.now
    clock.now += 60
    assert go(learner, Run(minutes=2), started=begun) == Outcome(120)
    assert (learner.shares[0], learner.shares[60]) == (0, 0.5)


@pytest.mark.parametrize(("steps", "done"), [(1, 1), (3, 3), (30, 30), (10_000, 120)])
def test_steps_and_minutes_end_with_whichever_is_first(clock, steps, done):
    learner = Timed(clock, 0.5, steps=steps)
    assert go(learner, Run(minutes=1, most_steps=steps)) == Outcome(done)
    assert learner.shares == pytest.approx([n / done for n in range(done)])
    if done == steps:
        counted = Learner(steps)
        go(counted)
        assert same(learner, counted)


@pytest.mark.parametrize("preparation", [0.0, 70.0])
def test_a_budget_shorter_than_a_step_makes_one_step(clock, preparation):
    begun = clock.now
    clock.now += preparation
    learner = Timed(clock, 90.0)
    assert go(learner, Run(minutes=1), started=begun) == Outcome(1)
    assert learner.shares == [0]


def test_a_resumed_run_has_what_is_left_of_the_budget(clock, eager, tmp_path):
    with pytest.raises(ListenerError):
        go(Timed(clock, 0.5), Run(minutes=1, folder=tmp_path, listener=stop_at(40)))
    found = Checkpoint.read(tmp_path, IDENTITY)
    assert (found.step, found.seconds) == (40, 20)
    assert found.share == pytest.approx(1 / 3)
    clock.now += 10_000
    begun = clock.now
    clock.now += 4  # preparing anew
    resumed = Timed(clock, 3.0)
    outcome = go(resumed, Run(minutes=1, folder=tmp_path, resume=True), started=begun)
    assert outcome == Outcome(40 + 12, earlier=20)
    assert clock.now - begun == 40
    assert resumed.shares == pytest.approx([1 / 3 + 2 / 3 * n / 12 for n in range(12)])
    # it is over
    again = Timed(clock, 3.0)
    outcome = go(again, Run(minutes=1, folder=tmp_path, resume=True))
    assert (again.done, outcome) == ([], Outcome(52, earlier=60))
    assert same(again, resumed)


def test_dear_previews_do_not_eat_the_budget(clock):
    made = []

    def preview(tag):
        clock.now += 2.0
        made.append(tag)

    outcome = go(Timed(clock, 0.5), Run(minutes=2), preview=preview)
    assert outcome.stopped is None
    assert 1 <= len(made) <= 3
    made.clear()
    go(Timed(clock, 0.5, steps=80), preview=preview)
    assert len(made) == 7


def test_a_preview_that_outlasts_the_budget_leaves_no_time(clock, tmp_path):
    events = []

    def preview(tag):
        clock.now += 100.0
        return tmp_path / tag

    go(Timed(clock, 0.5), Run(minutes=1, listener=events.append), preview=preview)
    assert [event.seconds_left for event in events if event.preview] == [0.0]


# -- Ctrl-C ------------------------------------------------------------------------------------------------------


class Interrupted(Learner):
    def __init__(self, *at, steps=20):
        super().__init__(steps)
        self.at = at

    def step(self, n, share):
        for _ in range(self.at.count(n)):
            os.kill(os.getpid(), signal.SIGINT)
        return super().step(n, share)


def test_ctrl_c_ends_the_run_after_its_step_and_resuming_ends_it(tmp_path):
    learner = Interrupted(7)
    events = []
    outcome = go(learner, Run(folder=tmp_path, listener=events.append))
    assert (outcome.steps, outcome.stopped) == (8, "interrupted")
    assert (events[-1].step, events[-1].steps) == (8, 20)
    resumed, whole = Learner(20), Learner(20)
    go(resumed, Run(folder=tmp_path, resume=True))
    go(whole, Run(folder=tmp_path / "whole"))
    assert resumed.done == list(range(8, 20))
    assert same(resumed, whole)
    # the line at 8 was written when the run stopped, and stays
    assert [line["step"] for line in history(tmp_path)] == [8, 10, 20]


def test_ctrl_c_within_a_time_budget(clock, tmp_path):
    class InterruptedTimed(Timed):
        def step(self, n, share):
            if n == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(n, share)

    learner = InterruptedTimed(clock, 0.5)
    assert go(learner, Run(minutes=1, folder=tmp_path)) == Outcome(3, stopped="interrupted")
    resumed = Timed(clock, 0.5)
    assert go(resumed, Run(minutes=1, folder=tmp_path, resume=True)) == Outcome(120, earlier=1.5)
    assert learner.shares + resumed.shares == pytest.approx([n / 120 for n in range(120)])


def test_ctrl_c_in_the_last_step_is_an_end_like_any_other():
    assert go(Interrupted(19)).stopped is None


def test_a_second_ctrl_c_interrupts_at_once_and_the_handler_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        go(Interrupted(7, 7))
    assert signal.getsignal(signal.SIGINT) is before
    with stop_on_interrupt() as event:
        assert signal.getsignal(signal.SIGINT) is not before
        assert not event.is_set()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_in_a_thread_leaves_the_handler_alone():
    before, outcomes = signal.getsignal(signal.SIGINT), []
    thread = threading.Thread(target=lambda: outcomes.append(go(Learner(5), started=time.monotonic())))
    thread.start()
    thread.join()
    assert outcomes[0].steps == 5
    assert signal.getsignal(signal.SIGINT) is before

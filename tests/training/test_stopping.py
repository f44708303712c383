"""The driver's two ways to stop early: a time budget and Ctrl-C."""

import os
import signal
import threading
import time

import pytest

pytest.importorskip("torch", reason="training needs the extra 'neural'")

from analogon.run import Run
from analogon.training.driver import stop_on_interrupt

from .learner import Learner, ListenerError, Timed, go, history, same, stop_at

# -- time budget -------------------------------------------------------------------------------------------------


def test_a_time_budget_becomes_a_number_of_steps_that_fits(clock):
    learner = Timed(clock, 0.5)
    begun = clock.now
    outcome = go(learner, Run(minutes=2))
    assert outcome.stopped is None
    assert outcome.steps == outcome.planned == learner.steps
    assert 0.8 * 240 < learner.steps < 240
    assert 0.85 * 120 < clock.now - begun <= 120


@pytest.mark.parametrize("minutes", [0.05, 0.2, 2])
def test_a_time_budget_gives_what_its_number_of_steps_gives(clock, minutes):
    timed = Timed(clock, 0.5)
    go(timed, Run(minutes=minutes))
    counted = Learner(timed.steps)
    go(counted)
    assert same(timed, counted)


def test_preparation_counts_against_the_budget(clock):
    learner = Timed(clock, 0.5)
    begun = clock.now
    clock.now += 60
    go(learner, Run(minutes=2), started=begun)
    assert 0.8 * 120 < learner.steps < 120


@pytest.mark.parametrize(("steps", "done"), [(1, 1), (3, 3), (30, 30), (10_000, None)])
def test_steps_and_minutes_end_with_whichever_is_first(clock, steps, done):
    learner = Timed(clock, 0.5, steps=steps)
    outcome = go(learner, Run(minutes=1, most_steps=steps))
    if done is None:
        assert 0.8 * 120 < outcome.steps < 120
    else:
        assert outcome.steps == outcome.planned == done
        counted = Learner(steps)
        go(counted)
        assert same(learner, counted)


def test_a_run_that_becomes_slow_ends_with_its_budget(clock):
    learner = Timed(clock, lambda n: 0.5 if len(learner.done) < 30 else 5.0)
    begun = clock.now
    outcome = go(learner, Run(minutes=1))
    assert outcome.stopped == "time"
    assert outcome.steps < outcome.planned
    assert clock.now - begun <= 65


def test_a_budget_shorter_than_a_step_makes_one_step(clock):
    outcome = go(Timed(clock, 90.0), Run(minutes=1))
    assert outcome.steps == outcome.planned == 1


def test_a_resumed_run_keeps_the_plan(clock, eager, tmp_path):
    whole = Timed(clock, 0.5)
    go(whole, Run(minutes=1))
    with pytest.raises(ListenerError):
        go(Timed(clock, 0.5), Run(minutes=1, folder=tmp_path, listener=stop_at(40)))
    clock.now += 10_000
    resumed = Timed(clock, 3.0)
    outcome = go(resumed, Run(minutes=1, folder=tmp_path, resume=True))
    assert (outcome.steps, outcome.stopped) == (whole.steps, None)
    assert same(resumed, whole)


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


# -- Ctrl-C ------------------------------------------------------------------------------------------------------


class Interrupted(Learner):
    def __init__(self, *at, steps=20):
        super().__init__(steps)
        self.at = at

    def step(self, n):
        for _ in range(self.at.count(n)):
            os.kill(os.getpid(), signal.SIGINT)
        return super().step(n)


def test_ctrl_c_ends_the_run_after_its_step_and_resuming_ends_it(tmp_path):
    learner = Interrupted(7)
    outcome = go(learner, Run(folder=tmp_path))
    assert (outcome.steps, outcome.planned, outcome.stopped) == (8, 20, "interrupted")
    resumed, whole = Learner(20), Learner(20)
    go(resumed, Run(folder=tmp_path, resume=True))
    go(whole, Run(folder=tmp_path / "whole"))
    assert resumed.done == list(range(8, 20))
    assert same(resumed, whole)
    # the line at 8 was written when the run stopped, and stays
    assert [line["step"] for line in history(tmp_path)] == [8, 10, 20]


def test_ctrl_c_while_the_budget_is_planned(clock, tmp_path):
    class InterruptedTimed(Timed):
        def step(self, n):
            if len(self.done) == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(n)

    outcome = go(InterruptedTimed(clock, 0.5), Run(minutes=1, folder=tmp_path))
    assert (outcome.steps, outcome.stopped) == (1, "interrupted")
    resumed, counted = Timed(clock, 0.5), Learner(outcome.planned)
    go(resumed, Run(minutes=1, folder=tmp_path, resume=True))
    go(counted)
    assert same(resumed, counted)


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

"""The driver from the first step to the last: reports, history, checkpoints, what is not finite."""

import math
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest

pytest.importorskip("torch", reason="training needs the extra 'neural'")

import torch

from analogon.errors import InputError, ModelError, TrainingError
from analogon.run import Outcome, Run
from analogon.training import driver
from analogon.training.checkpoint import FILE, Checkpoint

from .learner import IDENTITY, Learner, ListenerError, Timed, go, history, same, stop_at

# -- to the end --------------------------------------------------------------------------------------------------


def test_every_step_is_done_once_and_in_order():
    learner = Learner(12)
    outcome = go(learner)
    assert learner.done == list(range(12))
    assert learner.shares == [n / 12 for n in range(12)]
    assert outcome == Outcome(12)


def test_reports_tell_step_losses_and_time_left(clock, tmp_path):
    events = []
    go(Timed(clock, 2.0, steps=5), Run(listener=events.append))
    assert [e.step for e in events] == [1, 2, 3, 4, 5]
    assert {e.steps for e in events} == {5}
    assert [e.seconds_left for e in events] == [8.0, 6.0, 4.0, 2.0, 0.0]
    assert all(math.isfinite(e.losses["error"]) for e in events[:-1])


def test_reports_are_not_more_frequent_than_anyone_reads(clock):
    events = []
    go(Timed(clock, driver.REPORT_SECONDS / 4, steps=40), Run(listener=events.append))
    assert len(events) < 10


def test_nothing_is_written_without_a_folder(eager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    go(Learner(12))
    assert not list(tmp_path.iterdir())


def test_the_history_holds_the_mean_losses_of_every_ten_steps(tmp_path):
    learner = Learner(25)
    go(learner, Run(folder=tmp_path))
    lines = history(tmp_path)
    assert [line["step"] for line in lines] == [10, 20, 25]
    again = Learner(25)
    losses = [again.step(n, n / 25)["error"] for n in range(25)]
    for line, part in zip(lines, (losses[:10], losses[10:20], losses[20:]), strict=True):
        assert line["error"] == pytest.approx(sum(part) / len(part), abs=2e-6)


def test_a_new_run_starts_a_new_history(tmp_path):
    go(Learner(25), Run(folder=tmp_path))
    go(Learner(12), Run(folder=tmp_path))
    assert [line["step"] for line in history(tmp_path)] == [10, 12]


def test_previews_are_made_now_and_then_and_reported(tmp_path):
    tags, events = [], []

    def preview(tag):
        tags.append(tag)
        return tmp_path / f"{tag}.png"

    go(Learner(33), Run(listener=events.append), preview=preview)
    assert tags == [f"{n:06d}" for n in (5, 9, 13, 17, 21, 25, 29)]
    assert [e.preview.stem for e in events if e.preview] == tags


# -- checkpoints and resuming ------------------------------------------------------------------------------------


def test_checkpoints_are_written_less_than_a_minute_apart(clock, tmp_path):
    written = []

    def listener(event):
        if (tmp_path / FILE).exists():
            step = Checkpoint.read(tmp_path, IDENTITY).step
            if step not in written:
                written.append(step)

    for seconds in (0.4, 7.0, 25.0, 39.0):
        written.clear()
        (tmp_path / FILE).unlink(missing_ok=True)
        go(Timed(clock, seconds, steps=round(300 / seconds)), Run(folder=tmp_path, listener=listener))
        assert len(written) >= 4
        assert all((b - a) * seconds < 60 for a, b in pairwise([0, *written]))


def test_a_step_that_takes_minutes_is_the_most_that_is_lost(clock, tmp_path):
    kept = []
    learner = Timed(clock, 300.0, steps=4)
    go(learner, Run(folder=tmp_path, listener=lambda event: kept.append(Checkpoint.read(tmp_path, IDENTITY).step)))
    assert kept == [1, 2, 3, 4]


def test_previews_that_take_their_time_cost_no_step(clock, tmp_path):
    """A checkpoint is written before a preview, and the preview's time counts for the next one."""
    unsaved = []

    def preview(tag):
        clock.now += 30.0
        unsaved.append(int(tag) - Checkpoint.read(tmp_path, IDENTITY).step)

    go(Timed(clock, 1.0, steps=160), Run(folder=tmp_path), preview=preview)
    assert unsaved == [0] * 7
    unsaved.clear()
    go(Timed(clock, 0.1, steps=1600), Run(folder=tmp_path), preview=lambda tag: unsaved.append(tag))
    assert len(unsaved) == 7


def test_there_is_a_checkpoint_after_the_first_step_and_after_the_last(tmp_path):
    class Watching(Learner):
        kept: ClassVar = []

        def step(self, n, share):
            self.kept.append(Checkpoint.read(tmp_path, IDENTITY).step if (tmp_path / FILE).exists() else 0)
            return super().step(n, share)

    learner = Watching(4)
    go(learner, Run(folder=tmp_path))
    assert learner.kept == [0, 1, 1, 1]
    kept = Checkpoint.read(tmp_path, IDENTITY)
    assert kept.step == 4
    resumed = Learner(4)
    outcome = go(resumed, Run(folder=tmp_path, resume=True))
    assert (resumed.done, outcome.steps, outcome.stopped) == ([], 4, None)
    assert same(resumed, learner)
    assert [line["step"] for line in history(tmp_path)] == [4]


@pytest.mark.parametrize("broken", [1, 2, 9, 10, 11, 19])
def test_a_broken_run_resumed_ends_where_an_unbroken_one_ends(eager, tmp_path, broken):
    whole = Learner(20)
    go(whole, Run(folder=tmp_path / "whole"))
    with pytest.raises(ListenerError):
        go(Learner(20), Run(folder=tmp_path / "broken", listener=stop_at(broken)))
    resumed = Learner(20)
    outcome = go(resumed, Run(folder=tmp_path / "broken", resume=True))
    assert resumed.done == list(range(broken, 20))
    assert outcome.steps == 20
    assert same(resumed, whole)


def test_a_step_more_or_less_would_show(eager, tmp_path):
    """What the comparison above rests on."""
    whole = Learner(20)
    go(whole)
    for slip in (-1, 1):
        with pytest.raises(ListenerError):
            go(Learner(20), Run(folder=tmp_path, listener=stop_at(10)))
        found = Checkpoint.read(tmp_path, IDENTITY)
        Checkpoint(found.step + slip, found.share, found.seconds, IDENTITY, found.tensors).write(tmp_path)
        resumed = Learner(20)
        go(resumed, Run(folder=tmp_path, resume=True))
        assert not same(resumed, whole)


def test_a_run_can_be_broken_more_than_once(eager, tmp_path):
    whole = Learner(20)
    go(whole)
    for step in (3, 8, 15):
        with pytest.raises(ListenerError):
            go(Learner(20), Run(folder=tmp_path, resume=step > 3, listener=stop_at(step)))
    resumed = Learner(20)
    go(resumed, Run(folder=tmp_path, resume=True))
    assert resumed.done == list(range(15, 20))
    assert same(resumed, whole)


def test_steps_after_the_last_checkpoint_are_repeated_but_not_in_the_history(monkeypatch, tmp_path):
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)

    def listener(event):
        # the checkpoint stays at step 15, the history goes on to 30
        monkeypatch.setattr(driver, "CHECKPOINT_SECONDS", -1.0 if event.step == 14 else 1e9)
        if event.step == 33:
            raise ListenerError

    with pytest.raises(ListenerError):
        go(Learner(40), Run(folder=tmp_path, listener=listener))
    assert [line["step"] for line in history(tmp_path)] == [10, 20, 30]
    resumed = Learner(40)
    go(resumed, Run(folder=tmp_path, resume=True))
    assert resumed.done == list(range(15, 40))
    assert [line["step"] for line in history(tmp_path)] == [10, 20, 30, 40]


def test_a_line_of_the_history_that_was_cut_off_is_dropped(eager, tmp_path):
    with pytest.raises(ListenerError):
        go(Learner(40), Run(folder=tmp_path, listener=stop_at(25)))
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"step": 3')
    go(Learner(40), Run(folder=tmp_path, resume=True))
    assert [line["step"] for line in history(tmp_path)] == [10, 20, 30, 40]


def test_without_a_checkpoint_there_is_nothing_to_resume_and_nothing_changes(tmp_path, sentence):
    (tmp_path / "history.jsonl").write_text('{"step": 5}\n')
    learner = Learner(5)
    with pytest.raises(ModelError, match="nothing to resume") as error:
        go(learner, Run(folder=tmp_path, resume=True))
    sentence(error.value, tmp_path)
    assert learner.done == []
    assert history(tmp_path) == [{"step": 5}]


def test_without_resume_a_checkpoint_is_not_used(eager, tmp_path):
    with pytest.raises(ListenerError):
        go(Learner(20), Run(folder=tmp_path, listener=stop_at(10)))
    learner = Learner(20)
    go(learner, Run(folder=tmp_path))
    assert learner.done == list(range(20))


def test_the_checkpoint_of_another_run_is_refused(eager, tmp_path, sentence):
    with pytest.raises(ListenerError):
        go(Learner(20), Run(folder=tmp_path, listener=stop_at(10)))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ModelError, match="another seed") as error:
        go(Learner(20), Run(folder=tmp_path, resume=True), identity={"seed": 1})
    sentence(error.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_checkpoint_without_all_the_weights_is_refused(eager, tmp_path, sentence):
    with pytest.raises(ListenerError):
        go(Learner(20), Run(folder=tmp_path, listener=stop_at(10)))
    found = Checkpoint.read(tmp_path, IDENTITY)
    tensors = {key: value for key, value in found.tensors.items() if "weight" not in key}
    Checkpoint(found.step, found.share, found.seconds, IDENTITY, tensors).write(tmp_path)
    with pytest.raises(ModelError) as error:
        go(Learner(20), Run(folder=tmp_path, resume=True))
    assert str(tmp_path) in sentence(error.value)
    assert "--resume" in str(error.value)


def test_a_file_in_place_of_the_folder(tmp_path, sentence):
    (tmp_path / "run").write_text("precious")
    with pytest.raises(ModelError) as error:
        go(Learner(20), Run(folder=tmp_path / "run"))
    assert str(tmp_path / "run") in sentence(error.value)
    assert (tmp_path / "run").read_text() == "precious"


def test_a_full_disk_is_told_and_the_checkpoint_stays(eager, tmp_path, sentence):
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("needs a device that is always full")

    def fill(event):
        if event.step == 5:
            (tmp_path / "history.jsonl").unlink()
            (tmp_path / "history.jsonl").symlink_to(full)

    with pytest.raises(ModelError, match="No space left") as error:
        go(Learner(20), Run(folder=tmp_path, listener=fill))
    sentence(error.value, tmp_path / "history.jsonl", "-o")
    assert Checkpoint.read(tmp_path, IDENTITY).step == 9


@pytest.mark.parametrize("name", ["history.jsonl", FILE])
def test_a_folder_in_place_of_a_file(tmp_path, name, sentence):
    (tmp_path / name).mkdir()
    with pytest.raises((ModelError, InputError)) as error:
        go(Learner(3), Run(folder=tmp_path))
    sentence(error.value, tmp_path / name)


# -- what is not finite ------------------------------------------------------------------------------------------


class Diverging(Learner):
    """Reports a loss that is not finite, or spoils a weight, at a given step."""

    def __init__(self, at, *, value=math.nan, quietly=False, steps=20):
        super().__init__(steps)
        self.at, self.value, self.quietly = at, value, quietly

    def step(self, n, share):
        losses = super().step(n, share)
        if n + 1 == self.at:
            if not self.quietly:
                return {**losses, "gan": self.value}
            with torch.no_grad():
                self.network[0].weight[0, 0] = self.value
        return losses


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_and_the_last_good_state_stays(eager, tmp_path, value, sentence):
    with pytest.raises(TrainingError) as error:
        go(Diverging(13, value=value), Run(folder=tmp_path))
    text = sentence(error.value)
    assert "step 13" in text and f"'gan' is {value}" in text
    assert f"the last good state is kept in '{tmp_path}'" in text
    kept = Checkpoint.read(tmp_path, IDENTITY)
    assert kept.step == 12
    learner, twin = Learner(20), Learner(20)
    go(learner, Run(folder=tmp_path, resume=True))
    go(twin)
    assert same(learner, twin)


def test_weights_that_are_not_finite_stop_before_they_replace_a_good_checkpoint(eager, tmp_path, sentence):
    with pytest.raises(TrainingError) as error:
        go(Diverging(13, quietly=True), Run(folder=tmp_path))
    assert "step 13" in sentence(error.value) and "network.network.0.weight" in str(error.value)
    assert Checkpoint.read(tmp_path, IDENTITY).step == 12


def test_weights_that_are_not_finite_in_the_last_step_are_no_result(sentence):
    with pytest.raises(TrainingError, match="step 20") as error:
        go(Diverging(20, quietly=True))
    assert "there was no checkpoint yet" in sentence(error.value)


def test_a_stale_checkpoint_is_not_called_the_last_good_state(eager, tmp_path):
    with pytest.raises(ListenerError):
        go(Learner(20), Run(folder=tmp_path, listener=stop_at(10)))
    with pytest.raises(TrainingError, match="there was no checkpoint yet"):
        go(Diverging(1), Run(folder=tmp_path))


def test_a_time_budget_meets_it_too(clock):
    class TimedDiverging(Timed):
        def step(self, n, share):
            return {**super().step(n, share), "gan": math.nan}

    with pytest.raises(TrainingError, match="step 1"):
        go(TimedDiverging(clock, 1.0), Run(minutes=10))

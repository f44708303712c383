"""Comparisons from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analogon.comparing.cases import Given, prepare
from analogon.comparing.contenders import Terms, enter
from analogon.comparing.elsewhere import run_elsewhere
from analogon.comparing.endings import outcomes
from analogon.comparing.holding import held
from analogon.comparing.jobs import Job
from analogon.comparing.planning import Found, find_pictures, plan
from analogon.comparing.processes import Ending, at_once, run_jobs
from analogon.errors import OptionError
from analogon.fitting import MOST_SEED
from analogon.report.values import AGGREGATE, FIGURES, PAGE, RECORD, Comparison, Contender, Trial
from analogon.run import Progress, ignore
from analogon.workers import Workers, check_gpus, open_workers

if TYPE_CHECKING:
    from analogon.metrics import Weights


@dataclass(frozen=True)
class Circumstances:
    """How a comparison is run.

    Attributes:
        terms: what all contenders are given alike.
        seeds: one picture for each, of methods.
        settings: by label of a contender or name of a method, what is set.
        pictures: by label, the folder of pictures made elsewhere.
        jobs: at once; None: as many as there are cores.
        cluster: whose nodes do the jobs; None for processes of this machine.
        gpus: share of a GPU that each takes there.
        weights: files of networks that figures need.
        progress: told of each trial that is done.
    """

    terms: Terms
    seeds: Sequence[int] = (0,)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pictures: Mapping[str, str | Path] = field(default_factory=dict)
    jobs: int | None = None
    cluster: str | None = None
    gpus: float = 0.0
    weights: Weights | None = None
    progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        for seed in self.seeds:
            if not _is_seed(seed):
                raise OptionError(f"seed cannot be {seed!r}: give a whole number from 0 to {MOST_SEED}.")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise OptionError(f"The seeds {list(self.seeds)} are not different ones: give each once, and at least one.")
        if self.jobs is not None and self.jobs < 1:
            raise OptionError(f"--jobs cannot be {self.jobs}: give a number above 0.")
        check_gpus(self.gpus, self.cluster)

    def enter(self, words: Sequence[str | Contender]) -> tuple[Contender, ...]:
        """All contenders, checked.

        Raises:
            OptionError: one cannot take part.
        """
        return enter(words, self.settings, self.terms, self.pictures)


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_SEED


def run(
    given: Sequence[Given], entered: Sequence[Contender], output: Path, title: str, how: Circumstances
) -> Comparison:
    """Make all pictures that are not there yet, take their figures, and write the comparison.

    Raises:
        InputError: the folder cannot be written to, or there is no picture of a contender made elsewhere.
        OptionError: another comparison is being written there, or there is no such cluster.
    """
    from analogon.comparing.scoring import request

    found = {label: find_pictures(label, str(folder), given) for label, folder in how.pictures.items()}
    scoring = request(how.weights)
    with ExitStack() as open_things:
        workers = None
        if how.cluster is not None:  # before anything is written: it may not be there
            workers = open_things.enter_context(open_workers(how.jobs, how.cluster, how.gpus))
        open_things.enter_context(held(output))
        return _compared(given, entered, output, title, how, found, scoring, workers)


def _compared(
    given: Sequence[Given],
    entered: Sequence[Contender],
    output: Path,
    title: str,
    how: Circumstances,
    found: Mapping[str, Found],
    scoring: Mapping[str, Any],
    workers: Workers | None,
) -> Comparison:
    """The comparison, once all that is asked for is known to be possible."""
    from analogon.comparing.aggregating import aggregate
    from analogon.comparing.scoring import shown, with_diversity
    from analogon.report.page import write_page

    cases = prepare(given, output)
    jobs = list(
        plan(
            given, cases, entered, output, seeds=how.seeds, device=how.terms.device, scoring=scoring, found=found
        )
    )  # fmt: skip
    trials = _run(jobs, how, workers)
    for one in given:
        for label, pictures in found.items():
            for target in (name for name in one.targets if name not in pictures[one.name]):
                error = f"There is no picture of target '{target}' among those of '{label}': put it into their folder."
                trials.append(Trial(one.name, target, label, how.seeds[0], None, error=error))
    places = [(one.name, target) for one in given for target in one.targets]
    labels = [contender.label for contender in entered]
    trials.sort(key=lambda t: (places.index((t.case, t.target)), labels.index(t.contender), how.seeds.index(t.seed)))
    told = with_diversity(trials, output) if len(how.seeds) > 1 else tuple(trials)
    comparison = Comparison(output, title, cases, tuple(entered), told, shown(told), _machine(told))
    comparison = replace(comparison, aggregates=aggregate(comparison))
    comparison.write()
    write_page(comparison, output / PAGE)
    return comparison


def _machine(trials: Sequence[Trial]) -> dict[str, Any]:
    """This machine, with the versions of all libraries that computed anything."""
    from analogon.comparing.machine import description

    found = description()
    for trial in trials:
        found["versions"] = {**found["versions"], **trial.record.get("versions", {})}
    return found


def _run(jobs: Sequence[Job], how: Circumstances, workers: Workers | None) -> list[Trial]:
    """Run what is to be run; the trials of all jobs."""
    listener = how.progress or ignore
    todo = [job for job in jobs if not all(job.scored(piece) for piece in job.pieces)]
    total = sum(len(job.pieces) for job in jobs)
    done = total - sum(len(job.pieces) for job in todo)
    endings: dict[int, Ending] = {}

    def ended(job: Job, ending: Ending) -> None:
        nonlocal done
        endings[id(job)] = ending
        done += len(job.pieces)
        listener(Progress("comparing", done, total))

    old = [(job, piece) for job in todo for piece in job.pieces if job.trial(piece) is None]
    for folder in {job.folder for job, piece in old if (job.folder / piece.picture).exists()}:
        for name in (RECORD, FIGURES, AGGREGATE, PAGE):  # they speak of pictures that are replaced now
            (folder / name).unlink(missing_ok=True)
    for job, piece in old:
        job.clear(piece)
    listener(Progress("comparing", done, total))
    if workers is None:
        run_jobs(todo, *at_once(len(todo), how.jobs), ended)
    else:
        run_elsewhere(todo, workers, how.gpus, ended)
    return [trial for job in jobs for trial in outcomes(job, endings.get(id(job)))]

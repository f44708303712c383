"""A folder of samples: made by several workers in any order, kept in the order of their indices.

Every annotated picture has its turns, and of each the first samples that are accepted are kept, as many of one as of
another. A sample is accepted or refused when all before it of its picture are, so that the folder is the same whoever
made the samples, and after every interruption. What is beside the samples is derived from them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import count as counted
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from analogon.augment.exporting import FORMATS, Export, check_classes, check_places, export
from analogon.augment.exporting.classes import Classes, chosen
from analogon.augment.filtering import Fingerprints, Refusal
from analogon.augment.inventing.values import Ground
from analogon.augment.making import check, make_sample
from analogon.augment.overview import OVERVIEW, overview
from analogon.augment.settings import Settings
from analogon.augment.sources import Sources, load_sources
from analogon.augment.values import RECORD, SAMPLES, encode, sample_folders, sample_name, sweep, write_sample
from analogon.errors import AnalogonError, InputError, OptionError
from analogon.io import write_text
from analogon.io.holding import alone
from analogon.report.samples import Aim
from analogon.run import Progress, ignore
from analogon.workers import Outcome, check_gpus, open_workers

#: What a dataset was asked for, and the folder with a file for each index that has no sample.
REQUEST, REFUSED = "dataset.json", "refused"
#: Where more than this many of a picture's are refused for each that is not, after so many, others take its turns.
HOPELESS, PATIENCE = 20, 40
#: How far samples are made ahead of the first that is not done: so many are held in memory, until it is.
AHEAD = 64

#: What is said of pictures like streets; measured in benchmarks/results/augmentation.md.
BOUND = (
    "Classes have their places in the annotated pictures, as in street scenes, on which networks gained little or "
    "nothing from samples, and more from cutting and pasting: compare with both."
)

#: Who does many things: see :meth:`analogon.workers.Workers.each`.
_Each = Callable[..., Iterator[tuple[int, Outcome]]]


@dataclass(frozen=True)
class Dataset:
    """What was made.

    Attributes:
        folder: of the dataset.
        samples: how many it has.
        refusals: of the indices that have none.
        files: what is beside the samples: folders of formats, sheet, statistics.
        aims: shares of classes that were asked for, and what came.
        notes: what to know before a network is trained with them, one sentence each.
    """

    folder: Path
    samples: int
    refusals: tuple[Refusal, ...]
    files: tuple[Path, ...] = ()
    aims: tuple[Aim, ...] = ()
    notes: tuple[str, ...] = ()


def make_dataset(
    sources: Sources | Sequence[str | PathLike[str]] | str | PathLike[str],
    count: int,
    *,
    output: str | PathLike[str],
    settings: Settings | None = None,
    formats: Sequence[str] = ("png",),
    validation: float = 0.0,
    unlabelled: str | PathLike[str] | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    gpus: float = 0.0,
    progress: Callable[[Progress], None] | None = None,
) -> Dataset:
    """Invent labelled pictures after annotated ones, and write them as a dataset.

    After Ctrl-C, or when the process was killed, the same call goes on from there; with a larger ``count`` it makes
    more. The samples do not depend on the number of workers.

    Args:
        sources: annotated pictures, or what :func:`load_sources` takes.
        count: how many samples there should be.
        output: folder of the dataset: ``samples/000000/`` with image.png, labels.png, instances.png and record.json;
            ``refused/000001.json``; a folder for each of ``formats``; sheet.png, statistics.html.
        settings: of the samples.
        formats: see :data:`FORMATS`; none for the samples alone.
        validation: share of the samples that formats hold back.
        unlabelled: see :func:`load_sources`.
        workers: how many processes, 1 for this one; None for as many as there are processors, or the cluster has.
            A script that has several must not do this at its top level, but under ``if __name__ == "__main__":``.
        cluster: address of a Ray cluster, or "auto"; None for this machine.
        gpus: share of a GPU that each sample takes on a cluster.
        progress: called with :class:`~analogon.Progress` events, a step per sample.

    Raises:
        InputError, LabelError: a file cannot be used or written. OptionError: an argument cannot be, the folder holds a
            dataset of other sources or settings or files of others, a format cannot be written for these classes, or
            nearly all samples are refused.
    """
    settings, listener = settings or Settings(), progress or ignore
    check_gpus(gpus, cluster)
    if count < 1:
        raise OptionError(f"The number of samples cannot be {count}: give a whole number from 1 on with -n.")
    wanted = Export(tuple(formats), settings.things or None, validation) if formats else None
    if not isinstance(sources, Sources):
        listener(Progress("reading", 0, count))
        sources = load_sources(sources, unlabelled)
    elif unlabelled is not None:
        raise OptionError("Unlabelled pictures belong to sources that are loaded: give them to load_sources.")
    check(sources, settings)
    folder = Path(output)
    _check_place(folder)
    if wanted is not None:
        check_classes(wanted.formats, _expected(sources, settings))
        check_places(folder, wanted.formats)
    # Before anything is written: a cluster may not be there.
    with open_workers(workers, cluster, gpus) as hands:
        each = partial(hands.each, gpus=gpus, ahead=AHEAD)
        return _make(folder, sources, count, settings, wanted, each, listener)


def _make(
    folder: Path,
    sources: Sources,
    count: int,
    settings: Settings,
    wanted: Export | None,
    each: _Each,
    listener: Callable[[Progress], None],
) -> Dataset:
    try:
        (folder / SAMPLES).mkdir(parents=True, exist_ok=True)
        (folder / REFUSED).mkdir(exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"'{folder}' cannot be the dataset's folder ({reason}): choose another with -o.") from error
    with alone(folder, "dataset"):
        _check_request(folder, sources, settings)
        sweep(folder / SAMPLES)
        found = _Found.read(folder, len(sources.pictures))
        _fill(found, count, sources, settings, each, listener)
        files = [] if wanted is None else export(folder, wanted)
        reasons = [refusal.reason for refusal in found.refusals]
        beside, statistics = overview(
            folder, sources, reasons, things=settings.things or None, targets=settings.targets
        )  # fmt: skip
    bound = not all(one.free for one in Ground(sources, settings).everything())
    notes = (BOUND,) if bound else ()
    return Dataset(folder, len(found), tuple(found.refusals), (*files, *beside), statistics.aims, notes)


def _expected(sources: Sources, settings: Settings) -> Classes:
    """The classes of samples before there are any, and which of them will have objects."""
    ground = Ground(sources, settings)
    known = [*ground.everything(), *map(ground.predicted, range(len(sources.predicted)))]
    found = {class_id for one in known for class_id in one.instance_classes}
    return Classes(sources.palette, chosen(settings.things or None, sources.palette, found))


def made(shared: tuple[bytes, str], index: int) -> dict[str, Any]:
    """What one worker does: the files of a sample, or the refusal, and the fingerprint."""
    packed, settings = shared
    sample = make_sample(_unpacked(packed), Settings(**json.loads(settings)), index)
    if isinstance(sample, Refusal):
        return {"refusal": sample.record()}
    return {"files": encode(sample), "fingerprint": sample.record["fingerprint"]}


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Sources:
    """The sources, once for all samples of a process."""
    return Sources.unpack(packed)


@dataclass
class _Found:
    """The samples and refusals of a dataset's folder, by index, and whose turn it is: that of picture index % turns."""

    folder: Path
    turns: int
    kept: list[set[int]] = field(init=False)
    prints: list[Fingerprints] = field(init=False)
    refused: list[dict[int, Refusal]] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = [set() for _ in range(self.turns)]
        self.prints = [Fingerprints() for _ in range(self.turns)]
        self.refused = [{} for _ in range(self.turns)]

    @classmethod
    def read(cls, folder: Path, turns: int) -> _Found:
        found = cls(folder, turns)
        for path in sample_folders(folder):
            try:
                record = json.loads((path / RECORD).read_text(encoding="utf-8"))
                found._keep(int(record["index"]), str(record["fingerprint"]))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError(f"'{path}' is no sample ({error}): delete the folder, it is made again.") from error
        for path in sorted((folder / REFUSED).glob("*.json")):
            try:
                refusal = Refusal(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise InputError(f"'{path}' cannot be read ({error}): delete it, it is made again.") from error
            found.refused[refusal.index % turns][refusal.index] = refusal
        return found

    def __len__(self) -> int:
        return sum(map(len, self.kept))

    @property
    def refusals(self) -> list[Refusal]:
        return sorted((one for mine in self.refused for one in mine.values()), key=lambda one: one.index)

    def wanted(self, count: int) -> list[int]:
        """The next indices of each picture, as many as it lacks of its part.

        Raises:
            OptionError: hardly anything is accepted of any picture.
        """
        hopeful = [turn for turn in range(self.turns) if not self._hopeless(turn)]
        if not hopeful:
            self._give_up()
        left = count - sum(len(self.kept[turn]) for turn in range(self.turns) if turn not in hopeful)
        found = list[int]()
        for place, turn in enumerate(hopeful):
            part = left // len(hopeful) + (place < left % len(hopeful))
            mine = (n for n in counted(turn, self.turns) if n not in self.kept[turn] and n not in self.refused[turn])
            found += islice(mine, max(0, part - len(self.kept[turn])))
        return sorted(found)

    def settle(self, index: int, value: dict[str, Any]) -> None:
        """Keep a sample, the first of two alike, or a refusal, when all before it of its picture are known."""
        turn = index % self.turns
        if self._hopeless(turn):
            return  # as if it had not been made
        if "refusal" in value:
            refusal = Refusal(**value["refusal"])
        elif (double := self.prints[turn].first_like(value["fingerprint"], index)) is not None:
            refusal = Refusal(index, "duplicate", {"of": float(double)})
        else:
            write_sample(value["files"], self.folder / SAMPLES / sample_name(index))
            self._keep(index, value["fingerprint"])
            return
        write_text(self.folder / REFUSED / f"{sample_name(index)}.json", json.dumps(refusal.record(), indent=1) + "\n")
        self.refused[turn][index] = refusal

    def _keep(self, index: int, fingerprint: str) -> None:
        self.prints[index % self.turns].add(index, fingerprint)
        self.kept[index % self.turns].add(index)

    def _hopeless(self, turn: int) -> bool:
        """Whether hardly anything of a picture is accepted."""
        refused = len(self.refused[turn])
        return refused >= PATIENCE and refused > HOPELESS * len(self.kept[turn])

    def _give_up(self) -> NoReturn:
        reasons = [refusal.reason for refusal in self.refusals]
        most = max(sorted(set(reasons)), key=reasons.count)
        way = "more pictures, or another --seed" if most == "duplicate" else f"another --{most}, or other --layouts"
        way += ", and another folder with -o"
        total = len(reasons) + len(self)
        raise OptionError(f"Of {total} samples {len(reasons)} were refused, most for '{most}': use {way}.")


def _fill(
    found: _Found,
    count: int,
    sources: Sources,
    settings: Settings,
    each: _Each,
    listener: Callable[[Progress], None],
) -> None:
    """Make samples until there are enough of each picture."""
    begun, before = time.monotonic(), len(found)
    listener(Progress("making samples", before, count))
    if before >= count:
        return
    shared = sources.pack(), json.dumps(settings.record())
    while batch := found.wanted(count):
        waiting, settled = dict[int, Any](), 0
        for number, outcome in each(made, batch, shared=shared):
            if outcome.error is not None:
                raise AnalogonError(f"Sample {sample_name(batch[number])} cannot be made: {outcome.error}")
            waiting[number] = outcome.value
            while settled in waiting:
                found.settle(batch[settled], waiting.pop(settled))
                settled += 1
            pace = (time.monotonic() - begun) / max(len(found) - before, 1)
            left = (count - len(found)) * pace if len(found) > before else None
            listener(Progress("making samples", len(found), count, seconds_left=left))


def _check_place(folder: Path) -> None:
    """Refuse a folder that is no dataset's and has something where files of a dataset would be put."""
    if not (folder / REQUEST).exists():
        for name in (SAMPLES, REFUSED, *FORMATS, *OVERVIEW):
            place = folder / name
            if place.is_dir() and not any(place.iterdir()):
                continue  # a run may have ended before it had anything to write
            if place.exists():
                raise OptionError(
                    f"'{place}' belongs to no dataset and would be replaced: choose another folder with -o."
                )


def _check_request(folder: Path, sources: Sources, settings: Settings) -> None:
    """Write down what the dataset is asked for; OptionError where the folder holds what something else asked for."""
    request = {"sources": sources.record(), "settings": settings.record()}
    path = folder / REQUEST
    if path.exists():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            was = known["settings"], known["sources"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"'{path}' cannot be read ({error}): choose another folder with -o.") from error
        if was != (request["settings"], request["sources"]):
            differing = [name for name, value in request["settings"].items() if was[0].get(name) != value]
            what = f"another '{differing[0]}'" if differing else "other sources"
            raise OptionError(f"'{folder}' holds a dataset with {what}: choose another folder with -o.")
        return
    write_text(path, json.dumps(request, indent=1, ensure_ascii=False) + "\n")

"""A study from a comparison: questions are chosen, and pictures copied under names that tell nothing."""

from __future__ import annotations

import random
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analogon.errors import InputError, OptionError
from analogon.io import read_image, read_labels, to_bytes, write_image
from analogon.report.values import SOURCE, Comparison
from analogon.study.checks import spoilt
from analogon.study.design import PICTURES, RECORD, Card, Criterion, Picture, Question, Role, Study

TITLE = "How alike are these pictures?"

INTRODUCTION = (
    "You will see a photograph or a painting, and beside it several new pictures that computer programs made from it. "
    "In the new pictures things are in other places or have other shapes: that is wanted.\n"
    "Please put the new pictures in order, the best one first. There is no right answer: what counts is what you see."
)

CONSENT = (
    "Taking part is voluntary, and you may stop at any time without giving a reason. What is stored are your rankings, "
    "when you gave them and how long you took; neither your name nor your address nor anything about your device. "
    "The answers are used to compare the programs, and may be published without any connection to you."
)

QUESTIONS = 12
"""How many questions there are at most, where nobody says."""

MOST_CARDS = 10
"""How many pictures people can put in order with a clear head, and how many fit on a screen."""

Checks = Literal["spoilt", "source"]


@dataclass(frozen=True)
class _Target:
    """A target that all contenders have a picture of."""

    case: str
    name: str
    pictures: Mapping[str, Path]


def make_study(
    comparison: str | Path,
    folder: str | Path,
    *,
    contenders: Sequence[str] = (),
    questions: int | None = None,
    layout: bool = False,
    show_layout: bool = False,
    checks: int = 0,
    check: Checks = "spoilt",
    seed: int = 0,
    title: str = TITLE,
    introduction: str = INTRODUCTION,
    consent: str = CONSENT,
) -> Study:
    """Make a study of the pictures of a comparison.

    A question is a target of the comparison that every contender has a picture of; where there are several seeds, the
    lowest is taken. The choice spreads over the cases.

    Args:
        comparison: folder that ``compare`` or ``bench`` wrote.
        folder: the study's folder, which must not exist yet or be empty.
        contenders: labels of those to be ranked, 2 to 10; none: all of the comparison but the source itself.
        questions: how many; None: 12, or as many as there can be.
        layout: ask each question a second time, by how well the pictures follow the new layout.
        show_layout: show the new layout also where appearance is asked for.
        checks: in how many questions about appearance a picture more checks attention.
        check: "spoilt", a contender's picture heavily blurred and with noise, which belongs in the last place; or
            "source", the source itself, which belongs in the first.
        seed: of the choice of questions and of all orders.
        title, introduction, consent: texts for participants; paragraphs are lines. No text may name a contender.

    Returns:
        The study as it was written.

    Raises:
        InputError: a folder that holds no comparison or cannot be written to, or pictures that are missing.
        OptionError: what is asked for cannot be.
    """
    folder = Path(folder)
    compared = Comparison.read(comparison)
    labels = _contenders(compared, contenders, check if checks else None)
    _refuse_names(compared, {"--title": title, "--introduction": introduction, "--consent": consent})
    draws = random.Random(f"{seed}/questions")
    chosen = _choose(_targets(compared, labels), questions, draws, compared)
    if not 0 <= checks <= len(chosen):
        raise OptionError(f"--checks cannot be {checks}: give it 0 to {len(chosen)}, the number of questions.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"{folder} is there already and not empty: choose another folder with -o.")
    criteria: tuple[Criterion, ...] = ("appearance", "layout") if layout else ("appearance",)
    checked = set(draws.sample(range(len(chosen)), checks))
    draft = folder.absolute().with_name(f".{secrets.token_hex(6)}.part")
    try:
        draft.mkdir(parents=True)
        shelf = _Shelf(compared, draft / PICTURES)
        asked = []
        for number, target in enumerate(chosen):
            kind = check if number in checked else None
            asked.append(_question(shelf, number + 1, target, layout or show_layout, kind, draws))
        study = Study(
            id=secrets.token_hex(8),
            title=title,
            introduction=introduction,
            consent=consent,
            seed=seed,
            criteria=criteria,
            show_layout=show_layout,
            questions=tuple(asked),
        )
        study.write(draft)
        folder.mkdir(exist_ok=True)
        (draft / PICTURES).replace(folder / PICTURES)
        (draft / RECORD).replace(folder / RECORD)  # the last to appear: with it there is a study
    except OSError as error:
        raise InputError(f"'{folder}' cannot be written ({error.strerror}): choose another place with -o.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return study


def _contenders(compared: Comparison, asked: Sequence[str], check: Checks | None) -> tuple[str, ...]:
    known = [contender.label for contender in compared.contenders]
    for label in asked:
        if label not in known:
            raise OptionError(f"{label!r} of --contenders is not in the comparison: choose from {', '.join(known)}.")
        if list(asked).count(label) > 1:
            raise OptionError(f"--contenders names {label!r} twice: leave one out.")
    labels = tuple(asked or (label for label in known if label != SOURCE))
    if len(labels) < 2:
        raise OptionError(
            f"A study compares at least two contenders, and there is {'one, ' + repr(*labels) if labels else 'none'}: "
            + ("name more with --contenders." if asked else f"compare more methods in {compared.folder} first.")
        )
    if check == "source" and SOURCE in labels:
        raise OptionError(
            f"The source would be in a question twice, as {SOURCE!r} of --contenders and as the check: leave one out."
        )
    pictures = len(labels) + (check is not None)
    if pictures > MOST_CARDS:
        raise OptionError(
            f"One question would have {pictures} pictures, and people can rank {MOST_CARDS} at most: "
            "choose fewer with --contenders."
        )
    return labels


def _refuse_names(compared: Comparison, texts: Mapping[str, str]) -> None:
    """OptionError where a text for participants names what is hidden from them."""
    for contender in compared.contenders:
        for name in filter(None, (contender.label, contender.method)):
            for option, text in texts.items():
                if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
                    raise OptionError(
                        f"The text of {option} names the contender {name!r}, which participants must not know: "
                        "write it without that word."
                    )


def _targets(compared: Comparison, labels: Sequence[str]) -> list[_Target]:
    """The targets that every contender has a picture of."""
    found: defaultdict[tuple[str, str], dict[str, Path]] = defaultdict(dict)
    for trial in sorted(compared.trials, key=lambda trial: trial.seed):
        if trial.picture is not None and trial.contender in labels:
            found[trial.case, trial.target].setdefault(trial.contender, trial.picture)
    pairs = [(case.name, target) for case in compared.cases for target in case.targets]
    whole = [pair for pair in pairs if len(found[pair]) == len(labels)]
    if not whole:
        counts = {label: sum(label in pictures for pictures in found.values()) for label in labels}
        fewest = min(labels, key=counts.__getitem__)
        raise InputError(
            f"No target in {compared.folder} has a picture of every contender ({fewest!r} has {counts[fewest]} of "
            f"{len(pairs)}): choose other --contenders, or compare again."
        )
    return [_Target(case, name, {label: found[case, name][label] for label in labels}) for case, name in whole]


def _choose(targets: list[_Target], wanted: int | None, draws: random.Random, compared: Comparison) -> list[_Target]:
    """As many as wanted, from every case about as many."""
    if wanted is not None and not 1 <= wanted <= len(targets):
        raise OptionError(
            f"--questions cannot be {wanted}: {compared.folder} has pictures for 1 to {len(targets)} questions."
        )
    of_case: defaultdict[str, list[_Target]] = defaultdict(list)
    for target in draws.sample(targets, len(targets)):
        of_case[target.case].append(target)
    rounds = [(place, target) for group in of_case.values() for place, target in enumerate(group)]
    rounds.sort(key=lambda pair: pair[0])
    return [target for _, target in rounds[: wanted or min(QUESTIONS, len(targets))]]


def _question(
    shelf: _Shelf, number: int, target: _Target, layouts: bool, check: Checks | None, draws: random.Random
) -> Question:
    case = next(case for case in shelf.compared.cases if case.name == target.case)
    cards: list[tuple[Picture, Role, str | None]] = []
    for label, path in target.pictures.items():
        cards.append((shelf.copy(path), "contender", label))
    if check == "source":
        cards.append((shelf.copy(case.image), "first", None))
    elif check == "spoilt":
        original = shelf.read(target.pictures[draws.choice(list(target.pictures))])
        cards.append((shelf.put(to_bytes(spoilt(original, draws.randrange(2**32)))), "last", None))
    return Question(
        name=f"q{number:02d}",
        case=target.case,
        target=target.name,
        source=shelf.source(case.image),
        source_layout=shelf.layout(case.labels) if layouts else None,
        target_layout=shelf.layout(case.targets[target.name]) if layouts else None,
        cards=tuple(
            Card(id=secrets.token_hex(6), picture=picture, role=role, contender=contender)
            for picture, role, contender in cards
        ),
    )


class _Shelf:
    """The pictures of the study that is being made.

    Every picture is written anew: texts inside a file, its format and its date could tell where it comes from.
    """

    def __init__(self, compared: Comparison, folder: Path) -> None:
        self.compared = compared
        self._folder = folder
        self._once: dict[Path, Picture] = {}
        folder.mkdir()

    def read(self, path: Path) -> NDArray[np.float32]:
        """A picture of the comparison."""
        return read_image(self.compared.folder / path)

    def copy(self, path: Path) -> Picture:
        """A copy of a picture of the comparison."""
        return self.put(to_bytes(self.read(path)))

    def source(self, path: Path) -> Picture:
        """The same, once for all questions: a source may stand beside many."""
        if path not in self._once:
            self._once[path] = self.copy(path)
        return self._once[path]

    def layout(self, path: Path) -> Picture:
        """A label map of the comparison in its colours, once for all questions."""
        if path not in self._once:
            self._once[path] = self.put(read_labels(self.compared.folder / path).colors())
        return self._once[path]

    def put(self, pixels: NDArray[np.uint8]) -> Picture:
        """Write pixels under a name that tells nothing."""
        name = f"{secrets.token_hex(8)}.png"
        write_image(self._folder / name, pixels)
        return Picture(file=name, width=pixels.shape[1], height=pixels.shape[0])

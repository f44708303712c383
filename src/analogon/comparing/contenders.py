"""Who takes part: methods with their settings, pictures made elsewhere, the source itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from analogon.errors import OptionError
from analogon.methods import registry
from analogon.report.values import SOURCE, Contender

#: Settings of a contender that are arguments of a fit or a render; all others are fields of the configuration.
ARGUMENTS = ("steps", "minutes", "size", "keep", "polish")

#: By label of a contender or name of a method, what is set.
Settings = Mapping[str, Mapping[str, Any]]

SOURCE_ITSELF = Contender(SOURCE, None, meaning="The source picture as it is: the ground for all figures.")


@dataclass(frozen=True)
class Terms:
    """What all contenders are given alike.

    Attributes:
        steps, minutes: of the fit, of those that learn.
        keep: "none", or "auto": what an edit does not concern stays, with methods that can.
        device: what computes.
    """

    steps: int | None = None
    minutes: float | None = None
    keep: str = "none"
    device: str = "auto"


def enter(
    words: Sequence[str | Contender],
    settings: Settings,
    terms: Terms,
    elsewhere: Iterable[str] = (),
) -> tuple[Contender, ...]:
    """The contenders with all that they are given, checked as far as can be without running one.

    Args:
        words: ``NAME`` or ``NAME:RECIPE`` of a method, ``source``, or contenders.
        settings: by label of a contender or name of a method, what is set.
        terms: what all get that can use it.
        elsewhere: labels of those whose pictures are made elsewhere.

    Raises:
        OptionError: there is no contender, or none of that name, one is named twice, or a setting cannot be.
    """
    entered = [_named(word) if isinstance(word, str) else word for word in words]
    for one in entered:
        if one.method is None and one != SOURCE_ITSELF:
            raise OptionError(f"'{one.label}' names no method: give a folder of its pictures under this label instead.")
    entered += [Contender(label, None, meaning="Pictures made elsewhere.") for label in elsewhere]
    if any(one.label == SOURCE and one != SOURCE_ITSELF for one in entered):
        raise OptionError(f"'{SOURCE}' is the source picture itself, which does not compete: choose another label.")
    if not entered:
        raise OptionError("There is no method to compare: name at least one with --methods.")
    if terms.keep not in ("none", "auto"):
        raise OptionError(f"--keep cannot be '{terms.keep}' in a comparison: give none or auto.")
    labels = [one.label for one in entered]
    for label in labels:
        if labels.count(label) > 1:
            raise OptionError(f"'{label}' takes part twice: leave one out, or give it another label.")
    known = {*labels, *(one.method for one in entered if one.method)}
    for name in settings:
        if name not in known:
            raise OptionError(f"There is no contender '{name}' to set something of: name one of {', '.join(labels)}.")
    for option, value in (("--steps", terms.steps), ("--minutes", terms.minutes)):
        if value is not None and not any(one.method and registry.get(one.method).learns for one in entered):
            raise OptionError(f"None of {', '.join(labels)} learns anything: leave out {option}.")
    return tuple(_equipped(one, settings, terms) for one in entered)


def ablated(words: Sequence[str | Contender], settings: Settings) -> tuple[list[str | Contender], Settings]:
    """Methods, each followed by itself without each of its parts in turn; and what is set of all of these.

    Args:
        words: ``NAME`` or ``NAME:RECIPE``.
        settings: as for :func:`enter`; what is set of a method is set of it without a part, too.

    Raises:
        OptionError: there is no such method or recipe, or nothing is known of its parts.
    """
    found, known = list[str | Contender](), dict(settings)
    for word in words:
        if not isinstance(word, str):
            raise OptionError("Parts are left out of methods that are named, as NAME or NAME:RECIPE.")
        for one in _with_parts(word):
            found.append(one)
            if mine := {**settings.get(word, {}), **settings.get(one.label, {})}:
                known[one.label] = mine
    return found, known


def _with_parts(word: str) -> tuple[Contender, ...]:
    """A method, and it without each of its parts."""
    whole = _named(word)
    if whole.method is None:
        raise OptionError(f"'{word}' has no parts to leave out: name a method with --ablate.")
    entry = registry.get(whole.method)
    without = entry.ablations_of(whole.recipe)
    if not without:
        able = ", ".join(name for name, one in registry.METHODS.items() if one.ablations)
        raise OptionError(f"Nothing is known of the parts of '{word}': name one of {able} with --ablate.")
    parts = [
        replace(whole, label=f"{word} {name}", settings=dict(one.settings), meaning=one.meaning)
        for name, one in without.items()
    ]
    return replace(whole, meaning="All parts in place."), *parts


def arguments(contender: Contender) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a contender: those in ``ARGUMENTS``, and fields of the configuration."""
    mine = {name: value for name, value in contender.settings.items() if name in ARGUMENTS}
    return mine, {name: value for name, value in contender.settings.items() if name not in ARGUMENTS}


def configuration(contender: Contender) -> dict[str, Any]:
    """Every hyperparameter of a contender's method, as JSON values.

    Raises:
        OptionError: its recipe or a field does not exist, or has a value that cannot be.
    """
    assert contender.method is not None
    given, fields = arguments(contender)
    if given.get("steps") is not None:
        fields["steps"] = given["steps"]
    return registry.get(contender.method).configure(contender.recipe, fields).model_dump(mode="json")


def _named(word: str) -> Contender:
    if word == SOURCE:
        return SOURCE_ITSELF
    method, colon, recipe = word.partition(":")
    if colon and not recipe:
        raise OptionError(f"'{word}' names no recipe after the colon: write NAME or NAME:RECIPE.")
    return Contender(word, method, recipe or None, meaning=_meaning(method, recipe))


def _meaning(method: str, recipe: str) -> str:
    summary = registry.get(method).summary
    return f"{summary[0].upper()}{summary[1:]}{f'; recipe {recipe}' if recipe else ''}."


def _equipped(contender: Contender, settings: Settings, terms: Terms) -> Contender:
    """With settings and terms; the nearer to the contender, the stronger."""
    if contender.method is None:
        if contender.label in settings:
            raise OptionError(f"'{contender.label}' is made of pictures that are there: leave out its settings.")
        return contender
    entry = registry.get(contender.method)
    own = {**settings.get(contender.method, {}), **settings.get(contender.label, {}), **contender.settings}
    entry.check_learns({"steps": "no step to count"} if own.get("steps") is not None else {})
    entry.check_learns({"minutes": "no time to limit"} if own.get("minutes") is not None else {})
    if "keep" in own and own["keep"] != "none":
        entry.check_takes(["keep"])
    given: dict[str, Any] = {"keep": terms.keep if "keep" in entry.takes else None}
    if entry.learns and not {"steps", "minutes"} & set(own):
        given |= {"steps": terms.steps, "minutes": terms.minutes}
    equipped = replace(contender, settings={**{n: v for n, v in given.items() if v is not None}, **own})
    _check(equipped, entry, terms.device)
    return equipped


def _check(contender: Contender, entry: registry.Entry, device: str) -> None:
    """Refuse what would fail when its turn comes."""
    given, _ = arguments(contender)
    configuration(contender)
    minutes, size, keep = given.get("minutes"), given.get("size", 1.0), given.get("keep", "none")
    if minutes is not None and not (_is_number(minutes) and 0 < minutes < math.inf):
        raise OptionError(f"Setting 'minutes' of '{contender.label}' cannot be {minutes!r}: give a number above 0.")
    if not (_is_number(size) and 0 < size <= 1):
        raise OptionError(
            f"Setting 'size' of '{contender.label}' cannot be {size!r}: give a factor above 0 and up to 1."
        )
    if size != 1 and "size_limit" not in entry.config_type.model_fields:
        raise OptionError(f"Method '{entry.name}' works at the full size only: leave out the size of it.")
    if keep not in ("none", "auto"):
        raise OptionError(f"Setting 'keep' of '{contender.label}' cannot be {keep!r}: give none or auto.")
    if not isinstance(given.get("polish"), bool | None):
        raise OptionError(f"Setting 'polish' of '{contender.label}' cannot be {given['polish']!r}: give true or false.")
    entry.polishes(given.get("polish"), preview=False)
    if entry.neural and find_spec("torch") is None:
        entry.load()  # says what to install
    if device not in ("auto", "cpu"):
        entry.machine(device)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

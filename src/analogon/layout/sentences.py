"""Sentences that change a scene: "tree: duplicate, left of house".

A sentence is the name of an object or a group, a colon, and clauses with commas between them:

    duplicate | duplicate as NAME | delete | move RIGHT,DOWN | scale FACTOR | scale FACTORxHEIGHT | rotate DEGREES
    flip | flip left-right | flip top-bottom | becomes CLASS
    to front | to back | forward | backward | in front of NAME | behind NAME
    left of NAME | right of NAME | above NAME | below NAME | inside NAME | touching NAME

After "duplicate" the copy is meant. Several sentences have semicolons between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from analogon.errors import OptionError
from analogon.layout.arrangement import BEHIND, Layout
from analogon.layout.moving import Delete, Duplicate, Flip, Move, Rotate, Scale
from analogon.layout.operation import Operation
from analogon.layout.placing import PLACED, solved
from analogon.layout.sorting import Arrange, Relabel

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
#: Each form of a clause with the operation that it means, and what that is given.
_FORMS: Mapping[str, tuple[type[Operation], Callable[[re.Match[str]], dict[str, Any]]]] = {
    r"duplicate": (Duplicate, lambda _: {}),
    r"duplicate as (.+)": (Duplicate, lambda m: {"name": m[1]}),
    r"delete": (Delete, lambda _: {}),
    r"move ([+-]?\d+) ?, ?([+-]?\d+)": (Move, lambda m: {"right": int(m[1]), "down": int(m[2])}),
    rf"scale ({_NUMBER})": (Scale, lambda m: {"factor": float(m[1])}),
    rf"scale ({_NUMBER}) ?x ?({_NUMBER})": (Scale, lambda m: {"factor": float(m[1]), "height": float(m[2])}),
    rf"rotate ({_NUMBER})": (Rotate, lambda m: {"degrees": float(m[1])}),
    r"flip(?: (left-right|top-bottom))?": (Flip, lambda m: {"axis": m[1] or "left-right"}),
    r"becomes (.+)": (Relabel, lambda m: {"to": m[1]}),
    r"to (front|back)": (Arrange, lambda m: {"to": m[1]}),
    r"(forward|backward)": (Arrange, lambda m: {"to": m[1]}),
    r"in front of (.+)": (Arrange, lambda m: {"to": "before", "other": m[1]}),
    r"behind (.+)": (Arrange, lambda m: {"to": "behind", "other": m[1]}),
}
_PLACE = re.compile(rf"({'|'.join(PLACED)}) (.+)")


def operations_of(layout: Layout, text: str, fill: str = BEHIND) -> tuple[Operation, ...]:
    """The operations that sentences mean, in a layout.

    Args:
        text: sentences of the form that this module describes.
        fill: what objects leave behind, as operations take it.

    Raises:
        OptionError: a sentence has another form, names what there is not, or asks for a place that there is not.
            LabelError: nothing would be left.
    """
    found: list[Operation] = []
    for sentence in filter(None, (part.strip() for part in text.split(";"))):
        name, clauses = _parted(layout, sentence)
        fresh = False  # a copy that still lies over what it was copied from
        for clause in clauses:
            if found and isinstance(found[-1], Delete) and found[-1].of == name:
                raise OptionError(f"'{sentence}' goes on after 'delete': leave out '{clause}'.")
            operation = _operation(layout, name, clause, fill, sentence, fresh=fresh)
            if operation is None:
                continue
            after = operation.apply(layout)
            name = _meant(layout, after, name, operation)
            found.append(operation)
            fresh = isinstance(operation, Duplicate) or (fresh and not isinstance(operation, Move))
            layout = after
    if not found and not text.strip(" ;"):
        raise OptionError("The sentence is empty: write one such as 'tree: duplicate, left of house'.")
    return tuple(found)


def _parted(layout: Layout, sentence: str) -> tuple[str, list[str]]:
    """The object of a sentence, and what is said of it."""
    known = [name for name in layout.handles() if sentence.startswith(f"{name}:")]
    name = max(known, key=len, default=sentence.partition(":")[0].strip())
    said = sentence[len(name) :].lstrip().removeprefix(":").strip() if known else sentence.partition(":")[2].strip()
    if not name or not said:
        raise OptionError(f"'{sentence}' cannot be read: write a sentence such as 'tree: duplicate, left of house'.")
    layout.members(name)
    # a comma between two numbers is none between clauses
    return name, [" ".join(clause.split()) for clause in re.split(r",(?=\s*[^\W\d])", said)]


def _operation(layout: Layout, name: str, clause: str, fill: str, sentence: str, *, fresh: bool) -> Operation | None:
    """What a clause means, None where it is so already."""
    if (match := _PLACE.fullmatch(clause)) is not None:
        return solved(layout, name, match[1], match[2], fill, fresh=fresh)
    for form, (kind, values) in _FORMS.items():
        if (match := re.fullmatch(form, clause)) is not None:
            filling = {"fill": fill} if "fill" in kind.model_fields else {}
            return kind(of=name, **values(match), **filling)
    raise OptionError(
        f"'{clause}' in '{sentence}' cannot be read: write duplicate, delete, move 40,0, scale 1.5, rotate 15, flip, "
        "becomes CLASS, to front, to back, forward, backward, or left of, right of, above, below, inside, touching, in "
        "front of or behind with the name of an object."
    )


def _meant(before: Layout, after: Layout, name: str, operation: Operation) -> str:
    """The name of what the next clause is about."""
    if isinstance(operation, Duplicate):
        old = set(before.handles())
        new = [one for one in after.handles() if one not in old]
        return new[-1]
    if isinstance(operation, Relabel) and after.group(name) is None:
        (one,) = before.members(name)
        return next(new.name for new in after.objects if new.id == one.id)
    return name

"""Which class of the source each class of a target is.

In this order:

1. What the user says (`--map`).
2. A map that carries the source's own classes (id, name and colour) has these. Otherwise a class that
   carries a name is the source's class of that name, unless the name is only a number ("class 3").
3. A file without colours of its own (16 bits, `.npy`, arrays) by ids; every id must be known.
4. Where the source's colours only stand for ids: a greyscale file by ids; an indexed one by ids, or by
   colours if those fit and the ids do not (programs renumber indices when they save).
5. Else by colours, and where those fail by ids, if every id is known. A greyscale file goes by colours only
   if its greys are colours of the source, or if an id is unknown.

Ids are never rounded to a near one. Colours go by relative nearness: the nearest class of the source, if it
is not too far and at most half as far as the next. A target painted with another green than the source's is
understood; a red is no orange.

Two target colours that people tell apart are not taken for one class of the source: the nearer one is the
class and the other is unknown, since a target with red and dark red means two things. Who means one maps
the other by hand.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analogon.data.color import class_names, color_distances, hex_color, id_color, parse_hex_color
from analogon.data.palette import LabelClass, Palette, unknown_class
from analogon.errors import OptionError
from analogon.io.label_files import LabelFile
from analogon.io.recovery import Recovered

# Distances of colours in the units of `data.color.oklab`, where 0.02 is just visible and black to white is
# 0.86.
FARTHEST = 0.15
CLEARLY = 0.5
SAME = 0.04
PICKED = 0.03

Matches = list[LabelClass | None]
SHOWN = 12
"""Classes that a message lists."""


class UnusedKeys:
    """The keys of a mapping that no target has had so far: a misspelt one would change nothing, and nobody see it."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._keys = dict.fromkeys(mapping)
        self._classes: dict[str, None] = {}

    def seen(self, key: str) -> None:
        """A target has this key."""
        self._keys.pop(key, None)

    def look_at(self, target: "_Target") -> None:
        """Remember what the classes of a target are."""
        for place, (name, color) in enumerate(zip(target.names, target.colors.tolist(), strict=True)):
            number = "" if target.ids is None else f"{target.ids[place]} "
            self._classes[f"{number}'{name}' ({hex_color(color)})"] = None

    def refuse(self) -> None:
        """OptionError where a key is left, unless there was no target to look at."""
        if self._keys and self._classes:
            known = ", ".join(list(self._classes)[:SHOWN]) + (", …" if len(self._classes) > SHOWN else "")
            raise OptionError(f"--map: '{next(iter(self._keys))}' is no class of a target: use one of {known}.")


@dataclass(frozen=True, eq=False)
class _Target:
    """The target's classes: their colours, and ids and names where it has them."""

    colors: npt.NDArray[np.uint8]
    ids: list[int] | None
    own: list[LabelClass] | None
    names: list[str]


def match_classes(
    file: LabelFile, found: Recovered, palette: Palette, mapping: Mapping[str, str], unused: UnusedKeys
) -> list[int]:
    """The source's class id for each class of the target, by the rules of this module.

    The keys of `mapping` that the target has are taken out of `unused`. LabelError names the largest class of
    the target that the source lacks; OptionError a `mapping` that cannot be.
    """
    ids = None if found.ids is None else [int(i) for i in found.ids]
    own = None if file.palette is None or ids is None else [file.palette.get(i) for i in ids]
    colors = found.colors if own is None else np.array([c.color for c in own], np.uint8)
    words = class_names([tuple(c) for c in colors.tolist()], ids or list(range(len(colors))))
    target = _Target(colors, ids, own, words if own is None else [c.name for c in own])
    matches, by_id = _automatic(file, found, target, palette)
    for place, known in _mapped(target, mapping, palette, unused).items():
        matches[place] = known
    lacking = [place for place, known in enumerate(matches) if known is None]
    if lacking:
        largest = max(lacking, key=lambda place: found.shares[place])
        red, green, blue = colors[largest].tolist()
        key, nearest = hex_color((red, green, blue)), palette.nearest((red, green, blue))
        if by_id and target.ids is not None:
            number = target.ids[largest]
            key, nearest = str(number), min(palette.classes, key=lambda c: abs(c.id - number))
        where = f"The target {file.name}" if file.name.startswith("'") else file.name
        raise unknown_class(where, key, float(found.shares[largest]), nearest)
    return [known.id for known in matches if known is not None]


def _automatic(file: LabelFile, found: Recovered, target: _Target, palette: Palette) -> tuple[Matches, bool]:
    """The matches without the user's, and whether the lacking ones are to be named by id."""
    by_color = _by_color(target, palette)
    if target.own is not None:
        if all(c in palette.classes for c in target.own):
            return list(target.own), False
        named = {c.name: c for c in palette.classes if c.name != f"class {c.id}"}
        return [named.get(c.name, match) for c, match in zip(target.own, by_color, strict=True)], False
    if target.ids is None:
        return by_color, False
    known = {c.id: c for c in palette.classes}
    by_id: Matches = [known.get(i) for i in target.ids]
    if not file.colored:
        return by_id, True
    if not found.exact:
        return by_color, False
    values = target.colors.tolist()
    grey = all(color == [i, i, i] for color, i in zip(values, target.ids, strict=True))
    if _known_by_id(palette):
        return (by_color, False) if not grey and None in by_id and None not in by_color else (by_id, True)
    painted = all(any(list(c.color) == color for c in palette.classes) for color in values)
    fits = painted if grey else None not in by_color
    return (by_id, True) if None not in by_id and not fits else (by_color, False)


def _known_by_id(palette: Palette) -> bool:
    """Whether the colours of the palette only stand for ids."""
    return all(c.color in (id_color(c.id), (c.id, c.id, c.id)) for c in palette.classes)


def _by_color(target: _Target, palette: Palette) -> Matches:
    """Matches by colour alone."""
    distances = color_distances(target.colors, palette.colors)
    order = np.argsort(distances, axis=1, kind="stable")
    matches: Matches = []
    for place, row in enumerate(order):
        color = tuple(target.colors[place].tolist())
        same = [c for c in palette.classes if c.color == color]
        if same:
            wanted = None if target.ids is None else target.ids[place]
            matches.append(next((c for c in same if c.id == wanted), same[0]))
            continue
        nearest = distances[place, row[0]]
        clear = len(row) == 1 or nearest <= CLEARLY * distances[place, row[1]]
        matches.append(palette.classes[int(row[0])] if nearest <= FARTHEST and clear else None)
    return _one_color_each(target, palette, matches, distances)


def _one_color_each(target: _Target, palette: Palette, matches: Matches, distances: npt.NDArray[np.float64]) -> Matches:
    """The matches without those of colours that are clearly other ones than the nearest to the class."""
    result = list(matches)
    for index, known in enumerate(palette.classes):
        rivals = sorted((p for p, match in enumerate(matches) if match is known), key=lambda p: distances[p, index])
        for place in rivals[1:]:
            if color_distances([target.colors[place]], [target.colors[rivals[0]]])[0, 0] > SAME:
                result[place] = None
    return result


def _mapped(target: _Target, mapping: Mapping[str, str], palette: Palette, unused: UnusedKeys) -> dict[int, LabelClass]:
    """The classes of the target that the user maps, by place.

    Keys that the target does not have stay in `unused`: one mapping serves several targets.
    """
    result: dict[int, LabelClass] = {}
    unused.look_at(target)
    for key, value in mapping.items():
        known = _known_class(value, palette)
        places = _places(target, key)
        result.update(dict.fromkeys(places, known))
        if places:
            unused.seen(key)
    return result


def _places(target: _Target, key: str) -> list[int]:
    """The classes of the target that the left side of a mapping names: by id, name or colour, with or without #."""
    text = key.strip()
    if text.startswith("#") and parse_hex_color(text) is None:
        raise OptionError(f"--map: '{key}' is no colour: write it as #rrggbb.")
    if target.ids is not None and text.isdecimal():
        places = [p for p, i in enumerate(target.ids) if i == int(text)]
    else:
        places = [p for p, name in enumerate(target.names) if name == text]
    color = parse_hex_color("#" + text.removeprefix("#"))
    if color is not None and not places:
        distances = color_distances([color], target.colors)[0]
        places = [int(distances.argmin())] if distances.min() <= PICKED else []
    return places


def _known_class(value: str, palette: Palette) -> LabelClass:
    """The class of the source that the right side of a mapping names: by name, colour or id."""
    text = value.strip()
    for known in palette.classes:
        if text in (known.name, str(known.id)):
            return known
    color = parse_hex_color("#" + text.removeprefix("#"))
    for known in palette.classes:
        if color == known.color:
            return known
    close = difflib.get_close_matches(text, palette.names, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(map(repr, palette.names[:SHOWN]))}."
    raise OptionError(f"--map: '{value}' is no class of the source: {hint}")

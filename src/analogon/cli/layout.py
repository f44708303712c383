"""`analogon layout`: change a label map object by object."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, Token

from analogon.cli.console import say
from analogon.cli.outputs import check_folder
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import History
    from analogon.layout import Layout, Operation

#: Each operation with the form of its text; of several colons the last ones count, so that names may hold some.
FORMS: Mapping[str, str] = {
    "--move": "OBJECT:RIGHT,DOWN",
    "--scale": "OBJECT:FACTOR[xHEIGHT]",
    "--rotate": "OBJECT:DEGREES",
    "--flip": "OBJECT[:top-bottom]",
    "--duplicate": "OBJECT[:RIGHT,DOWN]",
    "--delete": "OBJECT",
    "--deform": "OBJECT:ROW,COLUMN=ROW,COLUMN[/...]",
    "--brush": "CLASS:RADIUS:ROW,COLUMN[/...]",
    "--polygon": "CLASS:ROW,COLUMN/ROW,COLUMN/ROW,COLUMN[/...]",
    "--fill": "CLASS:ROW,COLUMN[:everywhere]",
    "--relabel": "OBJECT:CLASS",
    "--merge": "CLASS:INTO",
    "--front": "OBJECT",
    "--back": "OBJECT",
    "--forward": "OBJECT",
    "--backward": "OBJECT",
    "--group": "NAME:OBJECT/OBJECT[/...]",
    "--ungroup": "NAME",
    "--say": "SENTENCE",
    "--replay": "FILE",
}


def _ordered(_: Any, tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """What is asked for in the order in which it is asked for: option and text of each."""
    return [(str(token.keyword), token.value) for token in tokens]


def layout(
    labels: Annotated[Path, Parameter(help="The label map.")],
    /,
    *,
    operations: Annotated[
        list[tuple[str, str]],
        Parameter(
            name=tuple(FORMS),
            metavar="TEXT",
            negative="",
            n_tokens=1,
            converter=_ordered,
            show_default=False,
            help="What is done, in the order of the command line: "
            + ", ".join(f"{option} {form}" for option, form in FORMS.items())
            + ".",
        ),
    ] = [],  # noqa: B006
    output: Annotated[
        Path | None,
        Parameter(name=("--output", "-o"), metavar="TARGET", help="The new label map, an indexed .png."),
    ] = None,
    keep_mask: Annotated[
        Path | None,
        Parameter(metavar="FILE", help="Write a mask for --keep of analogon make: white where nothing need change."),
    ] = None,
    places: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="Write, as .npy, where objects come from, for --places of analogon make: they stay whole.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None, Parameter(metavar="FILE", help="Write what was done, as .json; --replay FILE does it again.")
    ] = None,
    uncovered: Annotated[
        str,
        Parameter(
            metavar="behind|around|CLASS",
            help="What objects leave behind: the nearest of what lies behind them, the nearest of all, or a class.",
        ),
    ] = "behind",
    connectivity: Annotated[
        Literal[4, 8], Parameter(metavar="8|4", help="How many neighbours of a pixel can make one object with it.")
    ] = 8,
    list_objects: Annotated[
        bool,
        Parameter(name="--list", negative="", show_default=False, help="List objects and how they lie to each other."),
    ] = False,
) -> None:
    """Change a label map object by object: what comes of it is a target for analogon make.

    Objects are the connected regions of each class, "tree", "tree 2" and so on; --list shows them. RIGHT and DOWN are
    pixels, rows and columns count from 0 at the top left. A SENTENCE is such as "tree: duplicate, left of house".
    """
    import analogon

    written = {"-o": output, "--keep-mask": keep_mask, "--places": places, "--recipe": recipe}
    read = [labels, *(Path(text) for option, text in operations if option == "--replay")]
    _check(written, read, listing=list_objects)
    before = analogon.read_labels(labels)
    history = analogon.History(before, connectivity)
    if uncovered not in ("behind", "around"):
        history.layout.class_of(uncovered)
    for place, (option, text) in enumerate(operations):
        if option == "--replay":
            if place > 0:
                raise OptionError("--replay begins with the label map as it was: put it before all other operations.")
            history = analogon.History.load(text, before)
        else:
            history.apply(*_operations(history.layout, option, text, uncovered))
    if list_objects:
        say(analogon.layout.Scene(history.layout).text())
    _write(history, output, keep_mask, places, recipe)


def _write(
    history: "History", output: Path | None, keep_mask: Path | None, places: Path | None, recipe: Path | None
) -> None:
    import numpy as np

    import analogon

    for path in filter(None, (output, keep_mask, places, recipe)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if recipe is not None:
        history.save(recipe)
        say(f"{recipe}")
    if keep_mask is not None:
        kept = analogon.layout.keep_mask(history.layout)
        analogon.write_image(keep_mask, np.repeat(kept[..., None], 3, axis=2).astype(np.float32))
        say(f"{keep_mask}")
    if places is not None:
        analogon.layout.save_carried(history.layout, places)
        say(f"{places}")
    if output is not None:
        analogon.write_labels(output, history.layout.target)
        say(f"{output}")


def _check(written: Mapping[str, Path | None], read: Sequence[Path], *, listing: bool) -> None:
    """Refuse files that cannot be written, before anything is."""
    if not listing and not any(written.values()):
        raise OptionError("Nothing would come of it: give -o the name of a .png file, or look at --list.")
    taken: dict[Path, str] = {path.resolve(): f"the input {path}" for path in read}
    for option, path in written.items():
        if path is None:
            continue
        suffix = {"--recipe": ".json", "--places": ".npy"}.get(option, ".png")
        if path.suffix.lower() != suffix or not path.stem:
            raise OptionError(f"{option} cannot write '{path}': name a file that ends in {suffix}.")
        if path.is_dir():
            raise OptionError(f"{path} is a folder: give {option} the name of a {suffix} file.")
        if path.resolve() in taken:
            raise OptionError(f"{option} would overwrite {taken[path.resolve()]}: choose another name.")
        taken[path.resolve()] = f"what {next(o for o, p in written.items() if p == path)} writes"
        check_folder(path.parent)


def _operations(now: "Layout", option: str, text: str, fill: str) -> "Sequence[Operation]":
    """The operations that one option of the command line means."""
    import analogon

    room = analogon.layout
    if option == "--say":
        return room.operations_of(now, text, fill)
    try:
        kind, values = _PARSERS[option](text)
    except (ValueError, IndexError):
        raise OptionError(f"{option} '{text}' cannot be read: write it as {option} {FORMS[option]}.") from None
    operation: type[Operation] = getattr(room, kind)
    if "fill" in operation.model_fields:
        values["fill"] = fill
    return (operation(**values),)


Parsed = tuple[str, dict[str, Any]]
_PAIR = re.compile(r"[+-]?\d+,[+-]?\d+")


def _parts(text: str, count: int = 2) -> list[str]:
    """The parts between the last colons, of which the first may hold further ones."""
    parts = text.rsplit(":", count - 1)
    if len(parts) != count or not all(part.strip() for part in parts):
        raise ValueError(text)
    return [part.strip() for part in parts]


def _numbers(text: str) -> tuple[float, float]:
    first, second = text.split(",")
    return float(first), float(second)


def _way(text: str) -> dict[str, int]:
    if not _PAIR.fullmatch(text.replace(" ", "")):
        raise ValueError(text)
    right, down = text.split(",")
    return {"right": int(right), "down": int(down)}


def _move(text: str) -> Parsed:
    of, way = _parts(text)
    return "Move", {"of": of, **_way(way)}


def _scale(text: str) -> Parsed:
    of, factors = _parts(text)
    factor, *height = (float(part) for part in factors.split("x"))
    if len(height) > 1:
        raise ValueError(text)
    return "Scale", {"of": of, "factor": factor, **({"height": height[0]} if height else {})}


def _rotate(text: str) -> Parsed:
    of, degrees = _parts(text)
    return "Rotate", {"of": of, "degrees": float(degrees)}


def _flip(text: str) -> Parsed:
    for axis in ("left-right", "top-bottom"):
        if text.endswith(f":{axis}"):
            return "Flip", {"of": text.removesuffix(f":{axis}"), "axis": axis}
    return "Flip", {"of": text}


def _duplicate(text: str) -> Parsed:
    of, colon, way = text.rpartition(":")
    if colon and _PAIR.fullmatch(way.replace(" ", "")):
        return "Duplicate", {"of": of, **_way(way)}
    return "Duplicate", {"of": text}


def _deform(text: str) -> Parsed:
    of, handles = _parts(text)
    ends = [handle.split("=") for handle in handles.split("/")]
    return "Deform", {"of": of, "handles": tuple((*_numbers(a), *_numbers(b)) for a, b in ends)}


def _brush(text: str) -> Parsed:
    paint, radius, points = _parts(text, 3)
    places = tuple(_numbers(point) for point in points.split("/"))
    return "Brush", {"paint": paint, "radius": float(radius), "points": places}


def _polygon(text: str) -> Parsed:
    paint, points = _parts(text)
    return "Polygon", {"paint": paint, "points": tuple(_numbers(point) for point in points.split("/"))}


def _fill(text: str) -> Parsed:
    everywhere = text.endswith(":everywhere")
    paint, point = _parts(text.removesuffix(":everywhere"))
    row, column = (int(part) for part in point.split(","))
    return "Fill", {"paint": paint, "row": row, "column": column, "contiguous": not everywhere}


def _relabel(text: str) -> Parsed:
    of, to = _parts(text)
    return "Relabel", {"of": of, "to": to}


def _merge(text: str) -> Parsed:
    one, into = _parts(text)
    return "Merge", {"classes": (one,), "into": into}


def _group(text: str) -> Parsed:
    name, names = _parts(text)
    return "Group", {"name": name, "of": tuple(part.strip() for part in names.split("/"))}


def _arrange(to: str) -> Callable[[str], Parsed]:
    return lambda text: ("Arrange", {"of": text, "to": to})


_PARSERS: Mapping[str, Callable[[str], Parsed]] = {
    "--move": _move,
    "--scale": _scale,
    "--rotate": _rotate,
    "--flip": _flip,
    "--duplicate": _duplicate,
    "--delete": lambda text: ("Delete", {"of": text}),
    "--deform": _deform,
    "--brush": _brush,
    "--polygon": _polygon,
    "--fill": _fill,
    "--relabel": _relabel,
    "--merge": _merge,
    "--front": _arrange("front"),
    "--back": _arrange("back"),
    "--forward": _arrange("forward"),
    "--backward": _arrange("backward"),
    "--group": _group,
    "--ungroup": lambda text: ("Ungroup", {"of": text}),
}

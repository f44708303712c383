"""Options that several verbs share, and how their texts become values."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from analogon.errors import OptionError

Mapping = Annotated[
    list[str],
    Parameter(
        name="--map",
        metavar="COLOUR=CLASS",
        negative="",
        show_default=False,
        help="What a class of the targets stands for that the source lacks: a colour (#31ff08), id or name, "
        "and a class of the source. May be repeated.",
    ),
]

Device = Annotated[str, Parameter(metavar="NAME", help="What computes: auto, cpu, cuda, cuda:1 or mps.")]

#: Arguments of `analogon.fit` that the command line fills by itself.
RESERVED = frozenset({"exemplar", "folder", "previews", "progress"})


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How a model is fitted."""

    method: Annotated[str, Parameter(metavar="NAME", help="The method; analogon methods lists them.")] = "semia"
    recipe: Annotated[
        str | None,
        Parameter(metavar="NAME", help="A set of settings of the method; analogon methods NAME lists them."),
    ] = None
    steps: Annotated[int | None, Parameter(help="Stop after this many training steps.")] = None
    minutes: Annotated[float | None, Parameter(help="Time budget of the fit in minutes, preparation included.")] = None
    seed: Annotated[int, Parameter(help="Same seed, same machine, same picture.")] = 0
    device: Device = "auto"
    size: Annotated[
        float,
        Parameter(
            metavar="FACTOR",
            help="Work at this factor, above 0 and up to 1, of the size that the method would work at (the picture's, "
            "up to its setting size_limit): smaller is faster and less sharp. Results have the targets' full size all "
            "the same.",
        ),
    ] = 1.0
    settings: Annotated[
        list[str],
        Parameter(
            name="--set",
            metavar="FIELD=VALUE",
            negative="",
            show_default=False,
            help="Change one setting of the method; analogon methods NAME lists them. May be repeated.",
        ),
    ] = field(default_factory=list)
    resume: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Go on with the fit that was broken off; one that is finished is not fitted again.",
        ),
    ] = False

    def values(self) -> dict[str, Any]:
        """The settings of `--set` as values: numbers, true, false, null and lists as in JSON, else text."""
        found = pairs(self.settings, "--set", "FIELD=VALUE")
        for name in {entry.name for entry in fields(self)} & set(found):
            raise OptionError(f"{name!r} is no setting of a method: write --{name} in place of --set.")
        for name in RESERVED & set(found):
            raise OptionError(f"{name!r} is no setting of a method: leave out --set {name}=….")
        return {name: _value(text) for name, text in found.items()}


def pairs(texts: Sequence[str], option: str, form: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a dictionary; OptionError for another form or a name given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise OptionError(f"{option} {text!r} cannot be read: write it as {option} {form}.")
        if name in found:
            raise OptionError(f"{option} gives {name!r} twice ({found[name]!r} and {value!r}): leave one out.")
        found[name] = value
    return found


def source(image: Path, labels: Path | None) -> tuple[Path, Path]:
    """The picture and its label map that the arguments name: two files, or one case folder.

    A case folder holds `img.*` and `label.*`.
    """
    import analogon

    if image.is_dir():
        if labels is not None:
            raise OptionError(
                f"{image} is a folder with a label map of its own, so {labels} is one too many: leave it out."
            )
        case = analogon.find_case(image)
        return case.image, case.labels
    if labels is None:
        raise OptionError(
            f"The label map of {image} is missing: give it after the picture, or name a folder that holds "
            "img.* and label.* (analogon label writes a first label map)."
        )
    return image, labels


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

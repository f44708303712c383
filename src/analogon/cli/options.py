"""Options that several verbs share, and how their texts become values."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import Exemplar, MethodInfo, Weights

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

WeightFiles = Annotated[
    list[str],
    Parameter(
        name="--weights",
        metavar="KIND=FILE",
        negative="",
        show_default=False,
        help="A file with weights that figures take: inception (SIFID, FID, KID), lpips or segmenter. May be repeated.",
    ),
]

Device = Annotated[str, Parameter(metavar="NAME", help="What computes: auto, cpu, cuda, cuda:1 or mps.")]

Cluster = Annotated[
    str | None,
    Parameter(
        metavar="auto|HOST:PORT",
        help="Have a Ray cluster do it: auto for the one that this machine belongs to, or the address of its head. It "
        "takes analogon[ray], on every machine.",
    ),
]

Gpus = Annotated[
    float,
    Parameter(
        metavar="SHARE",
        show_default=False,
        help="The share of a GPU that each takes on a cluster: with 0.25 four share one.",
    ),
]

#: Arguments of `analogon.fit` that the command line fills by itself.
RESERVED = frozenset(
    {"cases", "cluster", "exemplar", "exemplars", "folder", "gpus", "output", "previews", "progress", "workers"}
)

_PAIR, _GUIDE = "IMAGE:LABELS[:MASK]", "SOURCE_IMAGE:TARGET_IMAGE[:WEIGHT]"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What results are made of, besides the picture and its label map."""

    mask: Annotated[
        Path | None,
        Parameter(metavar="FILE", help="Which parts of the picture results may be made of: white can be used."),
    ] = None
    also: Annotated[
        list[str],
        Parameter(
            metavar=_PAIR,
            negative="",
            show_default=False,
            help="A further picture to take from, with its label map and a mask like --mask; no path may hold a "
            "colon. Classes are the same where they have one name or colour. May be repeated.",
        ),
    ] = field(default_factory=list)

    def files(self) -> list[Path]:
        """Every file that the options name."""
        files = [Path(part) for text in self.also for part in parts(text, "--also", _PAIR)]
        return files if self.mask is None else [self.mask, *files]

    def load(self, image: Path, labels: Path | None) -> "Exemplar":
        """The exemplar of all pictures."""
        import analogon

        exemplars = [analogon.load_exemplar(image, labels, self.mask)]
        for text in self.also:
            exemplars.append(analogon.load_exemplar(*map(Path, parts(text, "--also", _PAIR))))
        return analogon.Exemplar.join(exemplars)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """What results are to be like, besides their layout."""

    keep: Annotated[
        str,
        Parameter(
            metavar="auto|none|FILE",
            help="Which pixels stay as they are in the source: those that the edit does not concern, none, or the "
            "white ones of a mask of the target's size.",
        ),
    ] = "auto"
    tile: Annotated[
        bool, Parameter(negative="", show_default=False, help="Make results that can be laid side by side as tiles.")
    ] = False
    preview: Annotated[
        bool, Parameter(negative="", show_default=False, help="Make a quick first impression of each result.")
    ] = False
    guides: Annotated[
        list[str],
        Parameter(
            name="--guide",
            metavar=_GUIDE,
            negative="",
            show_default=False,
            help="Two pictures, of the source's and of the target's size: what is alike in them becomes alike. Weight "
            "1 counts as much as the picture itself; no path may hold a colon. May be repeated.",
        ),
    ] = field(default_factory=list)
    places: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            show_default=False,
            help="Where in the source pixels must come from, an .npy file that analogon layout --places writes.",
        ),
    ] = None
    polish: Annotated[
        bool | None,
        Parameter(
            negative="--no-polish",
            show_default=False,
            help="Refine what the method makes with pieces of the source, or not; some methods do so by themselves.",
        ),
    ] = None
    provenance: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Write as well where each pixel comes from (.provenance.npy, .provenance.png) and the label map that "
            "came about (.labels.png).",
        ),
    ] = False

    def files(self) -> list[Path]:
        """Every file that the options name."""
        files = [Path(part) for text in self.guides for part in parts(text, "--guide", _GUIDE)[:2]]
        files += [] if self.places is None else [self.places]
        return files if self.keep in ("auto", "none") else [Path(self.keep), *files]

    def read(self) -> dict[str, Any]:
        """The arguments of `Model.render`, with files read."""
        import analogon

        guides = []
        for text in self.guides:
            first, second, *weight = parts(text, "--guide", _GUIDE)
            try:
                number = float(weight[0]) if weight else 1.0
            except ValueError:
                raise OptionError(
                    f"The weight {weight[0]!r} of --guide {text!r} is no number: write --guide {_GUIDE}, with paths "
                    "that hold no colon."
                ) from None
            guides.append(analogon.load_guide(Path(first), Path(second), number))
        keep = self.keep if self.keep in ("auto", "none") else analogon.read_mask(Path(self.keep))
        return {
            "keep": keep,
            "tile": self.tile,
            "preview": self.preview,
            "guides": tuple(guides),
            "places": self.places,
            "polish": self.polish,
        }


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """Who does what can be done at once."""

    workers: Annotated[
        int | None,
        Parameter(metavar="N", help="So many at once; without it as many as there are processors, here or there."),
    ] = None
    cluster: Cluster = None
    gpus: Gpus = 0.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LearningOptions:
    """How a model is fitted to a picture of any size."""

    method: Annotated[
        str | None, Parameter(metavar="NAME", help="The method; analogon methods lists them, the usual one first.")
    ] = None
    recipe: Annotated[
        str | None,
        Parameter(metavar="NAME", help="A set of settings of the method; analogon methods NAME lists them."),
    ] = None
    steps: Annotated[int | None, Parameter(help="Stop after this many training steps.")] = None
    minutes: Annotated[float | None, Parameter(help="Time budget of the fit in minutes, preparation included.")] = None
    seed: Annotated[int, Parameter(help="Same seed, same machine, same picture.")] = 0
    device: Device = "auto"
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
            help="Go on with the fit of one picture that was broken off; one that is finished is not fitted again.",
        ),
    ] = False

    def described(self) -> "MethodInfo":
        """What can be known of the method."""
        import analogon

        return analogon.describe_method(self.method)

    def values(self) -> dict[str, Any]:
        """The settings of `--set` as values: numbers, true, false, null and lists as in JSON, else text."""
        found = pairs(self.settings, "--set", "FIELD=VALUE")
        for name in {entry.name for entry in fields(self)} & set(found):
            raise OptionError(f"{name!r} is no setting of a method: write --{name} in place of --set.")
        for name in RESERVED & set(found):
            raise OptionError(f"{name!r} is no setting of a method: leave out --set {name}=….")
        return {name: value(text) for name, text in found.items()}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class FitOptions(LearningOptions):
    """How a model is fitted."""

    size: Annotated[
        float,
        Parameter(
            metavar="FACTOR",
            help="Work at this factor, above 0 and up to 1, of the size that the method would work at (the picture's, "
            "up to its setting size_limit): smaller is faster and less sharp. Results have the targets' full size all "
            "the same.",
        ),
    ] = 1.0


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


def parts(text: str, option: str, form: str) -> list[str]:
    """The two or three parts of an `A:B[:C]` text; OptionError for another form."""
    found = text.split(":")
    if len(found) not in (2, 3) or not all(part.strip() for part in found):
        raise OptionError(f"{option} {text!r} cannot be read: write {option} {form}, with paths that hold no colon.")
    return found


def weight_files(texts: Sequence[str]) -> "Weights | None":
    """The files that `--weights` names; None where it names none.

    Raises:
        OptionError: another form or kind, or a package that reads such a file is missing. InputError: no such file.
    """
    if not texts:
        return None
    import analogon

    found = pairs(texts, "--weights", "KIND=FILE")
    kinds = [entry.name for entry in fields(analogon.Weights)]
    if strange := next((kind for kind in found if kind not in kinds), None):
        raise OptionError(f"--weights knows no '{strange}': name one of {', '.join(kinds)}.")
    named = analogon.Weights(**{kind: Path(path) for kind, path in found.items()})
    named.check()
    return named


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


def value(text: str) -> Any:
    """A number, true, false, null or a list as in JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text

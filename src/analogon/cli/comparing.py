"""Options that `compare` and `bench` share."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Cluster, Device, Gpus, WeightFiles, pairs, value, weight_files
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import Comparison

_SETTING, _PICTURES = "NAME.FIELD=VALUE", "LABEL=FOLDER"

Output = Annotated[
    Path,
    Parameter(
        name=("--output", "-o"),
        metavar="DIR",
        help="Folder of the comparison; what is in it already and was asked for alike is not made again.",
    ),
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Who is compared, and how."""

    methods: Annotated[
        list[str],
        Parameter(
            metavar="NAME[:RECIPE],...",
            negative="",
            show_default=False,
            consume_multiple=False,
            help="The methods, each with a recipe if not its usual one; source is the source picture as it is. Without "
            "this option it is the usual method.",
        ),
    ] = field(default_factory=list)
    pictures: Annotated[
        list[str],
        Parameter(
            metavar=_PICTURES,
            negative="",
            show_default=False,
            help="Pictures made elsewhere, FOLDER/<target>.png or FOLDER/<case>/<target>.png; {case} in FOLDER stands "
            "for the name of the case. May be repeated.",
        ),
    ] = field(default_factory=list)
    settings: Annotated[
        list[str],
        Parameter(
            name="--set",
            metavar=_SETTING,
            negative="",
            show_default=False,
            help="Change a setting of a method; analogon methods NAME lists them, and steps, minutes, size, keep and "
            "polish are settings, too. May be repeated.",
        ),
    ] = field(default_factory=list)
    steps: Annotated[int | None, Parameter(help="Training steps of each fit, of methods that learn.")] = None
    minutes: Annotated[float | None, Parameter(help="Time budget of each fit, of methods that learn.")] = None
    seed: Annotated[int, Parameter(help="Same seed, same machine, same pictures.")] = 0
    seeds: Annotated[
        int, Parameter(help="So many pictures for each target, with seeds from --seed on: how much do they differ?")
    ] = 1
    keep: Annotated[
        str,
        Parameter(
            metavar="none|auto",
            help="auto lets methods that can keep the pixels that an edit does not concern; their figures are those "
            "of the source, which flatters those methods.",
        ),
    ] = "none"
    device: Device = "auto"
    jobs: Annotated[
        int | None,
        Parameter(
            name=("--jobs", "--workers"),
            help="Processes at once; without it as many as cores and memory allow. 1 for undisturbed times.",
        ),
    ] = None
    cluster: Cluster = None
    gpus: Gpus = 0.0
    weights: WeightFiles = field(default_factory=list)
    title: Annotated[str | None, Parameter(help="Title of the report.")] = None

    def arguments(self) -> dict[str, Any]:
        """Arguments of `analogon.compare` and `analogon.bench`."""
        if self.seeds < 1:
            raise OptionError(f"--seeds cannot be {self.seeds}: give a number above 0.")
        methods = [word for text in self.methods for word in _words(text, "--methods")]
        return {
            **({"methods": methods} if methods else {}),
            "pictures": pairs(self.pictures, "--pictures", _PICTURES),
            "settings": _settings(self.settings),
            "steps": self.steps,
            "minutes": self.minutes,
            "seeds": tuple(range(self.seed, self.seed + self.seeds)),
            "keep": self.keep,
            "device": self.device,
            "jobs": self.jobs,
            "cluster": self.cluster,
            "gpus": self.gpus,
            "weights": weight_files(self.weights),
            "title": self.title,
        }


def tell(comparison: "Comparison") -> None:
    """Say what came of it."""
    say(comparison.table(shutil.get_terminal_size((100, 24)).columns))
    say(f"Report: {comparison.folder / 'report.html'}")


def words(texts: list[str], option: str) -> list[str]:
    """Names of an option that may be repeated, or takes several with commas."""
    return [word for text in texts for word in _words(text, option)]


def _words(text: str, option: str) -> list[str]:
    found = [word.strip() for word in text.split(",")]
    if not all(found):
        raise OptionError(f"{option} {text!r} has nothing between two commas: write {option} A,B.")
    return found


def _settings(texts: list[str]) -> Mapping[str, Mapping[str, Any]]:
    """`NAME.FIELD=VALUE` texts as settings by name; a name may hold dots, a field does not."""
    found: dict[str, dict[str, Any]] = {}
    for text, given in pairs(texts, "--set", _SETTING).items():
        name, dot, setting = text.rpartition(".")
        if not (dot and name and re.fullmatch(r"\w+", setting)):
            raise OptionError(f"--set '{text}={given}' cannot be read: write it as --set {_SETTING}.")
        found.setdefault(name, {})[setting] = value(given)
    return found

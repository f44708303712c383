"""`analogon augment`: a few annotated pictures become a labelled dataset."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from analogon.cli.comparing import words
from analogon.cli.console import say
from analogon.cli.options import WorkerOptions, pairs, value
from analogon.cli.outputs import check_folder, kept
from analogon.cli.progress import ProgressDisplay
from analogon.errors import OptionError


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """What samples are asked to be."""

    method: Annotated[
        str | None, Parameter(metavar="NAME", help="What renders; analogon methods lists them, the usual one first.")
    ] = None
    recipe: Annotated[
        str | None, Parameter(metavar="NAME", help="A set of settings of the method; analogon methods NAME lists them.")
    ] = None
    settings: Annotated[
        list[str],
        Parameter(
            name="--set",
            metavar="FIELD=VALUE",
            negative="",
            show_default=False,
            help="Change one setting of the method, or its steps or minutes. May be repeated.",
        ),
    ] = field(default_factory=list)
    seed: Annotated[int, Parameter(help="Same seed, same machine, same dataset.")] = 0
    size: Annotated[
        str | None,
        Parameter(
            metavar="SIDE|WIDTHxHEIGHT", help="Pixels of the samples; that of the annotated pictures if not given."
        ),
    ] = None
    layouts: Annotated[
        str,
        Parameter(
            metavar="auto|KIND,...",
            help="How layouts are invented: grafts (annotated cells, each with half of the walls around it, set side "
            "by side anew), cells (between walls, after the sizes, shapes and walls of the annotated ones), instances "
            "(objects moved, turned, scaled, bent, copied, deleted, brought from other pictures), warps (annotated "
            "layouts turned and bent), mixes (parts of two), predicted (those of --unlabelled).",
        ),
    ] = "auto"
    strength: Annotated[float, Parameter(help="How far layouts go from the annotated ones, 0 to 3.")] = 1.0
    targets: Annotated[
        list[str],
        Parameter(
            metavar="CLASS=SHARE",
            negative="",
            show_default=False,
            help="Share of the pixels that a class should have, 0 to 1, instead of that in the annotated pictures. May "
            "be repeated.",
        ),
    ] = field(default_factory=list)
    things: Annotated[
        list[str],
        Parameter(
            metavar="CLASS,...",
            negative="",
            show_default=False,
            consume_multiple=False,
            help="Classes of single objects; without it those that look like it.",
        ),
    ] = field(default_factory=list)
    grain: Annotated[
        bool,
        Parameter(
            negative="--no-grain", help="Make samples as rough from pixel to pixel as the pictures, or leave them."
        ),
    ] = True
    agreement: Annotated[
        float | None,
        Parameter(show_default=False, help="Refuse samples with less than this share of right pixels; usually 0.9."),
    ] = None
    stretch: Annotated[
        float | None,
        Parameter(
            show_default=False, help="Refuse layouts with more than this many times as much of a class; usually 3."
        ),
    ] = None
    similarity: Annotated[
        float | None,
        Parameter(show_default=False, help="Refuse samples with more than this share left as it was; usually 0.98."),
    ] = None
    cost: Annotated[
        float | None, Parameter(show_default=False, help="Refuse samples whose seams show more than this; usually 4.")
    ] = None

    def values(self) -> dict[str, Any]:
        """The fields of `analogon.augment.Settings` that are given."""
        found: dict[str, Any] = {
            "seed": self.seed,
            "layouts": self.layouts,
            "strength": self.strength,
            "things": tuple(words(self.things, "--things")),
            "grain": self.grain,
            "options": {name: value(text) for name, text in pairs(self.settings, "--set", "FIELD=VALUE").items()},
            "targets": {name: value(text) for name, text in pairs(self.targets, "--targets", "CLASS=SHARE").items()},
        }
        given: dict[str, Any] = {
            "recipe": self.recipe,
            "method": self.method,
            "agreement": self.agreement,
            "stretch": self.stretch,
        }
        given |= {"similarity": self.similarity, "cost": self.cost, "size": _size(self.size)}
        return found | {name: one for name, one in given.items() if one is not None}


_DEFAULTS = SampleOptions()
_THIS_MACHINE = WorkerOptions()


def augment(
    *sources: Annotated[
        Path,
        Parameter(
            help="Annotated pictures: folders with images/ and labels/ (and instances/) of equal names, folders with "
            "img.* and label.*, folders of these, or pictures each with its label map after it."
        ),
    ],
    count: Annotated[int, Parameter(name=("--number", "-n"), help="How many samples.")],
    output: Annotated[
        Path,
        Parameter(
            name=("--output", "-o"),
            metavar="DIR",
            help="Folder of the dataset; what is in it already and was asked for alike is not made again.",
        ),
    ],
    formats: Annotated[
        list[str],
        Parameter(
            name="--format",
            metavar="FORMAT,...",
            negative="",
            show_default=False,
            consume_multiple=False,
            help="png (folders of pictures and indexed maps, the usual one), coco, yolo, hf (Hugging Face), wds "
            "(WebDataset).",
        ),
    ] = [],  # noqa: B006
    unlabelled: Annotated[
        Path | None,
        Parameter(
            metavar="FOLDER",
            help="Pictures that nobody has annotated, whose layouts are predicted; with labels/, yours are taken.",
        ),
    ] = None,
    validation: Annotated[float, Parameter(help="Share of the samples that formats hold back.")] = 0.0,
    options: SampleOptions = _DEFAULTS,
    hands: WorkerOptions = _THIS_MACHINE,
) -> None:
    """Invent labelled pictures after a few annotated ones: a dataset to train networks with.

    DIR/samples/000000/ and so on hold picture, label map, object numbers and how they came about; a folder for each
    format is made of them, with a contact sheet and statistics beside it. After Ctrl-C the same command goes on from
    there, and with a larger -n it makes more.
    """
    import analogon

    settings = analogon.augment.Settings(**options.values())
    check_folder(output)
    with kept(output), ProgressDisplay() as display:
        dataset = analogon.augment.make_dataset(
            sources,
            count,
            output=output,
            settings=settings,
            formats=words(formats, "--format") or ("png",),
            validation=validation,
            unlabelled=unlabelled,
            workers=hands.workers,
            cluster=hands.cluster,
            gpus=hands.gpus,
            progress=display,
        )
    refused = f", {len(dataset.refusals)} refused" if dataset.refusals else ""
    say(f"{dataset.folder}  ({dataset.samples} samples{refused})")
    for path in dataset.files:
        say(f"{path}")
    for line in (*dataset.aims, *dataset.notes):
        say(f"{line}")


def _size(text: str | None) -> tuple[int, int] | None:
    """Height and width."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if found is None:
        raise OptionError(f"--size cannot be {text!r}: give a side such as 256, or WIDTHxHEIGHT such as 640x480.")
    width, height = int(found[1]), int(found[2] or found[1])
    return height, width

"""`analogon dataset show` and `scenes`: data sets to be learnt."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.outputs import check_folder
from analogon.cli.performing import read_size
from analogon.cli.progress import ProgressDisplay
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon.datasets import Pictures, Survey

_SHOWN = 30


def show(
    root: Annotated[Path, Parameter(metavar="ROOT", help="Folder of the data set.")],
    /,
    *,
    layout: Annotated[
        str, Parameter(metavar="NAME", help="auto, custom, samples, ade20k, cityscapes, coco_stuff or deepfashion.")
    ] = "auto",
    classes: Annotated[
        str | None,
        Parameter(
            metavar="NAME|FILE",
            help="Its classes: ade20k, camvid, cityscapes, coco_stuff, deepfashion, or a JSON file; else those of the "
            "folder.",
        ),
    ] = None,
) -> None:
    """Read a data set once, say what it holds, and name the first file that is wrong."""
    import analogon

    datasets = analogon.datasets
    for split in datasets.find_splits(root, layout):
        pictures = datasets.load_pictures(root, layout, split, classes=classes)
        with ProgressDisplay(delay=1.0) as display:
            told = datasets.survey(
                pictures,
                lambda done: display(analogon.Progress(f"reading {split}", done, len(pictures))),  # noqa: B023
            )
        _say(split, told, pictures)


def _say(split: str, told: "Survey", pictures: "Pictures") -> None:
    (height, width), (tallest, widest) = told.smallest, told.largest
    size = f"{width}x{height}" if told.smallest == told.largest else f"{width}x{height} to {widest}x{tallest}"
    maps = "with instance maps" if told.has_instances else "without instance maps"
    count = f"{told.pictures} picture{'s' * (told.pictures != 1)}"
    say(f"{split}: {count} of {size}, {maps}, {len(pictures.palette)} classes")
    present = sorted((i for i, share in told.shares.items() if share), key=lambda i: -told.shares[i])
    for class_id in present[:_SHOWN]:
        name, share = pictures.palette.get(class_id).name, 100 * told.shares[class_id]
        unknown = " (unknown)" if class_id == pictures.unknown and name != "unknown" else ""
        pieces = told.appearances[class_id]
        found = f"{pieces} picture{'s' * (pieces != 1)}"
        say(f"  {class_id:>3}  {name}{unknown}: {share:.1f} % of the pixels, in {found}")
    if len(present) > _SHOWN:
        say(f"  and {len(present) - _SHOWN} more with less")


def scenes(
    *,
    output: Annotated[
        Path, Parameter(name=("--output", "-o"), metavar="ROOT", help="Folder of the set; it must not hold one yet.")
    ],
    number: Annotated[int, Parameter(name=("--number", "-n"), help="Scenes to learn from.")] = 200,
    val: Annotated[int, Parameter(help="Scenes to judge by.")] = 40,
    size: Annotated[str, Parameter(metavar="WIDTHxHEIGHT", help="Of each scene, at least 32x32.")] = "64x64",
    styles: Annotated[
        Literal["classes", "picture"],
        Parameter(help="Whether each class of a scene has a style of its own, or one style is that of all."),
    ] = "classes",
    seed: Annotated[int, Parameter(help="Same seed, same scenes.")] = 0,
) -> None:
    """Write small synthetic scenes of which everything is known, to try a method that learns a data set.

    scenes.json beside the pictures tells style, class, box and mask of each object.
    """
    import analogon

    datasets = analogon.datasets
    height, width = read_size(size, (64, 64))
    if val < 0:
        raise OptionError(f"There cannot be {val} scenes to judge by: give --val 0 or more.")
    settings = datasets.SceneSettings(seed, (height, width), styles)
    check_folder(output)
    if any((output / split).exists() for split in ("train", "val")):
        raise OptionError(f"{output} holds a data set already: give -o a new folder.")
    datasets.write_scenes(output, datasets.Scenes(number, settings), "train")
    if val:
        datasets.write_scenes(output, datasets.Scenes(val, settings, first=number), "val")
    say(f"{output}: {number} scenes in train, {val} in val")

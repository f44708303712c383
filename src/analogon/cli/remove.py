"""`analogon remove`: a picture without some of what is in it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import LearningOptions
from analogon.cli.performing import PATIENCE, Output, Picture, check_file, model_beside, write
from analogon.cli.progress import ProgressDisplay

_DEFAULTS = LearningOptions()


def remove(
    picture: Picture,
    labels: Annotated[Path | None, Parameter(help="Its label map, where --class names what goes.")] = None,
    /,
    *,
    output: Output,
    of: Annotated[
        list[str],
        Parameter(
            name="--class",
            metavar="NAME",
            negative="",
            show_default=False,
            help="A class of the label map, or one object of it such as 'boat 2' (analogon layout LABELS --list). May "
            "be repeated.",
        ),
    ] = [],  # noqa: B006
    mask: Annotated[
        Path | None, Parameter(metavar="FILE", help="What goes, white, in place of --class; no label map is needed.")
    ] = None,
    uncovered: Annotated[
        str,
        Parameter(
            metavar="around|behind|CLASS",
            help="What takes its place: what is nearest, the nearest of what lies behind it, or a class.",
        ),
    ] = "around",
    reach: Annotated[
        float | None,
        Parameter(
            metavar="PIXELS",
            show_default=False,
            help="How far from it the picture is made anew; 1 % of the diagonal if not given, at least 4.",
        ),
    ] = None,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Remove objects from a picture: what surrounds them takes their place, and the rest stays bit for bit."""
    import analogon

    check_file(output, [path for path in (picture, labels, mask) if path is not None])
    asked = {
        "method": options.method,
        "recipe": options.recipe,
        "steps": options.steps,
        "minutes": options.minutes,
        "resume": options.resume,
        **options.values(),
    }
    learns = not picture.is_dir() and options.described().learns
    if learns:
        folder = model_beside(output)
        analogon.check_save(folder)
        asked["folder"] = folder
    with ProgressDisplay(delay=0.0 if learns else PATIENCE) as display:
        result = analogon.remove(
            picture,
            labels,
            of,
            mask=mask,
            fill=uncovered,
            reach=reach,
            seed=options.seed,
            device=options.device,
            progress=display,
            **asked,
        )
    if learns:
        say(f"Model: {folder}")
    write(result, output)

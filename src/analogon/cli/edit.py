"""`analogon edit`: what was cut and pasted becomes consistent."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.options import LearningOptions
from analogon.cli.performing import Output, Picture, check_file, do

_DEFAULTS = LearningOptions()


def edit(
    picture: Picture,
    edited: Annotated[Path, Parameter(help="The picture after cutting and pasting, in the same size.")],
    /,
    *,
    output: Output,
    mask: Annotated[
        Path | None,
        Parameter(metavar="FILE", help="What may change: white; without one, what was edited and what is beside it."),
    ] = None,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Make a picture consistent that was cut and pasted."""
    import analogon

    check_file(output, [picture, edited, *filter(None, [mask])])
    white = None if mask is None else analogon.read_mask(mask)
    do(picture, analogon.jobs.Edit(analogon.read_image(edited), white), options, output)

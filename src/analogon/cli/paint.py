"""`analogon paint`: a rough painting becomes a picture."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.options import LearningOptions
from analogon.cli.performing import Difference, Output, Picture, check_file, do

_DEFAULTS = LearningOptions()


def paint(
    picture: Picture,
    painting: Annotated[Path, Parameter(help="The painting or clip-art, of any size, in colours of the picture.")],
    /,
    *,
    output: Output,
    difference: Difference = 0.5,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Turn a rough painting into a picture that looks like another."""
    import analogon

    check_file(output, [picture, painting])
    do(picture, analogon.jobs.Paint(analogon.read_image(painting), difference), options, output)

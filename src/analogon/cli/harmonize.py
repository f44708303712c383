"""`analogon harmonize`: a pasted object takes the look of the picture."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.options import LearningOptions
from analogon.cli.performing import Output, Picture, check_file, do

_DEFAULTS = LearningOptions()


def harmonize(
    picture: Picture,
    composite: Annotated[Path, Parameter(help="The picture with the object, in the same size.")],
    mask: Annotated[Path, Parameter(help="The object, white.")],
    /,
    *,
    output: Output,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Give a pasted object the look of the picture; it keeps its shape."""
    import analogon

    check_file(output, [picture, composite, mask])
    job = analogon.jobs.Harmonize(analogon.read_image(composite), analogon.read_mask(mask))
    do(picture, job, options, output)

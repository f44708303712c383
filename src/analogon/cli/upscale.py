"""`analogon upscale`: a picture enlarged with detail of its own."""

from typing import Annotated

from cyclopts import Parameter

from analogon.cli.options import LearningOptions
from analogon.cli.performing import Output, Picture, check_file, do

_DEFAULTS = LearningOptions()


def upscale(
    picture: Picture,
    /,
    *,
    output: Output,
    factor: Annotated[float, Parameter(help="New sides over old ones, above 1 and up to 8.")] = 2.0,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Enlarge a picture with the detail that it has itself at smaller sizes."""
    import analogon

    check_file(output, [picture])
    do(picture, analogon.jobs.Upscale(factor), options, output)

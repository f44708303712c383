"""`analogon animate`: a picture that moves."""

from typing import Annotated

from cyclopts import Parameter

from analogon.cli.options import LearningOptions
from analogon.cli.performing import (
    ANIMATIONS,
    Output,
    Pace,
    Picture,
    Subject,
    check_file,
    model_beside,
    write_animation,
)

_DEFAULTS = LearningOptions()


def animate(
    picture: Picture,
    /,
    *,
    output: Output,
    frames: Annotated[int, Parameter(help="How many frames, 2 to 1000.")] = 30,
    amount: Annotated[float, Parameter(metavar="SHARE", help="How much it moves, 0 to 1.")] = 0.3,
    fps: Pace = 12.0,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Make a picture move, as a short loop."""
    import analogon

    check_file(output, [picture], ANIMATIONS)
    analogon.check_animation(output, fps)
    job = analogon.jobs.Animate(frames, amount)
    subject = Subject.read(picture, job.name, options)
    animation = analogon.Animation.of(subject.performed([job], model_beside(output)), fps, loop=True)
    write_animation(animation, output)

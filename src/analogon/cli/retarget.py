"""`analogon retarget`: a picture at another size, or at all sizes between some."""

from typing import TYPE_CHECKING, Annotated

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
    read_size,
    write,
    write_animation,
)
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon.performing import Corners

_DEFAULTS = LearningOptions()


def retarget(
    picture: Picture,
    /,
    *,
    output: Output,
    size: Annotated[
        str | None,
        Parameter(metavar="WIDTHxHEIGHT", help="The new size in pixels or per cent, such as 640x480 or 200%x100%."),
    ] = None,
    sizes: Annotated[
        str | None,
        Parameter(
            metavar="SIZE,SIZE,...",
            help="Sizes that an animation goes through, in place of --size; FILE ends in .gif, .webp, .png or .mp4.",
        ),
    ] = None,
    corners: Annotated[
        str | None,
        Parameter(
            metavar="ROW,COLUMN/...",
            help="An outline within --size: where the top left, top right, bottom right and bottom left corners go, in "
            "shares of the size, such as 0,0.2/0,0.8/1,1/1,0. What lies outside is transparent.",
        ),
    ] = None,
    frames: Annotated[int | None, Parameter(help="Frames of the animation, 2 to 1000; 30 if not given.")] = None,
    bounce: Annotated[
        bool, Parameter(negative="", show_default=False, help="Play the animation forth and back, as a loop.")
    ] = False,
    fps: Pace | None = None,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Bring a picture to another size: what is in it keeps its size and shape.

    More of it, or less, is there. Where --sizes names several, an animation goes from one to the next without jumps.
    """
    import analogon

    if (size is None) == (sizes is None):
        what = "is missing" if size is None else "and --sizes are two ways to say it"
        raise OptionError(f"--size {what}: give --size 640x480, or --sizes 320x480,640x480 for an animation.")
    if size is not None:
        animated = {"--frames": frames is not None, "--bounce": bounce, "--fps": fps is not None}
        for option, given in animated.items():
            if given:
                raise OptionError(f"{option} is for an animation: leave it out, or give --sizes in place of --size.")
        check_file(output, [picture])
        subject = Subject.read(picture, "retarget" if corners is None else "reshape", options)
        shape = read_size(size, subject.exemplar.frame)
        job = analogon.jobs.Retarget(shape) if corners is None else analogon.jobs.Reshape(shape, _outline(corners))
        for result in subject.performed([job], model_beside(output)):
            write(result, output)
        return
    if corners is not None:
        raise OptionError("--corners is for one picture: leave it out, or give --size in place of --sizes.")
    pace = 12.0 if fps is None else fps
    check_file(output, [picture], ANIMATIONS)
    analogon.check_animation(output, pace)
    subject = Subject.read(picture, "retarget", options)
    through = [read_size(text, subject.exemplar.frame, "--sizes") for text in str(sizes).split(",")]
    jobs = analogon.jobs.sequence(through, 30 if frames is None else frames)
    animation = analogon.Animation.of(subject.performed(jobs, model_beside(output)), pace)
    write_animation(animation.bounced() if bounce else animation, output)


def _outline(text: str) -> "Corners":
    """The four corners of a text ``ROW,COLUMN/ROW,COLUMN/ROW,COLUMN/ROW,COLUMN``."""
    try:
        one, two, three, four = ((float(row), float(column)) for row, column in (p.split(",") for p in text.split("/")))
    except ValueError:
        raise OptionError(
            f"--corners '{text}' cannot be read: write four corners as --corners 0,0.2/0,0.8/1,1/1,0."
        ) from None
    return one, two, three, four

"""What the verbs share that do a job with one picture."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.fit import say_where
from analogon.cli.options import LearningOptions
from analogon.cli.outputs import check_folder
from analogon.cli.progress import ProgressDisplay
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import Animation, Exemplar, Model, Result
    from analogon.jobs import Job

#: Work that takes longer than this (seconds) is shown while it goes on.
PATIENCE = 2.0
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
ANIMATIONS = (".gif", ".webp", ".png", ".mp4")

Picture = Annotated[Path, Parameter(help="The picture, or a model folder that analogon fit wrote.")]
Output = Annotated[
    Path,
    Parameter(name=("--output", "-o"), metavar="FILE", help="The result; how it was made stands beside it as .json."),
]
Difference = Annotated[
    float, Parameter(name="--difference", metavar="SHARE", help="How different the result may be, 0 to 1.")
]
Pace = Annotated[float, Parameter(name="--fps", help="Frames per second of an animation, 1 to 50.")]


@dataclass(frozen=True, eq=False)
class Subject:
    """What a verb was given to work with: a picture, or a model of one.

    Attributes:
        exemplar: the picture.
        method: of the model, or the one that will be fitted.
        model: None while it is to be fitted.
    """

    exemplar: "Exemplar"
    method: str
    options: LearningOptions
    model: "Model | None" = None

    @classmethod
    def read(cls, picture: Path, job: str, options: LearningOptions) -> "Subject":
        """The picture or the model, with a method that does the job."""
        import analogon

        if not picture.is_dir():
            method = analogon.describe_method(options.method, job=job)
            return cls(analogon.load_exemplar(picture), method.name, options)
        fitting = {"steps": options.steps, "minutes": options.minutes, "resume": options.resume, **options.values()}
        model = analogon.prepare(picture, job, options.method, recipe=options.recipe, device=options.device, **fitting)
        return cls(model.exemplar, model.method, options, model)

    def fitted(self, job: str, folder: Path) -> "Model":
        """The model, fitted now if it is not yet; what a method learns is kept in ``folder``."""
        import analogon

        if self.model is not None:
            return self.model
        options, learns = self.options, analogon.describe_method(self.method).learns
        if learns:
            analogon.check_save(folder)
        with ProgressDisplay(delay=0.0 if learns else PATIENCE) as display:
            model = analogon.prepare(
                self.exemplar,
                job,
                self.method,
                recipe=options.recipe,
                steps=options.steps,
                minutes=options.minutes,
                seed=options.seed,
                device=options.device,
                folder=folder if learns else None,
                resume=options.resume,
                progress=display,
                **options.values(),
            )
        if learns:
            say_where(model, folder)
        return model

    def performed(self, jobs: "Sequence[Job]", folder: Path) -> "Iterator[Result]":
        """The results of the jobs as they come, with a display of what takes long; all is checked before the work."""
        import analogon

        analogon.check_jobs(self.exemplar, jobs, self.method, seed=self.options.seed)
        model = self.fitted(jobs[0].name, folder)
        return shown(lambda display: model.perform(jobs, seed=self.options.seed, progress=display))


def shown(results: "Callable[[ProgressDisplay], Iterator[Result]]") -> "Iterator[Result]":
    """Results as they come, with a display of what takes long."""
    with ProgressDisplay(delay=PATIENCE) as display:
        yield from results(display)


def do(picture: Path, job: "Job", options: LearningOptions, output: Path) -> None:
    """One job with one picture for a result."""
    subject = Subject.read(picture, job.name, options)
    for result in subject.performed([job], model_beside(output)):
        write(result, output)


def model_beside(output: Path) -> Path:
    """Where the model is kept that a result was made with."""
    return output.with_suffix(".model")


def write(result: "Result", path: Path) -> None:
    """Write one result and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    result.save(path)
    height, width = result.image.shape[:2]
    say(f"{path}  ({width}x{height}, {result.seconds:.2f} s)")


def write_animation(animation: "Animation", path: Path) -> None:
    """Write an animation and say so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    animation.save(path)
    say(f"{path}  ({len(animation.frames)} frames, {animation.about['seconds']:.2f} s)")


def check_file(output: Path, inputs: Sequence[Path], suffixes: Sequence[str] = PICTURES) -> None:
    """Refuse a file that cannot be written, before anything is done."""
    if output.suffix.lower() not in suffixes or output.name.startswith("."):
        raise OptionError(f"'{output}' cannot be the result: give -o a name that ends in one of {', '.join(suffixes)}.")
    check_written([output, output.with_suffix(".json")], inputs)
    check_folder(output.parent)


def check_written(files: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse files that are folders, or that something is read from."""
    taken = {path.resolve() for path in inputs}
    for written in files:
        if written.is_dir():
            raise OptionError(f"{written} is a folder, and a file is to be written there: choose another with -o.")
        if written.resolve() in taken:
            raise OptionError(f"The result would overwrite the input {written}: choose another name with -o.")


_SIDE = re.compile(r"([0-9]{1,9})(%?)")


def read_size(text: str, of: tuple[int, int], option: str = "--size") -> tuple[int, int]:
    """Height and width of a text ``WIDTHxHEIGHT``, each in pixels or in per cent of the picture's (height, width)."""
    sides = [_SIDE.fullmatch(part) for part in text.strip().lower().split("x")]
    if len(sides) != 2 or not all(sides):
        raise OptionError(
            f"{option} '{text}' cannot be read: write it as {option} 640x480, width first, or {option} 150%x100%."
        )
    found = [round(int(m[1]) * n / 100) if m[2] else int(m[1]) for m, n in zip(sides, of[::-1], strict=True) if m]
    if not all(found):
        raise OptionError(f"{option} '{text}' leaves nothing of the picture: give sides of at least one pixel.")
    return found[1], found[0]

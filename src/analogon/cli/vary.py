"""`analogon vary`: random pictures of the same kind."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import LearningOptions, WeightFiles, weight_files
from analogon.cli.outputs import MODEL, SHEET, check_folder
from analogon.cli.performing import Difference, Picture, Subject, check_written, read_size, write
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import Assessment

REPORT = "report.json"
_DEFAULTS = LearningOptions()


def vary(
    picture: Picture,
    /,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of the results.")],
    count: Annotated[
        int,
        Parameter(name=("--count", "-n"), help="How many, with the seeds from --seed on."),
    ] = 1,
    size: Annotated[
        str | None,
        Parameter(metavar="WIDTHxHEIGHT", help="Size in pixels or per cent, such as 640x480 or 200%x100%."),
    ] = None,
    difference: Difference = 1.0,
    report: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Write DIR/report.json as well: how diverse the results are, how much is copied, how good they are.",
        ),
    ] = False,
    weights: WeightFiles | None = None,
    options: LearningOptions = _DEFAULTS,
) -> None:
    """Make random pictures of the same kind.

    Each becomes DIR/<name of the picture>-<seed>.png, with what made it beside it as .json; DIR/sheet.png shows all of
    them beside the picture. 0 of --difference is the picture itself, 1 arranges its parts anew.
    """
    import analogon

    if count < 1:
        raise OptionError(f"--count cannot be {count}: give a whole number from 1 on.")
    if weights and not report:
        raise OptionError("--weights is for the figures of a report: add --report, or leave it out.")
    files = weight_files(weights or [])
    subject = Subject.read(picture, "vary", options)
    shape = subject.exemplar.frame
    job = analogon.jobs.Vary(shape if size is None else read_size(size, shape), difference)
    paths = [output / f"{picture.resolve().stem}-{options.seed + n}.png" for n in range(count)]
    check_written([*paths, *(path.with_suffix(".json") for path in paths), output / SHEET, output / REPORT], [picture])
    check_folder(output)
    height, width = shape
    cells = [(picture.name, subject.exemplar.image[:height, :width])]
    results = []
    for path, result in zip(paths, subject.performed([job] * count, output / MODEL), strict=True):
        write(result, path)
        cells.append((f"seed {result.seed}", analogon.thumbnail(result.image)))
        results += [result] if report else []
    analogon.write_image(output / SHEET, analogon.picture_sheet(cells))
    say(f"{output / SHEET}  (the picture and all results)")
    if report:
        assessment = analogon.assess(subject.exemplar, results, weights=files)
        assessment.save(output / REPORT)
        _say_figures(assessment)
        say(f"{output / REPORT}  (all figures)")


def _say_figures(assessment: "Assessment") -> None:
    import analogon

    for name, figure in assessment.together.items():
        metric = analogon.METRICS[name]
        if figure is not None:
            unit = f" {metric.unit}" if metric.unit else ""
            say(f"  {metric.title}: {figure:.3g}{unit}  {metric.arrow}  {metric.meaning}")
    for note in assessment.notes:
        say(f"  {note}")

"""`analogon evaluate`: figures of a model of a data set."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Device, WeightFiles, weight_files
from analogon.cli.outputs import SHEET, check_folder
from analogon.cli.progress import ProgressDisplay

REPORT, EXEMPLARS = "report.json", "exemplars.json"
#: Pictures on the sheet.
_SHOWN = 16


def evaluate(
    model: Annotated[Path, Parameter(help="A folder that analogon train wrote.")],
    /,
    *,
    data: Annotated[Path, Parameter(metavar="ROOT", help="Folder of the data set: pictures with label maps.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of figures and sheet.")],
    layout: Annotated[
        str, Parameter(metavar="NAME", help="How the folder is laid out; auto finds out which known set it looks like.")
    ] = "auto",
    split: Annotated[str, Parameter(metavar="NAME", help="The part of the data set that is painted.")] = "val",
    count: Annotated[
        int, Parameter(name=("--count", "-n"), help="So many pictures at most, spread evenly over the set.")
    ] = 100,
    fraction: Annotated[
        float,
        Parameter(
            metavar="SHARE",
            help="Of a model that takes looks from pictures alone: each layout has its look from one of this share of "
            "the set, those whose classes are shared out most alike.",
        ),
    ] = 0.2,
    seed: Annotated[int, Parameter(help="Draws looks and exemplars.")] = 0,
    weights: WeightFiles | None = None,
    device: Device = "auto",
) -> None:
    """Paint the layouts of a data set with a trained model, and take figures of the pictures.

    DIR/report.json tells all of them, DIR/sheet.png shows some pictures, DIR/exemplars.json says which picture each
    layout had its look from.
    """
    import analogon

    files = weight_files(weights or [])
    check_folder(output)
    trained = analogon.load_trained(model, device=device)
    with ProgressDisplay(delay=1.0) as display:
        told = analogon.evaluate(
            trained,
            data,
            layout=layout,
            split=split,
            count=count,
            fraction=fraction,
            seed=seed,
            weights=files,
            progress=display,
        )
    output.mkdir(parents=True, exist_ok=True)
    cells = [(n, analogon.thumbnail(image)) for n, image in zip(told.names, told.images, strict=True)]
    analogon.write_image(output / SHEET, analogon.picture_sheet(cells[:_SHOWN]))
    if told.exemplars:
        analogon.datasets.write_matches(output / EXEMPLARS, told.exemplars)
    told.save(output / REPORT)
    for name, figure in told.figures.items():
        metric = analogon.METRICS[name]
        if figure is not None:
            say(f"  {metric.title}: {figure:.3g}{f' {metric.unit}' * bool(metric.unit)}  {metric.arrow}")
    for note in told.notes:
        say(f"  {note}")
    say(f"{output / REPORT}  (all figures of {len(told.images)} pictures)")

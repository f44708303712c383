"""`analogon evaluate`: figures of a model of a data set."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Device, WeightFiles, weight_files
from analogon.cli.outputs import SHEET, check_folder
from analogon.cli.progress import ProgressDisplay

REPORT, EXEMPLARS, PICTURES = "report.json", "exemplars.json", "pictures"
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

    DIR/report.json tells all of them, beside those of the real pictures; DIR/pictures has what was painted,
    DIR/sheet.png shows some of it, DIR/exemplars.json says which picture each layout had its look from.
    """
    import analogon

    files = weight_files(weights or [])
    check_folder(output / PICTURES)
    trained = analogon.load_trained(model, device=device)
    with ProgressDisplay(delay=1.0) as display:
        told = analogon.evaluate(
            trained,
            data,
            folder=output / PICTURES,
            layout=layout,
            split=split,
            count=count,
            fraction=fraction,
            seed=seed,
            weights=files,
            progress=display,
        )
    shown = zip(told.names[:_SHOWN], told.files, strict=False)
    cells = [(name, analogon.thumbnail(analogon.read_image(file))) for name, file in shown]
    analogon.write_image(output / SHEET, analogon.picture_sheet(cells))
    if told.exemplars:
        analogon.datasets.write_matches(output / EXEMPLARS, told.exemplars)
    told.save(output / REPORT)
    for name, figure in told.figures.items():
        metric = analogon.METRICS[name]
        if figure is not None:
            unit = f" {metric.unit}" * bool(metric.unit)
            real = f"  (real pictures: {told.real[name]:.3g}{unit})" if name in told.real else ""
            say(f"  {metric.title}: {figure:.3g}{unit}  {metric.arrow}{real}")
    for note in told.notes:
        say(f"  {note}")
    say(f"{output / REPORT}  (all figures of {len(told.files)} pictures)")

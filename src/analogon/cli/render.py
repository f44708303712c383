"""`analogon render`: new pictures from a fitted model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Device, Mapping, pairs
from analogon.cli.outputs import Outputs, plan

if TYPE_CHECKING:
    from analogon import LabelMap, Model


def render(
    model: Annotated[Path, Parameter(help="A model folder that analogon fit or make wrote.")],
    /,
    *targets: Annotated[Path, Parameter(metavar="TARGET", required=True, help="New label maps, of any size.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of the results.")],
    mapping: Mapping | None = None,
    device: Device = "auto",
) -> None:
    """Render new label maps with a fitted model.

    Each target becomes DIR/<its stem>.png at its own size, with the settings that made it beside it as .json;
    DIR/sheet.png shows all of them.
    """
    import analogon

    outputs = plan(output, targets, [model / "model.safetensors", model / "model.json"])
    names = pairs(mapping or [], "--map", "COLOUR=CLASS")
    fitted = analogon.load(model, device=device)
    layouts = analogon.load_targets(fitted.exemplar, targets, names)
    write_results(fitted, targets, layouts, outputs)


def write_results(model: "Model", targets: Sequence[Path], layouts: Sequence["LabelMap"], outputs: Outputs) -> None:
    """Render each layout and write the pictures, their settings and the contact sheet."""
    import analogon

    rows = []
    for target, layout, picture in zip(targets, layouts, outputs.pictures, strict=True):
        result = model.render(layout)
        outputs.folder.mkdir(parents=True, exist_ok=True)
        result.save(picture)
        height, width = result.image.shape[:2]
        say(f"{picture}  ({width}x{height}, {result.seconds:.1f} s)")
        rows.append(analogon.SheetRow(target.stem, model.exemplar.image, model.exemplar.labels, layout, result.image))
    analogon.write_image(outputs.sheet, analogon.contact_sheet(rows))
    say(f"{outputs.sheet}  (source, labels, target and result side by side)")

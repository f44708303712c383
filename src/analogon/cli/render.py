"""`analogon render`: new pictures from a fitted model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Device, Mapping, RenderOptions, pairs
from analogon.cli.outputs import Outputs, plan
from analogon.cli.progress import ProgressDisplay
from analogon.cli.styles import StyleOptions, render_trained
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import LabelMap, Model

#: A render that takes longer than this (seconds) is shown while it runs.
PATIENCE = 2.0
_DEFAULTS = RenderOptions()
_NO_STYLE = StyleOptions()


def render(
    model: Annotated[Path, Parameter(help="A folder that analogon fit, make or train wrote.")],
    /,
    *targets: Annotated[Path, Parameter(metavar="TARGET", required=True, help="New label maps, of any size.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of the results.")],
    mapping: Mapping | None = None,
    device: Device = "auto",
    styles: StyleOptions = _NO_STYLE,
    options: RenderOptions = _DEFAULTS,
) -> None:
    """Render new label maps with a fitted model, or a trained one.

    Each target becomes DIR/<its stem>.png at its own size, with the settings that made it beside it as .json;
    DIR/sheet.png shows all of them. Of --count and --between the stems end in the seed and in the number.
    """
    import analogon

    if analogon.is_trained(model):
        if options != _DEFAULTS:
            raise OptionError(
                "A model of a data set paints new pixels: leave out --keep, --tile, --preview, --guide, --places, "
                "--polish and --provenance."
            )
        render_trained(model, targets, output, mapping or [], device, styles)
        return
    if given := styles.given():
        raise OptionError(
            f"Model '{model}' knows the look of one picture: leave out {given[0]}, or use a model that analogon train "
            "wrote."
        )
    inputs = [model / "model.safetensors", model / "model.json", *options.files()]
    outputs = plan(output, targets, inputs, provenance=options.provenance)
    names = pairs(mapping or [], "--map", "COLOUR=CLASS")
    fitted = analogon.load(model, device=device)
    layouts = analogon.load_targets(fitted.exemplar, targets, names)
    asked = options.read()
    for layout in layouts:
        analogon.check_render(fitted.exemplar, layout, fitted.method, provenance=options.provenance, **asked)
    write_results(fitted, targets, layouts, outputs, asked)


def write_results(
    model: "Model",
    targets: Sequence[Path],
    layouts: Sequence["LabelMap"],
    outputs: Outputs,
    asked: dict[str, Any],
) -> None:
    """Render each layout as `asked`, and write the pictures, their settings and the contact sheet."""
    import analogon

    rows: list[analogon.SheetRow] = []
    image, labels = model.exemplar.image, model.exemplar.labels
    for target, layout, picture in zip(targets, layouts, outputs.pictures, strict=True):
        with ProgressDisplay(delay=PATIENCE) as display:
            result = model.render(layout, progress=display, **asked)
        outputs.folder.mkdir(parents=True, exist_ok=True)
        result.save(picture, provenance=outputs.provenance)
        height, width = result.image.shape[:2]
        say(f"{picture}  ({width}x{height}, {result.seconds:.2f} s)")
        # only the small pictures are kept until all are done
        rows.append(analogon.SheetRow(target.stem, image, labels, layout, result.image).small())
        image, labels = rows[-1].source, rows[-1].labels
    analogon.write_image(outputs.sheet, analogon.contact_sheet(rows))
    say(f"{outputs.sheet}  (source, labels, target and result side by side)")

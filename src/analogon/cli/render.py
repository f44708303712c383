"""`analogon render`: new pictures from a fitted model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Device, Mapping, RenderOptions, pairs
from analogon.cli.outputs import Outputs, plan
from analogon.cli.progress import ProgressDisplay
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import LabelMap, Model

#: A render that takes longer than this (seconds) is shown while it runs.
PATIENCE = 2.0
_DEFAULTS = RenderOptions()
_STYLE = "IMAGE[:LABELS]"


def render(
    model: Annotated[Path, Parameter(help="A folder that analogon fit, make or train wrote.")],
    /,
    *targets: Annotated[Path, Parameter(metavar="TARGET", required=True, help="New label maps, of any size.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of the results.")],
    mapping: Mapping | None = None,
    device: Device = "auto",
    style: Annotated[
        list[str] | None,
        Parameter(
            metavar=_STYLE,
            negative="",
            show_default=False,
            help="Of a model that analogon train wrote: the picture whose look is taken, with its label map if the "
            "method asks for it; no path may hold a colon. Several share equally. May be repeated.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        Parameter(show_default=False, help="Of a model that analogon train wrote: draws the look where no style does."),
    ] = None,
    options: RenderOptions = _DEFAULTS,
) -> None:
    """Render new label maps with a fitted model, or a trained one.

    Each target becomes DIR/<its stem>.png at its own size, with the settings that made it beside it as .json;
    DIR/sheet.png shows all of them.
    """
    import analogon

    if analogon.is_trained(model):
        if options != _DEFAULTS:
            raise OptionError(
                "A model of a data set paints new pixels: leave out --keep, --tile, --preview, --guide, --places, "
                "--polish and --provenance."
            )
        _render_trained(model, targets, output, mapping or [], device, style or [], seed)
        return
    if style or seed is not None:
        raise OptionError(
            f"Model '{model}' knows the look of one picture: leave out {'--style' if style else '--seed'}, or use a "
            "model that analogon train wrote."
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


def _render_trained(
    folder: Path,
    targets: Sequence[Path],
    output: Path,
    mapping: list[str],
    device: str,
    style: list[str],
    seed: int | None,
) -> None:
    """The pictures of a model that learnt a data set, beside the first of the styles on the sheet."""
    import numpy as np

    import analogon

    named = [[Path(part) for part in text.split(":")] for text in style]
    for text, paths in zip(style, named, strict=True):
        if len(paths) > 2 or not all(str(path).strip() for path in paths):
            raise OptionError(f"--style {text!r} cannot be read: write --style {_STYLE}.")
    inputs = [folder / "model.safetensors", folder / "model.json", *(path for paths in named for path in paths)]
    outputs = plan(output, targets, inputs)
    names = pairs(mapping, "--map", "COLOUR=CLASS")
    model = analogon.load_trained(folder, device=device)
    styles = [(1 / len(named), model.load_style(*paths)) for paths in named]
    layouts = [analogon.read_target(target, model.palette, names) for target in targets]
    rows: list[analogon.SheetRow] = []
    for target, layout, picture in zip(targets, layouts, outputs.pictures, strict=True):
        result = model.render(layout, style=styles, seed=seed)
        outputs.folder.mkdir(parents=True, exist_ok=True)
        result.save(picture)
        height, width = result.image.shape[:2]
        say(f"{picture}  ({width}x{height}, {result.seconds:.2f} s)")
        shown = styles[0][1] if styles else analogon.Exemplar((layout.colors() / 255).astype(np.float32), layout)
        rows.append(analogon.SheetRow(target.stem, shown.image, shown.labels, layout, result.image).small())
    analogon.write_image(outputs.sheet, analogon.contact_sheet(rows))
    say(f"{outputs.sheet}  (style, labels, target and result side by side)")


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

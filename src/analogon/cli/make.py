"""`analogon make`: fit and render in one go."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.fit import fit_model
from analogon.cli.options import FitOptions, Mapping, pairs, source
from analogon.cli.outputs import plan
from analogon.cli.render import write_results

_DEFAULTS = FitOptions()


def make(
    image: Annotated[
        Path, Parameter(help="The picture, or a case folder (img.*, label.*, cond/*) in place of all three.")
    ],
    labels: Annotated[Path | None, Parameter(help="Its label map: which class each pixel is.")] = None,
    /,
    *targets: Annotated[Path, Parameter(metavar="TARGET", help="New label maps, of any size.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of the results.")],
    mapping: Mapping | None = None,
    options: FitOptions = _DEFAULTS,
) -> None:
    """Fit a picture and render new label maps, in one go.

    Each target becomes DIR/<its stem>.png at its own size, with the settings that made it beside it as .json;
    DIR/sheet.png shows all of them, DIR/model keeps the model for analogon render.
    """
    import analogon

    folder = image if image.is_dir() else None
    image, labels = source(image, labels)
    paths = analogon.find_case(folder).targets if folder else targets
    outputs = plan(output, paths, [image, labels])
    names = pairs(mapping or [], "--map", "COLOUR=CLASS")
    exemplar = analogon.load_exemplar(image, labels)
    layouts = analogon.load_targets(exemplar, paths, names)
    model = fit_model(exemplar, layouts, outputs.model, options)
    write_results(model, paths, layouts, outputs)

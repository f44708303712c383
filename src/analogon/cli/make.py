"""`analogon make`: fit and render in one go."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.fit import fit_model
from analogon.cli.options import FitOptions, Mapping, RenderOptions, SourceOptions, pairs, source
from analogon.cli.outputs import plan
from analogon.cli.render import write_results

_DEFAULTS = FitOptions()
_ALL_OF_IT = SourceOptions()
_PLAIN = RenderOptions()


def make(
    image: Annotated[
        Path, Parameter(help="The picture, or a case folder (img.*, label.*, cond/*) in place of all three.")
    ],
    labels: Annotated[Path | None, Parameter(help="Its label map: which class each pixel is.")] = None,
    /,
    *targets: Annotated[Path, Parameter(metavar="TARGET", help="New label maps, of any size.")],
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="DIR", help="Folder of the results.")],
    mapping: Mapping | None = None,
    sources: SourceOptions = _ALL_OF_IT,
    options: FitOptions = _DEFAULTS,
    wishes: RenderOptions = _PLAIN,
) -> None:
    """Fit a picture and render new label maps, in one go.

    Each target becomes DIR/<its stem>.png at its own size, with the settings that made it beside it as .json;
    DIR/sheet.png shows all of them. Where the method learns something, DIR/model keeps it for analogon render.
    """
    import analogon

    folder = image if image.is_dir() else None
    image, labels = source(image, labels)
    paths = analogon.find_case(folder).targets if folder else targets
    inputs = [image, labels, *sources.files(), *wishes.files()]
    outputs = plan(output, paths, inputs, provenance=wishes.provenance)
    names = pairs(mapping or [], "--map", "COLOUR=CLASS")
    method = options.described()
    exemplar = sources.load(image, labels)
    layouts = analogon.load_targets(exemplar, paths, names)
    asked = wishes.read()
    for layout in layouts:
        analogon.check_render(exemplar, layout, method.name, provenance=wishes.provenance, **asked)
    # what is learnt is worth keeping; anything else is there again at once
    model = fit_model(exemplar, layouts if method.learns else (), outputs.model if method.learns else None, options)
    write_results(model, paths, layouts, outputs, asked)

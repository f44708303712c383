"""`analogon compare`: several methods on one picture."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.comparing import CompareOptions, Output, tell
from analogon.cli.options import Mapping, pairs, source
from analogon.cli.outputs import check_folder, kept
from analogon.cli.progress import ProgressDisplay

_DEFAULTS = CompareOptions()


def compare(
    image: Annotated[
        Path, Parameter(help="The picture, or a case folder (img.*, label.*, cond/*) in place of all three.")
    ],
    labels: Annotated[Path | None, Parameter(help="Its label map: which class each pixel is.")] = None,
    /,
    *targets: Annotated[Path, Parameter(metavar="TARGET", help="New label maps, of any size.")],
    output: Output,
    mapping: Mapping | None = None,
    options: CompareOptions = _DEFAULTS,
) -> None:
    """Make pictures of the same targets with several methods; write a report that compares them.

    DIR/report.html shows pictures and figures side by side and needs no other file; figures.csv, aggregate.csv and
    comparison.json hold the same for programs. Each method has a process of its own; Ctrl-C ends all, and the same
    command goes on from there.
    """
    import analogon

    folder = image if image.is_dir() else None
    image, labels = source(image, labels)
    paths = analogon.find_case(folder).targets if folder else targets
    arguments = options.arguments()
    check_folder(output)
    with kept(output), ProgressDisplay() as display:
        comparison = analogon.compare(
            image,
            labels,
            paths,
            output=output,
            mapping=pairs(mapping or [], "--map", "COLOUR=CLASS"),
            name=folder.resolve().name if folder else None,
            progress=display,
            **arguments,
        )
    tell(comparison)

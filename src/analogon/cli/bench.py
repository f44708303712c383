"""`analogon bench`: several methods on a folder of cases."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.comparing import CompareOptions, Output, tell, words
from analogon.cli.outputs import check_folder, kept
from analogon.cli.progress import ProgressDisplay

_DEFAULTS = CompareOptions()


def bench(
    folder: Annotated[
        Path, Parameter(help="Folder of cases: NAME/img.*, NAME/label.*, NAME/cond/* and perhaps NAME/truth/*.")
    ],
    /,
    *,
    output: Output,
    only: Annotated[
        list[str] | None,
        Parameter(metavar="CASE,...", negative="", consume_multiple=False, help="These cases only."),
    ] = None,
    ablate: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Compare each method with itself without each of its parts."),
    ] = False,
    truth: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Compare with true pictures, NAME/truth/* of the names in NAME/cond; of a folder of frames (images/*, "
            "labels/*) each frame is asked for the layout of the next.",
        ),
    ] = False,
    pairs: Annotated[
        int | None, Parameter(help="With --truth, so many pairs of frames, spread over all of them.")
    ] = None,
    options: CompareOptions = _DEFAULTS,
) -> None:
    """Make pictures of a folder of cases with several methods; write a report with averages.

    DIR/report.html shows pictures and figures side by side and needs no other file; figures.csv, aggregate.csv and
    comparison.json hold the same for programs. Each method has a process of its own for each case; Ctrl-C ends all,
    and the same command goes on from there.
    """
    import analogon

    arguments = options.arguments()
    check_folder(output)
    with kept(output), ProgressDisplay() as display:
        comparison = analogon.bench(
            folder,
            output=output,
            only=words(only or [], "--only"),
            ablate=ablate,
            truth=truth,
            pairs=pairs,
            progress=display,
            **arguments,
        )
    tell(comparison)

"""`analogon export`: a fitted model for other programs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.outputs import check_folder


def export(
    model: Annotated[Path, Parameter(help="A model folder that analogon fit or make wrote.")],
    /,
    *,
    output: Annotated[Path, Parameter(name=("--output", "-o"), metavar="FILE", help="The file, an .onnx.")],
) -> None:
    """Write a fitted model as one ONNX file, which other programs and browsers can run.

    It takes a layout of any size as int32 classes, counted from 0 in the order of the palette in its metadata, and
    gives the picture that the network finds in one pass, as copies of the source, and the place of each copy.
    """
    import analogon

    check_folder(output.parent)
    fitted = analogon.load(model, device="cpu")
    fitted.export(output)
    say(f"{output}  ({output.stat().st_size / 1e6:.1f} MB)")

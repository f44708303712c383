"""`analogon label`: a first label map."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.outputs import check_folder
from analogon.errors import OptionError


def label(
    image: Annotated[Path, Parameter(help="The picture.")],
    /,
    *,
    output: Annotated[
        Path, Parameter(name=("--output", "-o"), metavar="LABELS", help="The label map, an indexed .png.")
    ],
    classes: Annotated[int, Parameter(help="The largest number of classes, 2 to 64.")] = 6,
) -> None:
    """Write a first label map of a picture, to be corrected in a paint program.

    Areas of like colour and texture become classes; it knows nothing of what they show.
    """
    import analogon

    if output.name.lower() == ".png":
        raise OptionError(f"'{output}' has no name before its suffix: give -o a name such as labels.png.")
    if output.suffix.lower() != ".png":
        raise OptionError(f"A label map is written as an indexed PNG: end {output} in .png.")
    if output.is_dir():
        raise OptionError(f"{output} is a folder: give -o the name of a .png file.")
    if output.resolve() == image.resolve():
        raise OptionError(f"The label map would overwrite the picture {image}: choose another name with -o.")
    check_folder(output.parent)
    labels = analogon.first_labels(image, classes)
    output.parent.mkdir(parents=True, exist_ok=True)
    analogon.write_labels(output, labels)
    for entry in labels.palette.classes:
        red, green, blue = entry.color
        say(f"#{red:02x}{green:02x}{blue:02x}  {entry.name}  {100 * labels.share(entry.id):.1f} %")
    say(f"{output}")

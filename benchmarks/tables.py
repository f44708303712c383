"""Tables of figures as Markdown."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: What stands from here on is written by hand, and stays.
EYE = "## By eye"


def write_table(
    title: str, parts: Mapping[str, Callable[[Any], list[str]]], out: Path, destination: Path | None
) -> None:
    """Make the table of what OUT has: OUT/table.md, and ``destination``, whose notes by eye stay.

    Args:
        title: its first lines.
        parts: by name of a JSON file in OUT, what makes lines of what is in it.
    """
    lines = [title]
    for name, part in parts.items():
        if (out / f"{name}.json").exists():
            lines += ["", *part(json.loads((out / f"{name}.json").read_text()))]
    text = "\n".join(lines) + "\n"
    (out / "table.md").write_text(text)
    if destination is not None:
        old = destination.read_text() if destination.exists() else ""
        destination.write_text(text + "\n" + old[old.index(EYE) :] if EYE in old else text)

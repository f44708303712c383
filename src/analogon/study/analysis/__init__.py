"""What a study found: its numbers, and a page that tells them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from analogon.errors import OptionError
from analogon.io import write_together
from analogon.study.analysis.numbers import analyse
from analogon.study.analysis.page import page
from analogon.study.analysis.values import Analysis
from analogon.study.values import Answer

__all__ = ["Analysis", "analyse", "write_analysis"]


def write_analysis(
    title: str, answers: Iterable[Answer], path: str | Path, questions: Mapping[str, str] | None = None
) -> Path:
    """Write the analysis of a study as one self-contained page, and all its numbers beside it as ``.json``.

    Args:
        title: of the study.
        answers: all of them, also those of participants who failed an attention check.
        path: of the page, ending in ``.html``.
        questions: name of each question -> what people read of it, in the order of the page; None: their names.

    Returns:
        Path of the JSON file.

    Raises:
        InputError: there are no answers, an answer ranks nothing or one thing twice, somebody answered a question
            twice, or a place that cannot be written to.
        OptionError: another suffix.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        raise OptionError(f"'{path}' is not written: the name of an analysis page ends in .html.")
    found = analyse(title, answers, questions)
    numbers = path.with_suffix(".json")
    record = json.dumps(found.record(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    text = page(found, numbers.name)
    write_together({path: lambda file: file.write(text.encode()), numbers: lambda file: file.write(record.encode())})
    return numbers

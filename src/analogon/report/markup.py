"""HTML whose text is escaped unless it is known to be HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is HTML already; any other text is escaped where it meets one of these functions."""

    __slots__ = ()


#: Elements that have no content and no end.
_VOID = {"img", "col", "br"}


def escape(text: str) -> Markup:
    """Text as it may stand in HTML, between tags or in a quoted attribute; markup stays as it is."""
    return text if isinstance(text, Markup) else Markup(html.escape(text, quote=True))


def join(parts: Iterable[str], between: str = "") -> Markup:
    """All parts, escaped where they are plain text, in one piece of markup."""
    return Markup(escape(between).join(escape(part) for part in parts))


def element(name: str, *children: str, **attributes: str | int | bool | None) -> Markup:
    """One element.

    Args:
        name: of the element.
        children: texts, which are escaped, and markup.
        attributes: ``class_`` is ``class``, and ``data_value`` is ``data-value``. Those that are None or False are
            left out, True stands for an attribute without a value.
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        written = key.rstrip("_").replace("_", "-")
        parts.append(f" {written}" if value is True else f' {written}="{escape(str(value))}"')
    parts.append(">")
    if name not in _VOID:
        parts.append(f"{join(children)}</{name}>")
    return Markup("".join(parts))


def count(number: int, word: str) -> str:
    """A number of things: "1 target", "3 targets"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

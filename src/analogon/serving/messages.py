"""What is sent to a server."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

LONGEST_TITLE = 120


class Message(BaseModel):
    """Nothing but what is named is taken."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _writable(cls, given: Any) -> Any:
        """Halves of letters, which JSON can write, are stored nowhere: no answer could hold them."""
        try:
            json.dumps(given, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            raise ValueError("it holds what is no text") from None
        return given


def title_of(text: str) -> str:
    """A title of one line that can be shown."""
    words = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return words[:LONGEST_TITLE] or "Untitled"

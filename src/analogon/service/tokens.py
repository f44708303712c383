"""Tokens that a server knows, and whose they are."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from analogon.errors import InputError

EVERYBODY = "everybody"
"""The owner where there are no tokens."""
SHORTEST = 16
_NAME, _TOKEN = re.compile(r"[A-Za-z0-9_.@-]{1,64}"), re.compile(r"[\x21-\x7e]+")


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


def hashed(token: str) -> str:
    """How a token is kept, and compared: the time that a comparison takes tells nothing of it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def read_tokens(path: Path) -> Mapping[str, str]:
    """The owners by hashes of their tokens: a line is a name and a token, or ``sha256:`` and its hash.

    Raises:
        InputError: the file cannot be read, or a line is something else.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"'{path}' cannot be read ({reason}): check --tokens.") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or not _NAME.fullmatch(words[0]) or not _TOKEN.fullmatch(words[1]):
            raise InputError(f"Row {number} of '{path}' is no name with a token: write NAME TOKEN, or begin it with #.")
        name, token = words
        if token.startswith("sha256:"):
            digest = token.removeprefix("sha256:").lower()
            if not re.fullmatch("[0-9a-f]{64}", digest):
                raise InputError(f"Row {number} of '{path}' has no SHA-256 after sha256: write its 64 digits.")
        elif len(token) < SHORTEST:
            raise InputError(f"The token in row {number} of '{path}' is too short: use {SHORTEST} characters or more.")
        else:
            digest = hashed(token)
        if found.get(digest, name) != name:
            raise InputError(f"The token in row {number} of '{path}' is another one's already: give each their own.")
        found[digest] = name
    if not found:
        raise InputError(f"'{path}' has no tokens: write a line NAME TOKEN for each.")
    return found

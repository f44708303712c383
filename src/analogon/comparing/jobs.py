"""What one process does: a contender on a case with one seed. And the files that tell what came of it.

Beside each picture lies a JSON file with what was asked for (the request) and the trial. A picture whose request is
asked for again is not made again; figures whose own request is asked for again are not taken again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analogon.errors import InputError
from analogon.io import write_text
from analogon.report.files import plain
from analogon.report.values import Case, Contender, Trial


@dataclass(frozen=True)
class Piece:
    """One picture to be made.

    Attributes:
        target: its name.
        stem: of its files, relative to the comparison's folder: ``stem.png``, ``.json``, ``.provenance.npy``.
        request: all that the picture depends on, as JSON values.
        given: the picture, where it was made elsewhere.
    """

    target: str
    stem: Path
    request: Mapping[str, Any]
    given: Path | None = None

    @property
    def picture(self) -> Path:
        """The picture itself."""
        return self.beside(".png")

    @property
    def provenance(self) -> Path:
        """Where its pixels come from, if that is known."""
        return self.beside(".provenance.npy")

    @property
    def told(self) -> Path:
        """What came of it."""
        return self.beside(".json")

    def beside(self, suffix: str) -> Path:
        """A file of this piece."""
        return self.stem.with_name(self.stem.name + suffix)


@dataclass(frozen=True)
class Job:
    """A contender on a case with one seed.

    Attributes:
        folder: of the comparison.
        case, contender: as in the comparison.
        seed: of fit and render.
        device: what computes.
        pieces: a picture for each target.
        scoring: all that the figures depend on besides the picture, as JSON values.
    """

    folder: Path
    case: Case
    contender: Contender
    seed: int
    device: str
    pieces: tuple[Piece, ...]
    scoring: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people."""
        return f"'{self.contender.label}' on '{self.case.name}'"

    def text(self) -> str:
        """The job as one line."""
        return json.dumps(plain(self))

    @classmethod
    def parse(cls, text: str) -> Job:
        """The job of a line."""
        from pydantic import TypeAdapter

        # Python's own reading takes names of files that are no text.
        return TypeAdapter(cls).validate_python(json.loads(text))

    def failed(self, piece: Piece, error: str, **known: Any) -> Trial:
        """The trial of a picture that there is not."""
        known.setdefault("record", self.about())
        return Trial(self.case.name, piece.target, self.contender.label, self.seed, None, error=error, **known)

    def about(self) -> dict[str, Any]:
        """What can be said of a picture that there is not."""
        return {"method": self.contender.method, "seed": self.seed, "settings": dict(self.contender.settings)}

    def trial(self, piece: Piece) -> Trial | None:
        """What is known of a picture that was made as it is asked for; None if it was not."""
        told = self._told(piece)
        if told is None or told.get("request") != plain(piece.request):
            return None
        trial = _trial(told)
        if trial is None or trial.error is not None or trial.picture != piece.picture:
            return None
        files = (trial.picture, trial.provenance)
        whole = all((self.folder / path).is_file() for path in files if path is not None)
        if not whole:
            return None
        # Of names for people, other ones may have led to the same files.
        return replace(trial, case=self.case.name, target=piece.target, contender=self.contender.label)

    def scored(self, piece: Piece) -> Trial | None:
        """As :meth:`trial`, where its figures were taken as they are asked for; else None."""
        told = self._told(piece)
        return self.trial(piece) if told is not None and told.get("scoring") == plain(self.scoring) else None

    def failure(self, piece: Piece) -> Trial | None:
        """The trial that failed, as its process told it."""
        trial = _trial(self._told(piece) or {})
        return trial if trial is not None and trial.error is not None else None

    def tell(self, piece: Piece, trial: Trial, *, scored: bool = False) -> None:
        """Keep what came of a picture."""
        told = {
            "request": piece.request if trial.error is None else None,
            "scoring": self.scoring if scored else None,
            "trial": trial,
        }
        write_text(self.folder / piece.told, json.dumps(plain(told), indent=1, allow_nan=False) + "\n")

    def clear(self, piece: Piece) -> None:
        """Take away what an earlier run left of a picture."""
        for path in (piece.told, piece.picture, piece.provenance):
            try:
                (self.folder / path).unlink(missing_ok=True)
            except OSError as error:
                reason = error.strerror or str(error)
                raise InputError(
                    f"'{self.folder / path}' cannot be replaced ({reason}): choose another place with -o."
                ) from error

    def _told(self, piece: Piece) -> dict[str, Any] | None:
        try:
            told = json.loads((self.folder / piece.told).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # nothing that helps: it is made anew
        return told if isinstance(told, dict) else None


def _trial(told: Mapping[str, Any]) -> Trial | None:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Trial).validate_python(told.get("trial"))
    except ValidationError:
        return None

"""Methods as words, fitted once per picture and kept on disk.

A word is NAME[:RECIPE][,FIELD=VALUE ...][+polish]: ``patch``, ``semia:fast,steps=40``, ``semia+polish``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cases import settings_of

import analogon

#: What a fit leaves in its folder: a finished model, or what it can be resumed from.
LEFT = ("model.safetensors", "checkpoint.safetensors")


@dataclass(frozen=True)
class Contender:
    """A method with recipe and settings, perhaps polished, and the minutes that it may learn a picture.

    `practises`: it is shown the targets while it learns.
    """

    word: str
    budget: float | None = None
    practises: bool = False

    @cached_property
    def _parts(self) -> tuple[str, str | None, dict[str, Any]]:
        name, *settings = re.split(r",(?![^\[]*\])", self.word.removesuffix("+polish"))
        method, _, recipe = name.partition(":")
        return method, recipe or None, settings_of(settings)

    @property
    def polish(self) -> bool:
        """Whether its pictures are made anew of pieces of the source."""
        return self.word.endswith("+polish")

    @property
    def learns(self) -> bool:
        """Whether its fit is training."""
        return analogon.describe_method(self._parts[0]).learns

    @property
    def minutes(self) -> float | None:
        """The budget; None where it learns nothing, or the word says how many steps."""
        return self.budget if self.learns and "steps" not in self._parts[2] else None

    @property
    def label(self) -> str:
        """The word, with the budget where there is one, and whether targets were practised on."""
        budget = "" if self.minutes is None else f", {self.minutes:g} min"
        return self.word + budget + (", practised" if self.practises and self.learns else "")

    @property
    def slug(self) -> str:
        """The label as the name of a folder."""
        return slug(self.label)

    def fit(self, exemplar: analogon.Exemplar, folder: Path, targets: Sequence[analogon.LabelMap]) -> analogon.Model:
        """The model, from ``folder`` where it is (what had begun there goes on), else fitted now.

        Args:
            folder: of the picture; each fit has one of its own there, which pictures with and without polish share.
            targets: what to practise on, if it does.
        """
        method, recipe, settings = self._parts
        if not self.learns:
            return analogon.fit(exemplar, method, recipe=recipe, **settings)
        own = folder / slug(self.label.replace("+polish", ""))
        resume = any((own / name).exists() for name in LEFT)
        others = {name: value for name, value in settings.items() if name != "steps"}
        model = analogon.fit(
            exemplar,
            method,
            recipe=recipe,
            steps=settings.get("steps"),
            minutes=self.minutes,
            previews=targets if self.practises else (),
            folder=own,
            resume=resume,
            **others,
        )
        if model.stopped == "interrupted":
            raise KeyboardInterrupt
        return model

    def render(self, model: analogon.Model, target: analogon.LabelMap) -> analogon.Result:
        """A picture in which nothing needs to stay as it was."""
        takes = analogon.describe_method(model.method).takes
        return model.render(target, keep="none" if "keep" in takes else "auto", polish=self.polish)


def slug(text: str) -> str:
    """A text as the name of a file."""
    return re.sub(r"[^\w.+=-]+", "_", text)

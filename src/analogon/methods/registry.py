"""The methods by name. Adding one: a folder beside this file and one line in :data:`METHODS`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel, ValidationError

from analogon.errors import ModelError, OptionError
from analogon.methods.base import Method


@dataclass(frozen=True)
class Entry:
    """One method: where it lives and what can be said of it without importing its engine.

    Attributes:
        name: what users type.
        summary: one line.
        package: module that holds ``config.py`` (``Config``, ``RECIPES``) and ``method.py`` (``METHOD``).
        neural: needs torch.
    """

    name: str
    summary: str
    package: str
    neural: bool

    @property
    def recipes(self) -> Mapping[str, Mapping[str, Any]]:
        """Named changes to the defaults, the default recipe first."""
        recipes: Mapping[str, Mapping[str, Any]] = import_module(f"{self.package}.config").RECIPES
        return recipes

    @property
    def config_type(self) -> type[BaseModel]:
        """The pydantic model of the method's hyperparameters."""
        kind: type[BaseModel] = import_module(f"{self.package}.config").Config
        return kind

    def load(self) -> Method:
        """Import the method itself.

        Raises:
            OptionError: it needs torch and there is none.
        """
        if self.neural and find_spec("torch") is None:
            raise OptionError(f"Method '{self.name}' needs PyTorch; install it with: pip install 'analogon[neural]'.")
        method: Method = import_module(f"{self.package}.method").METHOD
        return method

    def machine(self, device: str) -> tuple[str, int]:
        """The device that computes when ``device`` is asked for, and the number of threads on the CPU.

        Raises:
            OptionError: there is no such device here.
        """
        if not self.neural:
            return "cpu", 1
        from analogon.training.device import pick, threads

        return str(pick(device)), threads()

    def configure(self, recipe: str | None, options: Mapping[str, Any]) -> BaseModel:
        """The configuration of a recipe (None: the default one) with some fields changed.

        Raises:
            OptionError: unknown recipe or field, or a value that the field does not take.
        """
        if recipe is None:
            recipe = next(iter(self.recipes))
        if recipe not in self.recipes:
            raise OptionError(f"Recipe '{recipe}' of method '{self.name}' does not exist{_hint(recipe, self.recipes)}.")
        known = self.config_type.model_fields
        for name in options:
            if name not in known:
                raise OptionError(f"Field '{name}' of method '{self.name}' does not exist{_hint(name, known)}.")
        try:
            config = self.config_type.model_validate({**self.recipes[recipe], **options})
        except ValidationError as problem:
            first = problem.errors()[0]
            field, reason = str(first["loc"][0]) if first["loc"] else "?", first["msg"].lower()
            value = options.get(field, first["input"])  # the whole of a tuple, not its first wrong element
            raise OptionError(f"Field '{field}' of method '{self.name}' cannot be {value!r}: {reason}.") from problem
        for name in options:
            value = getattr(config, name)
            parts = value if isinstance(value, tuple) else (value,)
            if not all(math.isfinite(part) for part in parts if isinstance(part, float)):
                raise OptionError(f"Field '{name}' of method '{self.name}' cannot be {value}: give a finite number.")
        return config

    def configure_exactly(self, values: Mapping[str, Any]) -> BaseModel:
        """The configuration that a model was saved with.

        Raises:
            ModelError: it does not fit this version of the method.
        """
        try:
            return self.config_type.model_validate(values)
        except ValidationError as problem:
            field = ".".join(map(str, problem.errors()[0]["loc"]))
            raise ModelError(
                f"The model's configuration does not fit this version of method '{self.name}' "
                f"(field '{field}'); fit it again."
            ) from problem


METHODS: dict[str, Entry] = {
    e.name: e
    for e in (Entry("semia", "conditional single-image GAN (Li et al., ACM MM 2020)", "analogon.methods.semia", True),)
}


def get(name: str) -> Entry:
    """The entry of a method.

    Raises:
        OptionError: there is none of that name.
    """
    if name not in METHODS:
        raise OptionError(f"Method '{name}' does not exist{_hint(name, METHODS)}.")
    return METHODS[name]


def _hint(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'"
    return f"; the known ones are {', '.join(known)}"

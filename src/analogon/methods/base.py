"""What a method is: a costly step that learns one exemplar, and a cheap one that renders any layout of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analogon.data import Exemplar, LabelMap
from analogon.run import Run

Arrays = Mapping[str, NDArray[Any]]


class Synthesizer(Protocol):
    """A method fitted to one exemplar."""

    @property
    def exemplar(self) -> Exemplar:
        """What it was fitted to."""

    @property
    def config(self) -> BaseModel:
        """The configuration in effect, with derived values such as a number of steps set by a time budget."""

    @property
    def stopped(self) -> str | None:
        """Why the fit ended early, in a word; None if it ran to its end."""

    def render(self, target: LabelMap, run: Run) -> NDArray[np.float32]:
        """The picture (h, w, 3) in [0, 1] for a target (h, w) whose classes the exemplar has.

        Deterministic for one machine and ``run.seed``; never changes the synthesizer.
        """

    def arrays(self) -> Arrays:
        """All that was learnt, as named arrays; with exemplar and configuration it restores the synthesizer."""


class Method(Protocol):
    """A way to make analogies.

    Attributes:
        Config: pydantic model of every hyperparameter, with a description for each.
        recipes: named changes to the defaults; the first is the method's default.
    """

    Config: ClassVar[type[BaseModel]]
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]]

    def fit(self, exemplar: Exemplar, config: Any, run: Run) -> Synthesizer:
        """Learn one exemplar. Reports progress, keeps checkpoints and stops as :class:`Run` says.

        Raises:
            TrainingError: a loss is not a number. ModelError: ``run.folder`` cannot be resumed.
        """

    def restore(self, exemplar: Exemplar, config: Any, arrays: Arrays, run: Run) -> Synthesizer:
        """The synthesizer that :meth:`Synthesizer.arrays` came from.

        Raises:
            ModelError: the arrays are not this method's.
        """

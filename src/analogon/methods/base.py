"""What a method is: a costly step that learns one exemplar, and a cheap one that renders any layout of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray
from pydantic import BaseModel

from analogon.data import Exemplar, LabelMap, Palette
from analogon.datasets.values import Pictures
from analogon.jobs import Job
from analogon.rendering import PLAIN, Attention, Rendering, Style, Wishes
from analogon.run import Outcome, Run

Arrays = Mapping[str, NDArray[Any]]


class Synthesizer(Protocol):
    """A method fitted to one exemplar."""

    @property
    def exemplar(self) -> Exemplar:
        """What it was fitted to."""

    @property
    def config(self) -> BaseModel:
        """The configuration in effect; ``steps``, of a method that learns, are those done."""

    @property
    def outcome(self) -> Outcome:
        """How the fit ended; not known of a synthesizer that was restored."""

    def render(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """The picture for a target (h, w) whose classes the exemplar has.

        Deterministic for one machine and ``run.seed``; never changes the synthesizer. ``wishes`` are checked, and
        asks for nothing that the method's registry entry does not take. Reports progress now and then; what the
        listener raises ends the render.
        """

    def draft(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering | None:
        """A first picture, made with less work than :meth:`render`'s of the same arguments; None if there is none.

        Reports progress as :meth:`render` does.
        """

    def arrays(self) -> Arrays:
        """All that was learnt as named arrays; exemplar and configuration with it restore the synthesizer."""


@runtime_checkable
class Polisher(Synthesizer, Protocol):
    """A synthesizer that polishes its pictures in a way of its own.

    Those of any other are polished by :func:`analogon.ops.polish`: from their provenance where they have one, else as
    a guide.
    """

    def polished(self, target: LabelMap, run: Run, wishes: Wishes = PLAIN) -> Rendering:
        """As :meth:`Synthesizer.render`, of pieces of the source that fit together."""


class Exportable(Synthesizer, Protocol):
    """A synthesizer of a method whose registry entry says that it exports."""

    def onnx(self) -> bytes:
        """A self-contained ONNX model: the map of a layout to the picture of :meth:`draft`, where nothing is kept.

        Its input ``labels`` is int32 (h, w) for any h and w, the classes as places in the exemplar's palette. Its
        outputs are ``picture``, uint8 (h, w, 3), and ``places``, int32 (h, w, 2), the row and column in the source of
        each pixel. Its metadata says what an application needs to know of it.
        """


class Performer(Synthesizer, Protocol):
    """A synthesizer of a method whose registry entry names jobs."""

    def perform(self, jobs: Sequence[Job], run: Run) -> Iterator[Rendering]:
        """The pictures for jobs of one kind, all of a kind that the entry names, in their order.

        A job has one picture, ``Animate`` as many as it has frames. Several sizes of ``Retarget`` are the frames of
        one sequence, which does not jump; several of any other kind have nothing to do with each other, and their
        random numbers are those of ``run.seed``, the next seed, and so on: the seed of each picture is the run's plus
        its place. Deterministic, reports and stops as :meth:`Synthesizer.render` does. The exemplar's labels are
        one class where nothing is known of the picture.
        """


class Method(Protocol):
    """A way to make analogies.

    Beside it stands ``config.py`` with ``Config``, a pydantic model of every hyperparameter with a description for
    each, and ``RECIPES``, named changes to its defaults; the first recipe is the method's default. It imports no
    engine, so that settings can be listed and checked without one.

    ``JOB_RECIPES`` beside them says which recipe a job takes where the user names none; others take the default one.

    A ``Config`` may have the field ``size_limit``, an int of at least 16: the longest side in pixels that the method
    works at. Results have their targets' size all the same. A method that learns has the field ``steps``.
    """

    def fit(self, exemplar: Exemplar, config: Any, run: Run) -> Synthesizer:
        """Learn one exemplar. Reports progress, keeps a checkpoint and stops as :class:`Run` says.

        Raises:
            TrainingError: a loss is not a number. ModelError: ``run.folder`` cannot be resumed.
        """

    def restore(self, exemplar: Exemplar, config: Any, arrays: Arrays, run: Run) -> Synthesizer:
        """The synthesizer that :meth:`Synthesizer.arrays` came from.

        Raises:
            ModelError: the arrays are not this method's.
        """


class ManyMethod(Method, Protocol):
    """A method that can learn several exemplars at once, in one program."""

    def fit_many(self, exemplars: Sequence[Exemplar], configs: Sequence[Any], run: Run) -> Sequence[Synthesizer]:
        """Learn each exemplar as :meth:`fit` would with its configuration; these differ in ``size_limit`` at most.

        Keeps a checkpoint and previews of one exemplar only. Raises what :meth:`fit` raises.
        """


class Trained(Protocol):
    """A method that has learnt a data set: it makes pictures of any layout of its classes."""

    @property
    def palette(self) -> Palette:
        """The classes of the data set."""

    @property
    def config(self) -> BaseModel:
        """The configuration in effect; ``steps`` are those done."""

    @property
    def outcome(self) -> Outcome:
        """How the training ended; not known of one that was restored."""

    @property
    def takes(self) -> frozenset[str]:
        """What decides its looks: "style", pictures; "random", seeds; "classes" and "places", those of parts."""

    def render(self, target: LabelMap, run: Run, styles: Sequence[Style] = ()) -> Rendering:
        """The picture for a target (h, w) of these classes.

        Deterministic for one machine and ``run.seed``.

        Args:
            styles: the looks that it is to have; their classes are in the palette, and masks have the target's size.
                None for the whole picture: one drawn from the seed. An exemplar of another palette is one of which no
                classes are known.

        Raises:
            OptionError: the method knows no looks, or not those of classes or places, or cannot do without a picture,
                or without its classes.
        """

    def attention(self, target: LabelMap, run: Run, style: Exemplar) -> Sequence[Attention]:
        """What is seen in the picture of a style for this target, at each scale, fine to coarse.

        Raises:
            OptionError: the method has no attention, or cannot do without the picture's classes.
        """

    def arrays(self) -> Arrays:
        """All that was learnt as named arrays; palette and configuration with it restore it."""


class SetMethod(Method, Protocol):
    """A method that can learn a data set of pictures with label maps."""

    def train(self, pictures: Pictures, config: Any, run: Run) -> Trained:
        """Learn a data set. Reports progress, keeps a checkpoint and stops as :class:`Run` says.

        Where torchrun started several processes, all of them call this and learn one network together; the first one
        reports and keeps the checkpoint, which all can read. Random draws of step n derive from the seed, n and the
        place in the batch of all processes.

        Raises:
            TrainingError: a loss is not a number. ModelError: ``run.folder`` cannot be resumed.
        """

    def restore_trained(self, palette: Palette, config: Any, arrays: Arrays, run: Run) -> Trained:
        """What :meth:`Trained.arrays` came from.

        Raises:
            ModelError: the arrays are not this method's.
        """

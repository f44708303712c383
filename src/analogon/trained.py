"""Learning data sets, and the models that come of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from analogon.data import Exemplar, LabelMap, Palette
from analogon.datasets import Pictures, load_pictures
from analogon.errors import InputError, ModelError, OptionError
from analogon.fitting import check_finished, check_numbers
from analogon.io import ImageSource, LabelSource, read_image, read_target
from analogon.loading import load_exemplar
from analogon.methods import registry
from analogon.methods.base import SetMethod, Trained
from analogon.methods.bundle import FILE, Bundle, TrainedBundle, held
from analogon.rendering import Attention, Style
from analogon.result import Result, versions
from analogon.run import CHECKPOINT, Progress, Run, ignore

#: A picture whose look is taken, or several styles, or pictures and what each counts.
Styles = Exemplar | Style | Sequence[Style | tuple[float, Exemplar]]


def train(
    method: str,
    data: Pictures | str | Path,
    *,
    layout: str = "auto",
    recipe: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> TrainedModel:
    """Learn a data set of pictures with label maps.

    Where torchrun started several processes, all of them call this with the same arguments and learn together: each
    takes its share of every batch. They need one folder that all can read; the first process writes.

    Args:
        method: one that can (``sets`` of :func:`describe_method`).
        data: pictures, or the folder of a data set.
        layout: how that folder is laid out; "auto" finds out.

    The others are those of :func:`fit`. Ctrl-C, and SIGTERM, which machines send that are taken away, end the training
    early with a checkpoint: the model so far is returned, with ``model.stopped == "interrupted"``.

    Raises:
        OptionError: an argument cannot be used, or another process learns a model in ``folder``. InputError,
            LabelError: the data set cannot be read. ModelError: ``folder`` cannot be written to, or there is nothing in
            it to resume, or a training with other arguments. TrainingError: a loss is not a number.
    """
    entry = registry.get(method)
    entry.check_sets()
    check_numbers(minutes, seed)
    if resume and folder is None:
        raise OptionError("There is nothing to resume without a folder: name the one the training was started with.")
    config = entry.configure(recipe, options if steps is None else {**options, "steps": steps})
    engine = cast(SetMethod, entry.load())
    device, threads = entry.machine(str(device))
    pictures = data if isinstance(data, Pictures) else load_pictures(data, layout)
    request = {
        "method": entry.name,
        "data set": _digest(pictures),
        "configuration": config.model_dump(mode="json"),
        "seed": int(seed),
        "time budget": minutes,
        "limit of steps": steps if minutes else None,
    }
    run = Run(
        device=device,
        seed=int(seed),
        minutes=minutes,
        most_steps=steps,
        folder=None if folder is None else Path(folder),
        resume=resume,
        request=request,
        listener=progress or ignore,
    )
    if run.folder is not None:
        Bundle.check_folder(run.folder)
        if resume and not (run.folder / CHECKPOINT).exists():
            return _finished(run.folder, run)
    kept = run.folder if leads() else None
    with held(kept):
        started = time.monotonic()
        learnt = engine.train(pictures, config, run)
        record = {
            "method": entry.name,
            "config": learnt.config.model_dump(mode="json"),
            "seed": run.seed,
            "fit_seconds": round(learnt.outcome.earlier + time.monotonic() - started, 3),
            "stopped": learnt.outcome.stopped,
            "inputs": {"data set": request["data set"], "pictures": len(pictures)},
            "requested": request,
            "device": device,
            "threads": threads,
            "versions": versions(),
        }
        model = TrainedModel(learnt, record, device=device)
        if kept is not None:
            model.save(kept, checkpoint=model.stopped is not None)
    return model


def leads() -> bool:
    """Whether this process is the one that writes: the only one, or the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def is_trained(folder: str | Path) -> bool:
    """Whether a folder's model learnt a data set, to be loaded by :func:`load_trained`, or one picture.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return TrainedBundle.is_in(Path(folder))


def load_trained(folder: str | Path, *, device: str = "auto") -> TrainedModel:
    """A model that :func:`train` or :meth:`TrainedModel.save` wrote.

    Raises:
        ModelError: there is none, it is damaged, or it learnt one picture. OptionError: its method is unknown or needs
            PyTorch.
    """
    bundle = TrainedBundle.read(Path(folder))
    entry = registry.get(bundle.record["method"])
    config = entry.configure_exactly(bundle.record["config"])
    engine = cast(SetMethod, entry.load())
    device, _ = entry.machine(str(device))
    run = Run(device=device, seed=bundle.record["seed"])
    return TrainedModel(
        engine.restore_trained(bundle.palette, config, bundle.arrays, run), bundle.record, device=device
    )


class TrainedModel:
    """A method that has learnt a data set: ask it for any layout of its classes, in any look.

    Attributes:
        record: how it came about, as JSON values; it is saved with the model.
        method, seed: what it was trained with.
        fit_seconds: wall-clock time of the training, of all its sittings.
        stopped: ``"interrupted"`` where the training ended early, else None.
    """

    def __init__(self, trained: Trained, record: Mapping[str, Any], *, device: str) -> None:
        self._trained, self._device = trained, device
        self.record = record
        self.method: str = record["method"]
        self.seed: int = record["seed"]
        self.fit_seconds: float = record["fit_seconds"]
        self.stopped: str | None = record["stopped"]

    @property
    def palette(self) -> Palette:
        """The classes that layouts may have."""
        return self._trained.palette

    @property
    def takes(self) -> frozenset[str]:
        """What decides the looks of its pictures: "style" is pictures, "random" seeds; empty: nothing but the layout.

        "classes" and "places" are among it where these can have looks of their own.
        """
        return self._trained.takes

    @property
    def config(self) -> dict[str, Any]:
        """Every hyperparameter in effect, as JSON values; ``steps`` are those done."""
        return self._trained.config.model_dump(mode="json")

    def load_style(self, image: ImageSource, labels: LabelSource | LabelMap | None = None) -> Exemplar:
        """A picture whose look is to be taken; with its layout in this model's classes, for methods that need it.

        Raises:
            InputError: a file cannot be used. LabelError: a class that the model does not know, or sizes that differ.
        """
        if labels is None or isinstance(labels, LabelMap):
            return load_exemplar(image, labels)
        return Exemplar(read_image(image), read_target(labels, self.palette))

    def render(
        self,
        target: LabelSource | LabelMap,
        mapping: Mapping[str, str] | None = None,
        *,
        style: Styles | None = None,
        classes: Mapping[str, Exemplar | int] | None = None,
        seed: int | None = None,
        paste: tuple[int, int] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Result:
        """The picture for a label map, in its size.

        Args:
            target: a label map with classes of :attr:`palette`.
            mapping: what classes that the model lacks stand for; see :func:`load_target`.
            style: of :meth:`load_style`: the picture that the look is taken from. Several with weights mix their looks:
                ``[(0.5, a), (0.5, b)]`` lies between two, ``[(1.5, a), (-0.5, b)]`` beyond one. A :class:`Style` says
                for which classes or places as well. None draws a look at random, where the method can.
            classes: styles of single classes in short: ``{"sky": b}`` is ``Style(b, classes=["sky"])``, and a number in
                place of a picture draws the look from that seed.
            seed: of the random look; None for the training's.
            paste: row and column of the result where the upper left corner of the style's own picture is, whose pixels
                then stand there as they are: a layout that is larger continues the picture. Of several styles it is the
                first one of the whole picture.
            progress: called with :class:`Progress` events.

        Raises:
            LabelError: a class that the model does not know. OptionError: a style that the method cannot use, or the
                lack of one; a picture that is pasted does not lie within the result.
        """
        layout = self._layout(target, mapping)
        styles = self._styles(style, layout)
        styles += self._styles([Style(source, classes=[name]) for name, source in (classes or {}).items()], layout)
        pasted = None if paste is None else _to_paste(styles, paste, layout.shape)
        run = self._run(seed, progress)
        _, threads = registry.get(self.method).machine(self._device)
        started = time.monotonic()
        rendering = self._trained.render(layout, run, styles)
        image = rendering.image
        if pasted is not None:
            area, pixels = pasted
            image = image.copy()
            image[area] = pixels
        return Result(
            image=image,
            method=self.method,
            config=self.config,
            seed=run.seed,
            seconds=time.monotonic() - started,
            inputs={**self.record["inputs"], "target": layout.digest()},
            device=run.device,
            threads=threads,
            fit={name: self.record[name] for name in ("fit_seconds", "stopped", "device", "threads")},
            versions=versions(),
            wishes={"styles": [one.record() for one in styles]}
            | ({} if paste is None else {"paste": [int(n) for n in paste]}),
            timing=rendering.seconds,
            labels=layout,
        )

    def between(
        self,
        target: LabelSource | LabelMap,
        first: Style | Exemplar,
        last: Style | Exemplar,
        frames: int = 5,
        *,
        style: Styles | None = None,
        seed: int | None = None,
    ) -> Iterator[Result]:
        """Pictures of one layout on the way from one look to another, both ends with them.

        Args:
            target: as for :meth:`render`.
            first, last: the looks. Styles of classes or of places are on the way there alone; both have the same ones.
            frames: how many pictures, at least 2.
            style, seed: what is beneath styles of classes or places, as for :meth:`render`.

        Raises:
            As :meth:`render` does; OptionError: there are fewer than two frames, or the styles are of different classes
                or places.
        """
        if frames < 2:
            raise OptionError(f"There cannot be {frames} pictures from one look to another: ask for 2 or more.")
        ends = [one if isinstance(one, Style) else Style(one) for one in (first, last)]
        a, b = (one.record() for one in ends)
        if any(a.get(part) != b.get(part) for part in ("classes", "mask")):
            raise OptionError("The two looks are of different classes or places: give both the same ones.")
        layout = self._layout(target, None)
        beneath = self._styles(style, layout)
        if ends[0].whole and any(one.whole for one in beneath):
            raise OptionError("Two looks of the whole picture leave nothing of another style: leave that one out.")
        ways = [n / (frames - 1) for n in range(frames)]
        mixed = [[replace(one, weight=w) for one, w in zip(ends, (1 - t, t), strict=True)] for t in ways]
        self._styles(ends, layout)  # refused before the work
        return (self.render(layout, style=[*beneath, *both], seed=seed) for both in mixed)

    def swap(self, first: Exemplar, second: Exemplar) -> tuple[Result, Result]:
        """Two pictures, of :meth:`load_style` with their layouts, each in the look of the other.

        Raises:
            As :meth:`render` does; OptionError: a picture has no layout of this model's classes.
        """
        if any(one.labels.palette != self.palette for one in (first, second)):
            raise OptionError("Two pictures that swap their looks need label maps: give both to load_style.")
        return self.render(first.labels, style=second), self.render(second.labels, style=first)

    def attention(self, target: LabelSource | LabelMap, style: Exemplar) -> Sequence[Attention]:
        """What the model sees in a style for a layout, and where it puts that, at each scale, fine to coarse.

        Raises:
            As :meth:`render` does; OptionError: the method has no attention.
        """
        return self._trained.attention(self._layout(target, None), self._run(None, None), style)

    def _layout(self, target: LabelSource | LabelMap, mapping: Mapping[str, str] | None) -> LabelMap:
        layout = target if isinstance(target, LabelMap) else read_target(target, self.palette, mapping or {})
        return layout if layout.palette == self.palette else LabelMap(layout.ids, self.palette)

    def _styles(self, style: Styles | None, layout: LabelMap) -> list[Style]:
        """Styles as values, whose classes the model knows, whose seeds are seeds and whose masks fit the layout."""
        whole = Style(style) if isinstance(style, Exemplar) else style
        given = [] if whole is None else [whole] if isinstance(whole, Style) else whole
        styles = [one if isinstance(one, Style) else _weighed(one) for one in given]
        for one in styles:
            for name in one.classes:
                if name not in self.palette.names:
                    raise OptionError(f"The model knows no class '{name}': it has {', '.join(self.palette.names)}.")
            if not isinstance(one.source, Exemplar):
                check_numbers(None, one.source)
            if one.mask is not None and one.mask.shape != layout.shape:
                sizes = [f"{w}x{h}" for h, w in (one.mask.shape, layout.shape)]
                raise InputError(
                    f"The mask of a style is {sizes[0]} pixels and the target {sizes[1]}: make them equal."
                )
        return styles

    def _run(self, seed: int | None, progress: Callable[[Progress], None] | None) -> Run:
        chosen = self.seed if seed is None else seed
        check_numbers(None, chosen)
        device, _ = registry.get(self.method).machine(self._device)
        return Run(device=device, seed=chosen, listener=progress or ignore)

    def save(self, folder: str | Path, *, checkpoint: bool = False) -> None:
        """Write the model, one file replaced as a whole, and a note for people; :func:`load_trained` reads it.

        Args:
            checkpoint: the checkpoint in the folder is of this training, and stays to be resumed.

        Raises:
            ModelError, InputError: the folder or the disk does not take it.
        """
        bundle = TrainedBundle(self.record, self.palette, self._trained.arrays())
        bundle.write(Path(folder), checkpoint=checkpoint)


def _to_paste(
    styles: Sequence[Style], place: tuple[int, int], shape: tuple[int, int]
) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
    """Where in a result of a shape the first picture that gives all of it a look is put, and its pixels."""
    source = next((one.source for one in styles if one.whole and isinstance(one.source, Exemplar)), None)
    if source is None:
        raise OptionError("Nothing can be pasted without a picture: give a style for the whole target.")
    (top, left), (h, w) = place, source.shape
    if min(place) < 0 or top + h > shape[0] or left + w > shape[1]:
        raise OptionError(
            f"The style's picture of {w}x{h} pixels, pasted at row {top} and column {left}, is not within the "
            f"target of {shape[1]}x{shape[0]}: move it, or enlarge the target around it."
        )
    return np.s_[top : top + h, left : left + w], source.image


def _weighed(one: Any) -> Style:
    """What stands in a list of styles and is none: a weight and a picture."""
    if not (isinstance(one, tuple) and len(one) == 2):
        raise OptionError("Several styles come with what each counts: write [(0.5, a), (0.5, b)] for two pictures.")
    return Style(one[1], one[0])


def _finished(folder: Path, run: Run) -> TrainedModel:
    """The model of a training that has no checkpoint because it is finished."""
    if not (folder / FILE).exists():
        raise ModelError(f"There is nothing to resume in '{folder}': leave out --resume to start anew.")
    model = load_trained(folder, device=run.device)
    check_finished(folder, model.record, run.request)
    steps = model.config["steps"]
    run.listener(Progress("finished already", steps, steps))
    return model


def _digest(pictures: Pictures) -> str:
    """SHA-256 of the classes and of what can be known of the pictures without reading all: number and first one."""
    digest = sha256(f"{len(pictures)} {pictures.palette.to_json()} {pictures.unknown}".encode())
    digest.update(pictures[0].exemplar(pictures.palette).digest().encode())
    return digest.hexdigest()

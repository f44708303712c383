"""Fitting, rendering, and models on disk: where loading, methods and results are joined."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from analogon.checking import check_export, check_jobs, check_render
from analogon.data import Exemplar, LabelMap
from analogon.errors import ModelError, OptionError
from analogon.fitting import check_finished, order
from analogon.io import ImageSource, LabelSource, replacing
from analogon.jobs import Animate, Job, Retarget
from analogon.jobs import record as job_record
from analogon.loading import PlacesSource, load_target
from analogon.methods import registry
from analogon.methods.base import Exportable, ManyMethod, Performer, Polisher, Synthesizer
from analogon.methods.bundle import FILE, Bundle, held
from analogon.rendering import Guide, Rendering, Wishes
from analogon.result import Result, versions
from analogon.run import CHECKPOINT, Progress, Run, ignore
from analogon.streaming import Stream


def fit(
    exemplar: Exemplar,
    method: str = registry.DEFAULT_METHOD,
    *,
    recipe: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    size: float = 1.0,
    previews: Sequence[LabelSource | LabelMap] = (),
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Model:
    """Learn one exemplar.

    For methods that do not learn (see :func:`describe_method`) this takes no time, and ``steps``, ``minutes``,
    ``previews`` and ``resume`` are errors.

    Args:
        method, recipe: see :func:`list_methods`; no recipe means the method's default one.
        steps: number of training steps, in place of the recipe's.
        minutes: time budget. There are as many steps as fit in (the recipe's number is no limit), and learning rates
            fall with the time that is spent, however the machine's pace changes; with ``steps`` too, whichever ends
            first. A fit of time is not repeated to the bit, but ``steps=model.config["steps"]`` comes near.
        seed: 0 to 4294967295; same seed, same machine, same picture.
        device: "auto" (an accelerator where there is one), "cpu", "cuda", "cuda:1" or "mps".
        size: factor in (0, 1] of the size that the method would work at: the exemplar's, or its ``size_limit``.
        previews: targets that will be asked for: rendered now and then into ``folder``, and practised on.
        folder: where checkpoints, history and the finished model go; None keeps nothing on disk.
        resume: go on from the checkpoint in ``folder``; where the fit is finished, its model is loaded.
        progress: called with :class:`Progress` events.
        options: any field of the method's configuration.

    Ctrl-C ends the fit early: the model so far is returned, with ``model.stopped == "interrupted"``.

    Raises:
        OptionError: an argument cannot be used, or another process learns a model in ``folder``. ModelError: ``folder``
            cannot be written to, or there is nothing in it to resume, or a fit with other arguments. TrainingError: a
            loss is not a number.
    """
    asked = order(
        [exemplar],
        registry.get(method),
        recipe,
        options,
        steps=steps,
        minutes=minutes,
        seed=seed,
        device=device,
        size=size,
        previews=previews,
        folder=folder,
        resume=resume,
        progress=progress,
    )
    run = asked.run
    if run.folder is not None:
        Bundle.check_folder(run.folder)
        if resume and not (run.folder / CHECKPOINT).exists():
            return _finished(run.folder, run)
    with held(run.folder):
        started = time.monotonic()
        synthesizer = asked.engine.fit(exemplar, asked.configs[0], run)
        record = asked.record(0, synthesizer, time.monotonic() - started) | {"versions": versions()}
        model = Model(synthesizer, record, device=run.device)
        if run.folder is not None:
            resumable = model.stopped == "interrupted"
            Bundle(record, model.exemplar, synthesizer.arrays()).write(run.folder, checkpoint=resumable)
    return model


def fit_many(
    exemplars: Sequence[Exemplar],
    method: str = "collage",
    *,
    recipe: str | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    device: str = "auto",
    size: float = 1.0,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> list[Model]:
    """Learn several exemplars at once, a model for each: one program trains all of them side by side.

    Each learns what :func:`fit` would teach it in as many steps, up to rounding; a budget of ``minutes`` is for all
    together, so that each gets fewer steps than alone. It is meant for accelerators, which one small picture does not
    keep busy; a CPU takes longer than for one after the other. Nothing is kept on disk: :meth:`Model.save` the models.
    ``fit_seconds`` of each is the time of all, and ``record["together"]`` their number.

    Args:
        exemplars: of any sizes and classes; alike ones waste least.
        method: one that can; the others refuse.

    The others, and what is raised, are those of :func:`fit`; a loss that is not a number ends all of them.
    """
    entry = registry.get(method)
    entry.check_many()
    if not exemplars:
        raise OptionError("There is no exemplar to fit: give at least one.")
    asked = order(
        exemplars,
        entry,
        recipe,
        options,
        steps=steps,
        minutes=minutes,
        seed=seed,
        device=device,
        size=size,
        progress=progress,
    )
    started = time.monotonic()
    synthesizers = cast(ManyMethod, asked.engine).fit_many(exemplars, asked.configs, asked.run)
    more = {"versions": versions(), "together": len(exemplars)}
    seconds = time.monotonic() - started
    return [
        Model(one, asked.record(n, one, seconds) | more, device=asked.run.device) for n, one in enumerate(synthesizers)
    ]


def _finished(folder: Path, run: Run) -> Model:
    """The model of a fit that has no checkpoint because it is finished.

    Raises:
        ModelError: there is none, or it was a fit with other arguments.
    """
    if not (folder / FILE).exists():
        raise ModelError(f"There is nothing to resume in '{folder}': leave out --resume to start anew.")
    model = load(folder, device=run.device)
    check_finished(folder, model.record, run.request)
    steps = model.config.get("steps", 1)
    run.listener(Progress("finished already", steps, steps))
    return model


def load(folder: str | Path, *, device: str = "auto") -> Model:
    """A model that :meth:`Model.save` or :func:`fit` wrote.

    Raises:
        ModelError: there is none, or it is damaged. OptionError: its method is unknown or needs PyTorch.
    """
    bundle = Bundle.read(Path(folder))
    record = bundle.record
    entry = registry.get(record["method"])
    config = entry.configure_exactly(record["config"])
    engine = entry.load()
    device, _ = entry.machine(str(device))
    synthesizer = engine.restore(bundle.exemplar, config, bundle.arrays, Run(device=device, seed=record["seed"]))
    return Model(synthesizer, record, device=device)


class Model:
    """A method fitted to one exemplar: ask it for as many layouts as you like.

    Attributes:
        record: how it came about, as JSON values: method, configuration, seed, seconds, digests (SHA-256) of the
            exemplar and of all targets practised on, what was requested, device and number of CPU threads of the fit,
            versions. It is saved with the model.
        method, seed: what it was fitted with.
        device: what computes, as it was asked for.
        fit_seconds: wall-clock time of the fit, of all its sittings where it was resumed.
        stopped: ``"interrupted"`` where the fit ended early, else None.
    """

    def __init__(self, synthesizer: Synthesizer, record: Mapping[str, Any], *, device: str) -> None:
        self._synthesizer = synthesizer
        self.record, self.device = record, device
        self.method: str = record["method"]
        self.seed: int = record["seed"]
        self.fit_seconds: float = record["fit_seconds"]
        self.stopped: str | None = record["stopped"]

    @property
    def exemplar(self) -> Exemplar:
        """What it was fitted to."""
        return self._synthesizer.exemplar

    @property
    def config(self) -> dict[str, Any]:
        """Every hyperparameter in effect, as JSON values; ``steps`` are those done."""
        return self._synthesizer.config.model_dump(mode="json")

    def render(
        self,
        target: LabelSource | LabelMap,
        mapping: Mapping[str, str] | None = None,
        *,
        keep: str | ImageSource = "auto",
        tile: bool = False,
        preview: bool = False,
        guides: Sequence[Guide] = (),
        places: PlacesSource | None = None,
        polish: bool | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Result:
        """The picture for a new label map, in its size.

        Args:
            target, mapping: see :func:`load_target`, also for the errors.
            keep, tile, preview, guides, places, polish: see :func:`check_render`, also for the errors.
            progress: called with :class:`Progress` events; what it raises ends the render, as Ctrl-C does.
        """
        layout, check = load_target(self.exemplar, target, mapping), partial(check_render, self.exemplar)
        wishes = check(
            layout, self.method, keep=keep, tile=tile, preview=preview, guides=guides, places=places, polish=polish
        )
        return next(self._results(layout, wishes, polish, progress or ignore, stream=False))

    def stream(
        self,
        target: LabelSource | LabelMap,
        mapping: Mapping[str, str] | None = None,
        *,
        keep: str | ImageSource = "auto",
        tile: bool = False,
        guides: Sequence[Guide] = (),
        places: PlacesSource | None = None,
        polish: bool | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Stream:
        """Pictures for a new label map as they get better: the last is :meth:`render`'s.

        The first is a draft, if the method has one: with ``patch`` its preview, with ``collage`` what the network says
        in one pass. Where the result is polished, what is polished comes before it. A result's ``seconds`` are those
        since the stream began, without the time between results. Arguments and errors are those of :meth:`render`.

        >>> for result in model.stream("moved.png"):  # doctest: +SKIP
        ...     show(result.image)
        """
        layout, check = load_target(self.exemplar, target, mapping), partial(check_render, self.exemplar)
        wishes = check(layout, self.method, keep=keep, tile=tile, guides=guides, places=places, polish=polish)
        return Stream(partial(self._results, layout, wishes, polish, stream=True), progress or ignore)

    def _results(
        self,
        layout: LabelMap,
        wishes: Wishes,
        polish: bool | None,
        listener: Callable[[Progress], None],
        *,
        stream: bool,
    ) -> Iterator[Result]:
        """The result, and with ``stream`` what comes before it."""
        entry = registry.get(self.method)
        device, threads = entry.machine(self.device)
        run = Run(device=device, seed=self.seed, listener=listener)
        polishing = entry.polishes(polish, preview=wishes.preview)
        seconds, since = 0.0, time.monotonic()
        asked, timing = wishes.record(), dict[str, float]()
        for stage, rendering in self._stages(layout, wishes, run, draft=stream, polish=polishing):
            seconds += time.monotonic() - since
            timing |= {f"{stage}: {part}" if stage else part: spent for part, spent in rendering.seconds.items()}
            if stream or not polishing or stage == "polishing":
                yield self._result(
                    rendering,
                    run,
                    threads,
                    layout,
                    seconds=seconds,
                    inputs={**self.record["inputs"], "target": layout.digest()},
                    wishes={**asked, "polish": stage == "polishing", **({"draft": True} if stage == "draft" else {})},
                    timing=dict(timing),
                )
            since = time.monotonic()

    def _result(self, rendering: Rendering, run: Run, threads: int, layout: LabelMap | None, **more: Any) -> Result:
        """What a rendering is to users; ``layout`` is what it realises, if nothing better is known."""
        way, source = rendering.provenance, self.exemplar.labels
        return Result(
            image=rendering.image,
            method=self.method,
            config=self.config,
            device=run.device,
            threads=threads,
            fit={name: self.record[name] for name in ("fit_seconds", "stopped", "device", "threads")},
            versions=versions(),
            provenance=way,
            covered=rendering.covered,
            labels=layout if way is None else LabelMap(way.apply_to(source.ids), source.palette),
            **{"seed": run.seed, **more},
        )

    def perform(
        self,
        jobs: Sequence[Job],
        *,
        seed: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Iterator[Result]:
        """Other pictures than those of layouts: variations, other sizes, edits and so on, one after the other.

        Args:
            jobs: of one kind (see :mod:`analogon.jobs`), one that the method can do. Several sizes of ``Retarget``
                are one sequence. ``Animate`` gives all of its frames.
            seed: of the first picture, and one more for each further one; None for the fit's. A sequence has one.
            progress: called with :class:`Progress` events; what it raises ends the work, as Ctrl-C does.

        The arguments are checked at once, with the errors of :func:`check_jobs`; the work is done as results are
        asked for.
        """
        seed = self.seed if seed is None else seed
        check_jobs(self.exemplar, jobs, self.method, seed=seed)
        device, threads = registry.get(self.method).machine(self.device)
        return self._performed(tuple(jobs), Run(device=device, seed=seed, listener=progress or ignore), threads)

    def _performed(self, jobs: Sequence[Job], run: Run, threads: int) -> Iterator[Result]:
        pictures = [n for n, job in enumerate(jobs) for _ in range(job.frames if isinstance(job, Animate) else 1)]
        alike, since = isinstance(jobs[0], Retarget), time.monotonic()
        for n, rendering in zip(pictures, cast(Performer, self._synthesizer).perform(jobs, run), strict=True):
            yield self._result(
                rendering,
                run,
                threads,
                None,
                seed=run.seed + (0 if alike else n),
                seconds=time.monotonic() - since,
                inputs=self.record["inputs"],
                timing=rendering.seconds,
                job=job_record(jobs[n]),
            )
            since = time.monotonic()

    def _stages(
        self, layout: LabelMap, wishes: Wishes, run: Run, *, draft: bool, polish: bool
    ) -> Iterator[tuple[str, Rendering]]:
        """Renderings, each better than the one before, by the name of their stage; that of a method has none."""
        drafted = self._synthesizer.draft(layout, run, wishes) if draft else None
        if drafted is not None:
            yield "draft", drafted
        itself = self._synthesizer if polish and isinstance(self._synthesizer, Polisher) else None
        if draft or itself is None:
            rendering = self._synthesizer.render(layout, run, wishes)
            yield "", rendering
        if itself is not None:
            yield "polishing", itself.polished(layout, run, wishes)
        elif polish:
            from analogon.ops import polish as polish_picture

            yield "polishing", polish_picture(self.exemplar, layout, rendering, run, wishes)

    def export(self, path: str | Path) -> None:
        """Write the model as one self-contained ONNX file, which other programs and browsers can run.

        It renders drafts: the first picture of :meth:`stream`, with nothing kept, on cells of the exemplar's own size.
        Its input is ``labels``, int32 (h, w) for any h and w: the class of each pixel as its place in the palette (see
        :meth:`LabelMap.indices`). Its outputs are ``picture``, uint8 (h, w, 3), and ``places``, int32 (h, w, 2), the
        row and column in the source of each pixel. Palette, source size and cell size are in its metadata. Folders of
        ``path`` that are missing are made.

        Raises:
            OptionError: the method's models cannot be exported, ONNX is not installed, or ``path`` does not end in
                ``.onnx``. InputError: it cannot be written.
        """
        check_export(path, self.method)
        data = cast(Exportable, self._synthesizer).onnx()
        with replacing(path, parents=True) as file:
            file.write(data)

    def save(self, folder: str | Path) -> None:
        """Write the model, one file replaced as a whole, and a note for people; :func:`load` reads it.

        The checkpoint of a fit that was broken off in that folder is removed: the model takes its place.

        Raises:
            ModelError, InputError: the folder or the disk does not take it.
        """
        Bundle(self.record, self.exemplar, self._synthesizer.arrays()).write(Path(folder))

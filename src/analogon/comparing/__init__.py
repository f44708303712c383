"""Methods on the same cases, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analogon.comparing import truth as frames
from analogon.comparing.aggregating import aggregate
from analogon.comparing.cases import Target, case_folders, from_files, from_folder
from analogon.comparing.contenders import Terms, ablated
from analogon.comparing.running import Circumstances, run
from analogon.errors import OptionError
from analogon.io import ImageSource
from analogon.methods.registry import DEFAULT_METHOD
from analogon.report.values import SOURCE, Comparison, Contender
from analogon.run import Progress

if TYPE_CHECKING:
    from analogon.metrics import Weights

__all__ = ["aggregate", "bench", "compare"]


def compare(
    image: ImageSource,
    labels: Target,
    targets: Sequence[Target] | Mapping[str, Target],
    *,
    output: str | Path,
    methods: Sequence[str | Contender] = (DEFAULT_METHOD,),
    pictures: Mapping[str, str | Path] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    seeds: Sequence[int] = (0,),
    steps: int | None = None,
    minutes: float | None = None,
    keep: str = "none",
    device: str = "auto",
    jobs: int | None = None,
    cluster: str | None = None,
    gpus: float = 0.0,
    weights: Weights | None = None,
    mapping: Mapping[str, str] | None = None,
    name: str | None = None,
    title: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Several methods on one picture and the same targets.

    Each method has a process of its own; one that fails, or is killed, is a trial with an error, and the others go on.
    Pictures that are in ``output`` already, of the same methods with the same settings for the same inputs, are not
    made again: after Ctrl-C or a failure the same call goes on from there.

    Args:
        image, labels: the source, see :func:`load_exemplar`.
        targets: new label maps, by name or named after their files.
        output: folder of the comparison: ``report.html``, ``comparison.json``, ``figures.csv``, ``aggregate.csv``.
        methods: ``NAME``, ``NAME:RECIPE``, ``source`` for the source picture itself, or contenders, of which several
            may be of one method.
        pictures: by label, the folder of pictures made elsewhere: ``<target>.png``, or ``<case>/<target>.png``;
            ``{case}`` in it stands for the name of the case.
        settings: by label or name of a method, fields of its configuration and ``steps``, ``minutes``, ``size``,
            ``keep`` and ``polish``.
        seeds: of each method one picture per seed; with several, figures of their diversity.
        steps, minutes: of each fit, see :func:`fit`; for the methods that learn.
        keep: "none", or "auto" as :meth:`Model.render` has it: pixels that stay would have the figures of the source,
            and not every method can.
        device: what computes, "auto", "cpu", "cuda", ….
        jobs: processes at once; None: as many as there are cores, and memory for them.
        cluster: have a Ray cluster do it, "auto" for the one that this machine belongs to, or its address; what is to
            be compared is sent there, and pictures and figures come back. It takes ``analogon[ray]``.
        gpus: share of a GPU that each process takes on a cluster.
        weights: files of networks, for the figures that need them.
        mapping: see :func:`load_target`.
        name: of the case; None for that of the picture's file.
        title: of the report.
        progress: called with :class:`Progress` events, a step per picture.

    Raises:
        InputError, LabelError: a file cannot be used. OptionError: a method cannot take part, or an argument cannot be.
    """
    how = Circumstances(
        Terms(steps, minutes, keep, device),
        seeds,
        settings or {},
        pictures or {},
        jobs,
        cluster,
        gpus,
        weights,
        progress,
    )
    entered = how.enter(methods)
    given = from_files(image, labels, targets, name=name, mapping=mapping)
    return run([given], entered, Path(output), title or f"Results for {given.name}", how)


def bench(
    folder: str | Path,
    *,
    output: str | Path,
    methods: Sequence[str | Contender] = (DEFAULT_METHOD,),
    only: Sequence[str] = (),
    ablate: bool = False,
    truth: bool = False,
    pairs: int | None = None,
    pictures: Mapping[str, str | Path] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    seeds: Sequence[int] = (0,),
    steps: int | None = None,
    minutes: float | None = None,
    keep: str = "none",
    device: str = "auto",
    jobs: int | None = None,
    cluster: str | None = None,
    gpus: float = 0.0,
    weights: Weights | None = None,
    title: str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Several methods on a folder of cases (``NAME/img.*``, ``NAME/label.*``, ``NAME/cond/*``), with averages.

    Args:
        folder: of the cases.
        only: names of cases; nothing for all.
        ablate: each method is compared with itself without each of its parts in turn.
        truth: only targets whose true picture is known, ``NAME/truth/*`` by the names in ``cond``; or of a folder of
            frames (``images/*``, ``labels/*``) each frame for the layout of the next. The source itself takes part,
            for what comes near it by copying alone.
        pairs: of frames so many, spread over all of them; None for all.

    The others, and what is raised, are those of :func:`compare`.
    """
    root, words = Path(folder), list(methods)
    if Path(output).resolve() == root.resolve():
        raise OptionError(f"The comparison cannot be in the folder of the cases, '{root}': choose another with -o.")
    if ablate:
        words, settings = ablated(words, settings or {})
    framed = truth and frames.is_frames(root)
    if not truth and frames.is_frames(root) and not any(root.glob("*/img.*")):
        raise OptionError(f"'{root}' holds frames, each the truth for the one before it: give --truth as well.")
    if pairs is not None and not framed:
        raise OptionError(
            f"--pairs is for --truth and frames (images/, labels/), which '{root}' has not: leave it out."
        )
    if truth and SOURCE not in words:
        words.insert(0, SOURCE)
    how = Circumstances(
        Terms(steps, minutes, keep, device),
        seeds,
        settings or {},
        pictures or {},
        jobs,
        cluster,
        gpus,
        weights,
        progress,
    )
    entered = how.enter(words)
    if framed:
        given = frames.choose(frames.pairs(root), only, pairs)
    else:
        given = [from_folder(path, truth=truth) for path in case_folders(root, only, truth=truth)]
    return run(given, entered, Path(output), title or f"Results for {root.resolve().name}", how)

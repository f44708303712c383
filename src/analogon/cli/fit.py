"""`analogon fit`: learn a picture and its label map."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import FitOptions, Mapping, SourceOptions, WorkerOptions, pairs, source
from analogon.cli.outputs import check_folder, kept
from analogon.cli.progress import ProgressDisplay
from analogon.errors import AnalogonError, OptionError, TrainingError

if TYPE_CHECKING:
    from analogon import Exemplar, LabelMap, Model

_DEFAULTS = FitOptions()
_ALL_OF_IT = SourceOptions()
_THIS_PROCESS = WorkerOptions()


def fit(
    image: Annotated[Path, Parameter(help="The picture, or a case folder (img.*, label.*) in place of both.")],
    labels: Annotated[
        Path | None,
        Parameter(
            help="Its label map: which class each pixel is. For vary, retarget and the like, methods that learn do "
            "without."
        ),
    ] = None,
    /,
    *folder: Annotated[
        Path,
        Parameter(
            help="Further case folders: their pictures are learnt in one program, side by side, and their models are "
            "not kept until all are done; with --workers or --cluster each on its own, and a folder of cases stands "
            "for all in it."
        ),
    ],
    output: Annotated[
        Path,
        Parameter(
            name=("--output", "-o"),
            metavar="MODEL",
            help="Folder of the model; of several case folders, of a model folder of each one's name.",
        ),
    ],
    preview: Annotated[
        list[Path] | None,
        Parameter(
            metavar="TARGET",
            negative="",
            help="A label map to render now and then while fitting, and to practise on. May be repeated.",
        ),
    ] = None,
    mapping: Mapping | None = None,
    sources: SourceOptions = _ALL_OF_IT,
    options: FitOptions = _DEFAULTS,
    hands: WorkerOptions = _THIS_PROCESS,
) -> None:
    """Learn a picture and its label map; write a model folder.

    Ctrl-C ends the fit early and keeps the model so far; for one picture, the same command with --resume goes on, also
    after a crash. Several pictures are learnt in one program, side by side, and nothing is kept until it is done; with
    --workers or --cluster each is learnt on its own and kept when it is done, and the same command goes on from there.
    """
    import analogon

    if hands != _THIS_PROCESS:
        alone = {"--preview": bool(preview), "--map": bool(mapping), "--mask and --also": bool(sources.files())}
        _fit_each([image, *filter(None, [labels]), *folder], output, options, hands, alone)
        return
    if folder or (labels is not None and image.is_dir() and (labels.is_dir() or not labels.exists())):
        alone = {"--preview": bool(preview), "--map": bool(mapping), "--mask and --also": bool(sources.files())}
        _fit_folders([image, *filter(None, [labels]), *folder], output, options, alone)
        return
    if labels is not None or image.is_dir() or not _learns_pictures(options):
        image, labels = source(image, labels)
    names = pairs(mapping or [], "--map", "COLOUR=CLASS")
    check_folder(output)
    exemplar = sources.load(image, labels)
    targets = analogon.load_targets(exemplar, preview or [], names)
    fit_model(exemplar, targets, output, options)


def _learns_pictures(options: FitOptions) -> bool:
    """Whether the method learns what it can do without a label map, so that none is needed."""
    method = options.described()
    return method.learns and bool(method.jobs)


def _fit_folders(folders: Sequence[Path], output: Path, options: FitOptions, alone: dict[str, bool]) -> None:
    """Fit several case folders at once; `alone` are options that go with one picture only."""
    import analogon

    _check_several(folders, options, alone)
    paths = [output / folder.resolve().name for folder in folders]
    for n, path in enumerate(paths):
        if path in paths[:n]:
            raise OptionError(f"Two models would be {path}: rename one of the case folders, or fit one by one.")
    check_folder(output)
    for path in paths:
        analogon.check_save(path)
    exemplars = [analogon.load_exemplar(*source(folder, None)) for folder in folders]
    with ProgressDisplay() as display:
        models = analogon.fit_many(
            exemplars,
            options.described().name,
            recipe=options.recipe,
            steps=options.steps,
            minutes=options.minutes,
            seed=options.seed,
            device=options.device,
            size=options.size,
            progress=display,
            **options.values(),
        )
    failures = []
    for model, path in zip(models, paths, strict=True):
        try:
            model.save(path)
        except AnalogonError as error:  # the others shall not be lost with it
            failures.append(error)
        else:
            say(f"Model{' so far' if model.stopped else ''}: {path}")
    if failures:
        raise failures[0]


def _fit_each(
    folders: Sequence[Path], output: Path, options: FitOptions, hands: WorkerOptions, alone: dict[str, bool]
) -> None:
    """Fit case folders, and those in folders, each on its own."""
    import analogon

    _check_several(folders, options, alone)
    check_folder(output)
    with kept(output), ProgressDisplay() as display:
        fitted = analogon.fit_each(
            folders,
            options.described().name,
            output=output,
            recipe=options.recipe,
            steps=options.steps,
            minutes=options.minutes,
            seed=options.seed,
            device=options.device,
            size=options.size,
            workers=hands.workers,
            cluster=hands.cluster,
            gpus=hands.gpus,
            progress=display,
            **options.values(),
        )
    failed = [one for one in fitted if one.error is not None]
    for one in fitted:
        if one.error is None:
            say(f"Model: {one.folder}")
    if failed:
        number = "One picture was" if len(failed) == 1 else f"{len(failed)} pictures were"
        said = f"{failed[0].error}".rstrip(".")
        raise TrainingError(f"{number} not learnt; of '{failed[0].name}' it is said: {said[:1].lower()}{said[1:]}.")


def _check_several(folders: Sequence[Path], options: FitOptions, alone: dict[str, bool]) -> None:
    for folder in folders:
        if not folder.is_dir():
            raise OptionError(f"{folder} is no folder: several pictures are given as case folders (img.*, label.*).")
    for option, given in {**alone, "--resume": options.resume}.items():
        if given:
            raise OptionError(f"A fit of several pictures does not take {option}: leave it out, or fit one by one.")


def fit_model(exemplar: "Exemplar", targets: Sequence["LabelMap"], folder: Path | None, options: FitOptions) -> "Model":
    """Fit with a progress display; the model is then in `folder`, if there is one."""
    import analogon

    with ProgressDisplay() as display:
        model = analogon.fit(
            exemplar,
            options.described().name,
            recipe=options.recipe,
            steps=options.steps,
            minutes=options.minutes,
            seed=options.seed,
            device=options.device,
            size=options.size,
            previews=tuple(targets),
            folder=folder,
            resume=options.resume,
            progress=display,
            **options.values(),
        )
    say_where(model, folder)
    return model


def say_where(model: "Model", folder: Path | None) -> None:
    """Say where a model is kept, if it is."""
    if model.stopped == "interrupted":
        say(f"Stopped early; the model so far is kept, and --resume goes on from here: {folder}")
    elif folder is not None:
        say(f"Model: {folder}")

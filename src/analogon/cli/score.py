"""`analogon score`: figures of results."""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import Mapping, SourceOptions, WeightFiles, pairs, source, weight_files
from analogon.cli.outputs import check_folder
from analogon.errors import InputError, OptionError

if TYPE_CHECKING:
    from analogon import Exemplar, LabelMap, Metric, Provenance, Scores

_ALL_OF_IT = SourceOptions()
#: Suffixes of pictures that stand for a target in a folder of results, the first that is there.
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
_PROVENANCE = ".provenance.npy"
_LEGEND = "↑ higher is better   ↓ lower is better   →1 the nearer to 1 the better"


@dataclass(frozen=True)
class _Result:
    target: Path
    picture: Path

    @property
    def provenance(self) -> Path:
        return self.picture.with_suffix(_PROVENANCE)


def score(
    image: Annotated[Path, Parameter(help="The picture that results were made of, or its case folder.")],
    /,
    *files: Annotated[
        Path,
        Parameter(
            metavar="FILE",
            help="The picture's label map (not after a folder), the target's label map and results for it; or, after "
            "a case folder, a folder with a picture of the same name for its targets, as analogon make writes it.",
        ),
    ],
    json_file: Annotated[
        Path | None, Parameter(name="--json", metavar="FILE", help="Write everything to this file as well.")
    ] = None,
    csv_file: Annotated[
        Path | None, Parameter(name="--csv", metavar="FILE", help="Write the figures to this file as well.")
    ] = None,
    classes: Annotated[bool, Parameter(negative="", show_default=False, help="Show figures of each class.")] = False,
    weights: WeightFiles | None = None,
    mapping: Mapping | None = None,
    sources: SourceOptions = _ALL_OF_IT,
) -> None:
    """Give results figures: how well they match the layout and the source, and in what they differ from it.

    Where RESULT.provenance.npy lies beside a result (analogon make --provenance), what was copied is told as well.
    """
    import analogon

    image, labels, results = _named(image, files)
    names = pairs(mapping or [], "--map", "COLOUR=CLASS")
    networks = weight_files(weights or [])
    inputs = [image, labels, *sources.files()]
    inputs += [path for one in results for path in (one.target, one.picture, one.provenance)]
    inputs += [path for path in asdict(networks).values() if path is not None] if networks else []
    _check_outputs([path for path in (json_file, csv_file) if path is not None], inputs)
    exemplar = sources.load(image, labels)
    targets = list(dict.fromkeys(one.target for one in results))
    layouts = dict(zip(targets, analogon.load_targets(exemplar, targets, names), strict=True))
    for one in results:  # all of them before the work
        _read(one, layouts[one.target], exemplar)
    scorer = analogon.Scorer(exemplar, weights=networks)
    scored = []
    for one in results:
        pixels, provenance = _read(one, layouts[one.target], exemplar)
        scored.append((one, scorer.score(pixels, layouts[one.target], provenance=provenance)))
    _show(scored, classes=classes)
    if json_file is not None:
        _write(json_file, json.dumps(_record(image, labels, scored), indent=1, allow_nan=False) + "\n")
    if csv_file is not None:
        _write(csv_file, _table(scored))


def _named(image: Path, files: Sequence[Path]) -> tuple[Path, Path, list[_Result]]:
    """Picture, label map and results that the arguments name."""
    import analogon

    folder = image.is_dir()
    if folder and len(files) == 1 and files[0].is_dir():
        case = analogon.find_case(image)
        beside = {target: [files[0] / f"{target.stem}{suffix}" for suffix in _PICTURES] for target in case.targets}
        found = {target: next((path for path in paths if path.is_file()), None) for target, paths in beside.items()}
        results = [_Result(target, picture) for target, picture in found.items() if picture is not None]
        if not results:
            raise OptionError(
                f"{files[0]} holds no picture that is named as a target of {image}: name the folder that analogon "
                "make wrote, or a target and its results."
            )
        for target in (target for target, picture in found.items() if picture is None):
            say(f"{files[0]} holds nothing for {target}, which is passed over.")
        return case.image, case.labels, results
    own, rest = (None, files) if folder else (next(iter(files), None), files[1:])
    image, labels = source(image, own)
    if len(rest) < 2:
        what = "target" if not rest else f"result for {rest[0]}"
        raise OptionError(
            f"There is no {what}: name a picture and its label map (or their folder), then a target's label map and "
            "results for it."
        )
    for path in rest:
        if path.is_dir():
            raise OptionError(f"{path} is a folder: name the label map of a target and pictures of results.")
    return image, labels, [_Result(rest[0], picture) for picture in rest[1:]]


def _read(one: _Result, layout: "LabelMap", exemplar: "Exemplar") -> tuple[Any, "Provenance | None"]:
    import analogon

    pixels = analogon.read_image(one.picture)
    if pixels.shape[:2] != layout.shape:
        sizes = [f"{width}x{height}" for height, width in (pixels.shape[:2], layout.shape)]
        raise InputError(
            f"{one.picture} is {sizes[0]} pixels and its target {one.target} {sizes[1]}: name the target that it was "
            "made for, or resize one of them."
        )
    if not one.provenance.is_file():
        return pixels, None
    try:
        provenance = analogon.Provenance(analogon.read_map(one.provenance), exemplar.shape)
    except InputError:
        provenance = None
    if provenance is None or provenance.shape != layout.shape:
        raise InputError(
            f"{one.provenance} is no provenance of {one.picture} from this source: remove it, or name the source and "
            "--also, --mask that the result was made with."
        )
    return pixels, provenance


def _check_outputs(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    known = {path.resolve() for path in inputs}
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise OptionError(f"--json and --csv would both write {outputs[0]}, one over the other: name two files.")
    for path in outputs:
        if path.resolve() in known:
            raise OptionError(f"The figures would overwrite the input {path}: choose another name.")
        if path.is_dir():
            raise OptionError(f"{path} is a folder: give --json and --csv the name of a file.")
        check_folder(path.parent)


def _write(path: Path, text: str) -> None:
    """The file appears complete or not at all."""
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")  # names may be any bytes
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OptionError(f"{path} cannot be written ({error.strerror or error}): choose another place.") from None
    say(f"{path}")


def _record(image: Path, labels: Path, scored: Sequence[tuple[_Result, "Scores"]]) -> dict[str, Any]:
    import analogon

    shown = {name for _, scores in scored for name in scores.figures}
    return {
        "image": str(image),
        "labels": str(labels),
        "metrics": [_strict(asdict(metric)) for name, metric in analogon.METRICS.items() if name in shown],
        "results": [
            {"target": str(one.target), "result": str(one.picture), **scores.record()} for one, scores in scored
        ],
    }


def _strict(values: dict[str, Any]) -> dict[str, Any]:
    ends = {float("inf"): "inf", float("-inf"): "-inf"}
    return {name: ends.get(value, value) for name, value in values.items()}


def _table(scored: Sequence[tuple[_Result, "Scores"]]) -> str:
    text = io.StringIO()
    names = list(scored[0][1].figures)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["target", "result", *names])
    for one, scores in scored:
        figures = scores.record()["figures"]
        writer.writerow([one.target, one.picture, *("" if figures[n] is None else figures[n] for n in names)])
    return text.getvalue()


def _show(scored: Sequence[tuple[_Result, "Scores"]], *, classes: bool) -> None:
    """Figures below each other, results side by side; the best of one target is marked."""
    import analogon

    columns = _columns(scored)
    marked = {name: _best(metric, scored) for name, metric in analogon.METRICS.items()}
    _grid(analogon.METRICS, columns, [scores.figures for _, scores in scored], marked)
    if classes:
        for column, (_, scores) in zip(columns, scored, strict=True):
            say(f"{column}, by class")
            _grid(analogon.CLASS_METRICS, list(scores.classes), list(scores.classes.values()), {})
    several = len({one.target for one, _ in scored}) < len(scored)
    say(_LEGEND + ("   * best" if several else ""))
    _show_notes(columns, scored)


def _grid(
    metrics: MappingType[str, "Metric"],
    columns: Sequence[str],
    figures: Sequence[MappingType[str, float | None]],
    marked: MappingType[str, set[int]],
) -> None:
    """A table of those metrics that somewhere have a value, as many columns side by side as fit."""
    rows = [m for m in metrics.values() if any(each.get(m.name) is not None for each in figures)]
    heads = [f"{m.title} {m.arrow}" + (f" ({m.unit})" if m.unit else "") for m in rows]
    first = max((len(head) for head in heads), default=0)
    width = max(10, *(len(column) + 3 for column in columns))
    fitting = max(1, (shutil.get_terminal_size((100, 24)).columns - first) // width)
    for start in range(0, len(columns), fitting):
        part = range(start, min(start + fitting, len(columns)))
        say(" " * first + "".join(f"{columns[n] + ' ':>{width}}" for n in part).rstrip())
        for metric, head in zip(rows, heads, strict=True):
            best = marked.get(metric.name, set())
            cells = (_number(figures[n].get(metric.name), metric.unit) + (" ", "*")[n in best] for n in part)
            say((f"{head:<{first}}" + "".join(f"{cell:>{width}}" for cell in cells)).rstrip())
        say("")


def _columns(scored: Sequence[tuple[_Result, "Scores"]]) -> list[str]:
    """What tells results apart: their names, or else their paths."""
    names = [one.picture.stem for one, _ in scored]
    return names if len(set(names)) == len(names) else [str(one.picture) for one, _ in scored]


def _best(metric: "Metric", scored: Sequence[tuple[_Result, "Scores"]]) -> set[int]:
    """Which results have the best figure of several for their target."""
    best: set[int] = set()
    for target in {one.target for one, _ in scored}:
        values = {n: s.figures.get(metric.name) for n, (one, s) in enumerate(scored) if one.target == target}
        ranked = {n: metric.badness(value) for n, value in values.items() if value is not None}
        if len(ranked) > 1 and len(set(ranked.values())) > 1:
            best |= {n for n, value in ranked.items() if value == min(ranked.values())}
    return best


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if unit else f"{value:.3f}"


def _show_notes(columns: Sequence[str], scored: Sequence[tuple[_Result, "Scores"]]) -> None:
    """Each note once, with whom it is about where that is not everyone."""
    for note in dict.fromkeys(note for _, scores in scored for note in scores.notes):
        about = [column for column, (_, scores) in zip(columns, scored, strict=True) if note in scores.notes]
        say(note if len(about) == len(scored) else f"{', '.join(about)}: {note}")

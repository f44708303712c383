"""The looks that `analogon render` gives the pictures of a model that learnt a data set."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from analogon.cli.console import say
from analogon.cli.options import pairs
from analogon.cli.outputs import Outputs, plan
from analogon.errors import OptionError

if TYPE_CHECKING:
    from analogon import Exemplar, LabelMap, Result, Style, TrainedModel

_STYLE = "[WHERE=]IMAGE[:LABELS][:WEIGHT]"
_END = "[WHERE=]IMAGE[:LABELS]"
_FRAMES = 5
_ATTENTION = ".attention.png"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class StyleOptions:
    """What decides the look of pictures of a model that analogon train wrote."""

    style: Annotated[
        list[str],
        Parameter(
            metavar=_STYLE,
            negative="",
            show_default=False,
            help="Of a model that analogon train wrote: the picture whose look is taken, with its label map if the "
            "method asks for it, or a seed that draws the look. WHERE is a class that has it alone, or a mask of the "
            "target's size whose white places have it. Several share equally, or as their weights say, which may lie "
            "below 0 and above 1; no path may hold a colon or =. May be repeated.",
        ),
    ] = field(default_factory=list)
    seed: Annotated[
        int | None,
        Parameter(show_default=False, help="Of a model that analogon train wrote: draws the look where no style does."),
    ] = None
    count: Annotated[
        int,
        Parameter(
            name=("--count", "-n"),
            show_default=False,
            help="So many pictures of each target, with the seeds from --seed on.",
        ),
    ] = 1
    between: Annotated[
        tuple[str, str] | None,
        Parameter(
            metavar=f"{_END} {_END}",
            negative="",
            show_default=False,
            help="Pictures on the way from one look to another; both have the same WHERE.",
        ),
    ] = None
    frames: Annotated[int, Parameter(help="How many pictures --between has, both ends with them.")] = _FRAMES
    swap: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Two pictures take each other's look: the targets are their label maps, in the order of two --style.",
        ),
    ] = False
    paste: Annotated[
        tuple[int, int] | None,
        Parameter(
            metavar="X Y",
            negative="",
            show_default=False,
            help="Put the picture of the style itself into the result, its upper left corner so many pixels from the "
            "left and from the top: larger targets continue it.",
        ),
    ] = None
    attention: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help=f"Show as well what the model looks at in the style, and where it puts that ({_ATTENTION}).",
        ),
    ] = False

    def given(self) -> list[str]:
        """The options that are not the default, by name."""
        usual = StyleOptions()
        return [f"--{name}" for name in self.__dataclass_fields__ if getattr(self, name) != getattr(usual, name)]

    def check(self, targets: Sequence[Path]) -> None:
        """Refuse what does not go together."""
        ways = ["--between"] * (self.between is not None) + ["--count"] * (self.count != 1) + ["--swap"] * self.swap
        if len(ways) > 1:
            raise OptionError(f"{ways[0]} and {ways[1]} do not go together: leave out one of them.")
        if self.count < 1:
            raise OptionError(f"--count cannot be {self.count}: give a whole number from 1 on.")
        if self.frames != _FRAMES and self.between is None:
            raise OptionError("--frames is for --between: name two looks, or leave it out.")
        if self.frames < 2:
            raise OptionError(f"--frames cannot be {self.frames}: from one look to another there are 2 or more.")
        if self.swap and (len(targets), len(self.style)) != (2, 2):
            raise OptionError(
                f"--swap takes two targets and two --style, not {len(targets)} and {len(self.style)}: name two "
                "pictures with --style, and their label maps as targets."
            )
        if self.paste and ways:
            raise OptionError(f"--paste puts one picture into each target: leave out {ways[0]}.")
        if self.attention and ways:
            raise OptionError(f"--attention shows one picture of each target: leave out {ways[0]}.")


@dataclass(frozen=True)
class _Written:
    """A look as the command line writes it; ``image`` is text that may be a seed."""

    text: str
    where: str | None
    image: str
    labels: Path | None
    weight: float | None

    @classmethod
    def read(cls, text: str, option: str, form: str) -> "_Written":
        where, equals, rest = text.partition("=")
        parts = (rest if equals else where).split(":")
        weight = _number(parts[-1]) if len(parts) > 1 else None
        paths = parts[:-1] if weight is not None else parts
        wrong = len(paths) > 2 or not all(part.strip() for part in paths) or (equals and not where.strip())
        if wrong or (weight is not None and "WEIGHT" not in form):
            raise OptionError(f"{option} {text!r} cannot be read: write {option} {form}.")
        return cls(text, where.strip() if equals else None, paths[0], Path(paths[1]) if paths[1:] else None, weight)

    def files(self, model: "TrainedModel") -> list[Path]:
        """Every file that is named."""
        files = [] if self._seed is not None else [Path(self.image), *([] if self.labels is None else [self.labels])]
        return files if self.where is None or self.where in model.palette.names else [*files, Path(self.where)]

    def read_source(self, model: "TrainedModel") -> "Exemplar":
        return model.load_style(Path(self.image), self.labels)

    def style(self, model: "TrainedModel", share: float) -> "Style":
        """The look as a value; without a weight of its own it has this share."""
        import analogon

        source = self.read_source(model) if self._seed is None else self._seed
        weight = share if self.weight is None else self.weight
        if self.where is None:
            return analogon.Style(source, weight)
        if self.where in model.palette.names:
            return analogon.Style(source, weight, classes=[self.where])
        if not os.path.isfile(self.where):  # noqa: PTH113 (that one raises for long names)
            raise OptionError(
                f"{self.where!r} is no class of the model and no file: write the name of one of its classes "
                f"({', '.join(model.palette.names)}), or a mask, before the = of {self.text!r}."
            )
        hard = analogon.read_mask(Path(self.where))
        soft = analogon.read_image(Path(self.where)).mean(2)
        return analogon.Style(source, weight, mask=soft if soft.max() > 1 / 255 else hard)

    @property
    def _seed(self) -> int | None:
        return int(self.image) if self.image.isdecimal() and self.labels is None else None


def render_trained(
    folder: Path,
    targets: Sequence[Path],
    output: Path,
    mapping: Sequence[str],
    device: str,
    options: StyleOptions,
) -> None:
    """Write the pictures of a model that learnt a data set."""
    import analogon

    options.check(targets)
    written = [_Written.read(text, "--style", _STYLE) for text in options.style]
    ends = [_Written.read(text, "--between", _END) for text in options.between or ()]
    for one in written if options.swap else ():
        if one.where is not None or one.weight is not None:
            raise OptionError(f"--swap takes two whole pictures: write --style IMAGE[:LABELS] for {one.text!r}.")
    names = pairs(mapping, "--map", "COLOUR=CLASS")
    model = analogon.load_trained(folder, device=device)
    seed = model.seed if options.seed is None else options.seed
    _check_count(options.count, seed, model, written)
    endings = [""]
    if options.between is not None:
        endings = [f"-{n:0{len(str(options.frames - 1))}}" for n in range(options.frames)]
    elif options.count > 1:
        endings = [f"-{seed + n}" for n in range(options.count)]
    inputs = [folder / "model.safetensors", folder / "model.json"]
    inputs += [path for one in (*written, *ends) for path in one.files(model)]
    outputs = plan(output, targets, inputs, endings=endings, beside=(_ATTENTION,) if options.attention else ())
    styles = _shared(model, written)
    both = _shared(model, ends)
    if options.swap:
        styles = [analogon.Style(_picture(one.source, "--swap")) for one in styles]
    layouts = [analogon.read_target(target, model.palette, names) for target in targets]
    for mask in (style.mask for style in (*styles, *both) if style.mask is not None):
        if odd := next((n for n in layouts if n.shape != mask.shape), None):
            (h, w), (height, width) = mask.shape, odd.shape
            raise OptionError(f"A mask of {w}x{h} pixels is none for a target of {width}x{height}: give them one size.")
    shown = next((one.source for one in styles if one.whole and isinstance(one.source, analogon.Exemplar)), None)
    place = None
    if options.paste is not None:
        left, top = options.paste
        place = top, left
        _check_paste(_picture(shown, "--paste"), left, top, layouts)
    seen = [model.attention(layout, _picture(shown, "--attention")) for layout in layouts] if options.attention else []
    rows, cells = list["analogon.SheetRow"](), list[tuple[str, Any]]()
    for number, (target, layout) in enumerate(zip(targets, layouts, strict=True)):
        if options.swap:
            shown = _picture(styles[1 - number].source, "--swap")
        if both:
            first, last = (replace(one, weight=1.0) for one in both)
            results = model.between(layout, first, last, options.frames, style=styles, seed=seed)
        else:
            given = shown if options.swap else styles
            results = (model.render(layout, style=given, seed=seed + n, paste=place) for n in range(options.count))
        pictures = outputs.pictures[number * len(endings) : (number + 1) * len(endings)]
        cells.append((target.name, analogon.thumbnail(_colours(layout))))
        for picture, result in zip(pictures, results, strict=True):
            _save(result, picture, outputs)
            cells.append((picture.stem, analogon.thumbnail(result.image)))
            source = shown or analogon.Exemplar(_colours(layout), layout)
            rows.append(analogon.SheetRow(target.stem, source.image, source.labels, layout, result.image).small())
        if seen:
            path = pictures[0].with_suffix(_ATTENTION)
            analogon.write_image(path, analogon.attention_sheet(_picture(shown, "--attention"), layout, seen[number]))
            say(f"{path}  (what is seen in the style, and where it goes)")
    if len(endings) > 1:
        analogon.write_image(outputs.sheet, analogon.picture_sheet(cells))
        say(f"{outputs.sheet}  (each target and all results)")
        return
    analogon.write_image(outputs.sheet, analogon.contact_sheet(rows))
    say(f"{outputs.sheet}  (style, labels, target and result side by side)")


def _check_count(count: int, seed: int, model: "TrainedModel", written: Sequence[_Written]) -> None:
    """Refuse several pictures that would be the same one, or whose seeds are none."""
    from analogon.fitting import MOST_SEED

    if count == 1:
        return
    if "random" not in model.takes or any(one.where is None for one in written):
        raise OptionError(
            f"--count {count} would give one picture {count} times, as no look is left to be drawn: leave it out, or "
            "the --style of the whole picture where the model draws looks."
        )
    if seed + count - 1 > MOST_SEED:
        raise OptionError(f"--count {count} from --seed {seed} on goes beyond the last seed, {MOST_SEED}: lower one.")


def _check_paste(picture: "Exemplar", left: int, top: int, layouts: "Sequence[LabelMap]") -> None:
    """Refuse a place that is not within every target."""
    (h, w), shapes = picture.shape, [layout.shape for layout in layouts]
    odd = next((n for n in shapes if min(left, top) < 0 or top + h > n[0] or left + w > n[1]), None)
    if odd:
        raise OptionError(
            f"--paste {left} {top} puts a picture of {w}x{h} pixels beyond a target of {odd[1]}x{odd[0]}: move it, or "
            "enlarge the target around it."
        )


def _shared(model: "TrainedModel", written: Sequence[_Written]) -> "list[Style]":
    """Looks as values; those of one place without weights share it equally."""
    sharing = Counter(one.where for one in written)
    for one in written:
        if len({other.weight is None for other in written if other.where == one.where}) > 1:
            raise OptionError(f"Some looks beside {one.text!r} have a weight and some have none: give all of them one.")
    return [one.style(model, 1 / sharing[one.where]) for one in written]


def _picture(source: "Exemplar | int | None", option: str) -> "Exemplar":
    if source is None or isinstance(source, int):
        raise OptionError(f"{option} takes pictures: name one for the whole target with --style.")
    return source


def _save(result: "Result", picture: Path, outputs: Outputs) -> None:
    outputs.folder.mkdir(parents=True, exist_ok=True)
    result.save(picture)
    height, width = result.image.shape[:2]
    say(f"{picture}  ({width}x{height}, {result.seconds:.2f} s)")


def _colours(layout: "LabelMap") -> Any:
    return (layout.colors() / 255).astype("float32")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

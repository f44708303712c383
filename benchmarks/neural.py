"""Fit methods to pictures within minutes, render the cases and the hard layouts, and have the results judged.

    python benchmarks/neural.py CASES --judge judge.py -o OUT --methods patch semia:fast,steps=40 semia+polish
                                [--minutes 1,2,5,10] [--sets cases hard] [--only zebra hill] [--scale 0.5] [--practise]
                                [--random 100] [--times] [--skip-figures] [--table FILE]

CASES holds folders in the convention NAME/img.*, NAME/label.*, NAME/cond/*, with EbSynth's pictures in NAME/ebsynth/.
They are reduced by ``--scale`` first (pictures Lanczos, maps nearest), EbSynth's pictures too, so that the judge sees
the same files as the methods. The hard layouts (hard_layouts.py) are of the same pictures, and of those of examples/ at
their full size. A method is a word NAME[:RECIPE][,FIELD=VALUE ...][+polish]; one that learns does so for each number of
``--minutes``, unless the word says steps=N, and without knowing the targets, unless ``--practise``.

Writes OUT/cases (what was rendered), OUT/models (a fit is made once; an interrupted run goes on where it was: remove
them when a method's code changes), OUT/pictures, OUT/sheets, OUT/figures.json, OUT/sweep.png (quality against minutes)
and OUT/table.md, and FILE, of which everything from its line "## By eye" on stays. What earlier runs with other methods
left in OUT stays in the table. ``--random`` and ``--times``: see neural_sweeps.py. Needs analogon[neural,bench].
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import neural_sweeps
import numpy as np
import patch_times
from cases import case_folders, scaled, write_case
from contenders import Contender, slug
from hard_layouts import EXAMPLES, folders, layouts_of
from hard_source import KINDS, Source
from judging import SCALES, SHOWN, Figures, Judge, load_judge, shown
from PIL import Image
from sheets import sheet
from tables import write_table

import analogon

#: What a result is asked for, (least, most).
BARS = {"miou": (0.95, math.inf), "sharp": (0.85, 1.1), "coh@1": (0.0, 10.0), "ghost": (0.0, 1.3)}
NEAR = ("near miou", "near coh@1", "near coh@2")
MEANS = ("miou", "coh@1", "com@1", "coh@4", "com@4", "sharp", "ghost", *NEAR)
SETS = ("cases", "hard")
EBSYNTH, PATCH = "EbSynth", "patch"
#: Differences of less than this share are even.
EVEN = 0.02
#: Pixels around what changed, and the least side of their box: the judge needs so many.
MARGIN, LEAST = 12, 72


@dataclass(frozen=True)
class Wanted:
    """A layout to render: its name (picture/target), its set, its kind in the hard set, its map and the map's file."""

    name: str
    set: str
    kind: str
    layout: analogon.LabelMap
    file: Path


@dataclass(frozen=True)
class Picture:
    """A picture at the size that is worked at, its files, and what is wanted of it."""

    name: str
    exemplar: analogon.Exemplar
    image: Path
    labels: Path
    wanted: tuple[Wanted, ...]


def pictures(args: argparse.Namespace) -> Iterator[Picture]:
    """Everything that was asked for, written to OUT/cases."""
    hard = folders(args.cases) if "hard" in args.sets else {}
    plain = {folder.name: folder for folder in case_folders(args.cases, args.only)} if "cases" in args.sets else {}
    for name, folder in (plain | hard).items():
        if args.only and name not in args.only:
            continue
        source, own = Source.read(folder), args.output / "cases" / name
        full = source.exemplar
        size = scaled(full.shape, 1.0 if folder.parent == EXAMPLES else args.scale)
        small_source = full.resize(size)
        image, labels = write_case(small_source, own)
        exemplar = analogon.Exemplar(analogon.read_image(image), small_source.labels)  # of 8 bits, as the judge sees it
        wanted = []
        if name in plain:
            for path in analogon.find_case(folder).targets:
                theirs = folder / "ebsynth" / f"{path.stem}.png"
                if theirs.exists():
                    small = args.output / "pictures" / EBSYNTH / name / f"{path.stem}.png"
                    small.parent.mkdir(parents=True, exist_ok=True)
                    with Image.open(theirs) as picture:
                        picture.convert("RGB").resize(size[::-1], Image.Resampling.LANCZOS).save(small)
                wanted.append((path.stem, "cases", "", analogon.load_target(full, path)))
        if name in hard:
            wanted += [(one.name, "hard", one.kind, layout) for one, layout in layouts_of(source)]
        found = []
        for stem, which, kind, layout in wanted:
            small_layout, file = layout.resize(size), own / "cond" / f"{stem}.png"
            analogon.write_labels(file, small_layout)
            found.append(Wanted(f"{name}/{stem}", which, kind, small_layout, file))
        yield Picture(name, exemplar, image, labels, tuple(found))


def contenders(words: Sequence[str], minutes: Sequence[float], practise: bool) -> list[Contender]:
    """Each method with each budget; those without a budget once."""
    found: dict[str, Contender] = {}
    for word in words:
        for budget in minutes:
            one = Contender(word, budget, practise)
            found.setdefault(one.label, one)
    return list(found.values())


def quality(args: argparse.Namespace, judge: Judge, among: list[Contender]) -> None:
    """Fit, render and judge everything; OUT/figures.json is written anew after each picture."""
    store = args.output / "figures.json"
    record: Figures = json.loads(store.read_text()) if store.exists() else {"methods": {}, "targets": {}}
    for picture in pictures(args):
        for one in among:
            record["methods"][one.label] = {"word": one.word, "minutes": one.minutes}
            targets = [wanted.layout for wanted in picture.wanted]
            model = one.fit(picture.exemplar, args.output / "models" / picture.name, targets)
            one.render(model, picture.wanted[0].layout)  # what is compiled or read once is so now
            for wanted in picture.wanted:
                result = one.render(model, wanted.layout)
                result.save(file := picture_of(args.output, one.label, wanted.name))
                row = entry(record, wanted)["results"].setdefault(one.label, {})
                row |= {"seconds": result.seconds, "fit": model.fit_seconds, "steps": model.config.get("steps")}
                print(wanted.name, one.label, f"{result.seconds:.2f} s", file, flush=True)
        for wanted in picture.wanted:
            rows = entry(record, wanted)["results"]
            if picture_of(args.output, EBSYNTH, wanted.name).exists():
                rows.setdefault(EBSYNTH, {})
            judged(judge, picture, wanted, rows, args.output)
        draw(picture, record, args.output)
        store.write_text(json.dumps(record, indent=1) + "\n")


def picture_of(out: Path, label: str, name: str) -> Path:
    """Where a result lies."""
    path = out / "pictures" / slug(label) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def entry(record: Figures, wanted: Wanted) -> Figures:
    """What is known of a target."""
    new: Figures = {"set": wanted.set, "kind": wanted.kind, "results": {}}
    found: Figures = record["targets"].setdefault(wanted.name, new)
    return found


def judged(judge: Judge, picture: Picture, wanted: Wanted, rows: Figures, out: Path) -> None:
    """Add the judge's figures to the rows of a target, where its files have changed since."""
    files = {label: picture_of(out, label, wanted.name) for label in rows}
    fixed = b"".join(path.read_bytes() for path in (picture.image, picture.labels, wanted.file))
    hashes = {label: hashlib.sha256(fixed + path.read_bytes()).hexdigest() for label, path in files.items()}
    new = [label for label, row in rows.items() if row.get("judged") != hashes[label]]
    if new:
        figures = judge(picture.image, picture.labels, wanted.file, [files[label] for label in new])
        for label, found in zip(new, figures, strict=True):
            rows[label] |= {**found, "judged": hashes[label]}
        for label, found in zip(new, near(judge, picture, wanted, [files[label] for label in new]), strict=True):
            rows[label] |= {name: found[name.removeprefix("near ")] for name in NEAR} if found else {}
        for label in new:
            found = rows[label]
            print(wanted.name, label, *(f"{k} {shown(found, k)}" for k in SHOWN), flush=True)


def near(judge: Judge, picture: Picture, wanted: Wanted, results: list[Path]) -> list[Figures]:
    """The judge's figures in the box around what the layout changes, whose patches may come from everywhere."""
    changed = np.argwhere(wanted.layout.ids != picture.exemplar.labels.ids)
    if not len(changed):
        return [{} for _ in results]
    sides = []
    for first, last, size in zip(changed.min(0), changed.max(0) + 1, wanted.layout.shape, strict=True):
        room = max(MARGIN, (LEAST - (last - first) + 1) // 2)
        start = max(min(first - room, size - LEAST), 0)
        sides.append((int(start), int(min(max(last + room, start + LEAST), size))))
    (top, bottom), (left, right) = sides
    with TemporaryDirectory() as folder:
        target, cut = Path(folder, "target.png"), [Path(folder, f"{n}.png") for n in range(len(results))]
        ids = wanted.layout.ids[top:bottom, left:right]
        analogon.write_labels(target, analogon.LabelMap(ids, wanted.layout.palette))
        for path, result in zip(cut, results, strict=True):
            with Image.open(result) as whole:
                whole.convert("RGB").crop((left, top, right, bottom)).save(path)
        return judge(picture.image, picture.labels, target, cut)


def draw(picture: Picture, record: Figures, out: Path) -> None:
    """Write OUT/sheets/<picture>-<set>.png: a row per target, with all results that there are."""
    for which in SETS:
        rows = []
        for wanted in (one for one in picture.wanted if one.set == which):
            row = [("source", picture.image), (f"{wanted.name} {wanted.kind}", wanted.file)]
            row += [(label, picture_of(out, label, wanted.name)) for label in entry(record, wanted)["results"]]
            rows.append([(title, Image.open(path).convert("RGB")) for title, path in row])
        if rows:
            (out / "sheets").mkdir(exist_ok=True)
            sheet(rows).save(out / "sheets" / f"{picture.name}-{which}.png")


def outside(row: Figures) -> list[str]:
    """Figures of a result that miss the bars; what has none misses nothing."""
    return [k for k, (least, most) in BARS.items() if row.get(k) is not None and not least <= row[k] <= most]


def against(row: Figures, patch: Figures) -> tuple[int, bool]:
    """(1 better, 0 even, -1 worse) than patch by coherence and completeness together, and no worse in any figure."""
    ours, theirs = (mean(figures[name] for name in SCALES if name in figures) for figures in (row, patch))
    fits = row["miou"] >= patch["miou"] - 0.005
    order = 1 if fits and ours < theirs * (1 - EVEN) else 0 if fits and ours <= theirs * (1 + EVEN) else -1
    close = all(row[name] <= patch[name] * (1 + EVEN) for name in SCALES if name in row)
    sharp = BARS["sharp"][0] <= row["sharp"] <= BARS["sharp"][1] or abs(row["sharp"] - 1) <= abs(patch["sharp"] - 1)
    calm = row["ghost"] is None or row["ghost"] <= max(BARS["ghost"][1], patch["ghost"])
    return order, fits and close and sharp and calm


def summary(targets: Figures, labels: Sequence[str]) -> list[str]:
    """Means of each method, on how many targets it is within the bars, and how it stands to patch."""
    bars = [f"N {name}" for name in BARS]
    head = [
        "method",
        "targets",
        *MEANS,
        *bars,
        "N all",
        "better, even, worse than patch",
        "no worse",
        "render s",
        "fit s",
    ]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for label in labels:
        rows = {name: found["results"][label] for name, found in targets.items() if label in found["results"]}
        if not rows:
            continue
        cells = [label, str(len(rows))]
        for name in MEANS:
            known = [row[name] for row in rows.values() if row.get(name) is not None]
            cells.append(shown({name: mean(known)}, name) if known else "-")
        missed = [outside(row) for row in rows.values()]
        cells += [str(sum(name not in one for one in missed)) for name in BARS]
        cells.append(f"**{sum(not one for one in missed)}**")
        pairs = [(row, targets[name]["results"].get(PATCH)) for name, row in rows.items()]
        compared = [against(row, patch) for row, patch in pairs if patch is not None and label != PATCH]
        counts = ", ".join(str(sum(order == way for order, _ in compared)) for way in (1, 0, -1))
        cells += [counts, f"{sum(same for _, same in compared)} of {len(compared)}"] if compared else ["", ""]
        seconds = [row["seconds"] for row in rows.values() if "seconds" in row]
        fits = [row["fit"] for row in rows.values() if row.get("steps")]
        cells += [f"{mean(seconds):.2f}" if seconds else "", f"{mean(fits):.0f}" if fits else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def table(record: Figures) -> list[str]:
    """Summaries of both sets, of the hard set by kind, and every figure."""
    labels = [EBSYNTH, *record["methods"]]
    bars = "; ".join(f"{name} {_bar(*limits)}" for name, limits in BARS.items())
    lines = [
        f"N: targets within the bars, {bars}; N all: in all of them. Better or worse than patch: mean of coh and com "
        f"at all scales lower or higher by more than {EVEN:.0%}, miou no more than .005 lower. No worse: in each "
        "figure by itself, within the same margins. near: in the box around what the layout changes."
    ]
    chosen = {which: {n: t for n, t in record["targets"].items() if t["set"] == which} for which in SETS}
    for which, targets in chosen.items():
        if targets:
            lines += ["", f"## {which.capitalize()}: means", "", *summary(targets, labels)]
    for kind in KINDS:
        targets = {name: found for name, found in chosen["hard"].items() if found["kind"] == kind}
        if targets:
            lines += ["", f"### Hard layouts, {kind}: {', '.join(targets)}", "", *summary(targets, labels)]
    for which, targets in chosen.items():
        if targets:
            lines += ["", f"## {which.capitalize()}: every target", "", "Misses of a bar bold.", ""]
            lines += [f"| target | method | {' | '.join((*SHOWN, *NEAR))} | s |"]
            lines += ["|---" * (len(SHOWN) + len(NEAR) + 3) + "|"]
        for name, found in targets.items():
            for label in (one for one in labels if one in found["results"]):
                row = found["results"][label]
                missed = outside(row)
                cells = [f"**{shown(row, k)}**" if k in missed else shown(row, k) for k in (*SHOWN, *NEAR)]
                seconds = f"{row['seconds']:.2f}" if "seconds" in row else ""
                lines.append(f"| {name} | {label} | {' | '.join(cells)} | {seconds} |")
    return lines


def _bar(least: float, most: float) -> str:
    return f"up to {most:g}" if not least else f"at least {least:g}" if most == math.inf else f"{least:g} to {most:g}"


def plot(record: Figures, path: Path) -> None:
    """Quality against minutes, by set, of the methods that were given several budgets."""
    from matplotlib import pyplot

    words: dict[str, list[tuple[float, str]]] = {}
    for label, method in record["methods"].items():
        if method["minutes"] is not None:
            words.setdefault(method["word"], []).append((method["minutes"], label))
    several = {word: sorted(budgets) for word, budgets in words.items() if len(budgets) > 1}
    if not several:
        return
    sets = [which for which in SETS if any(found["set"] == which for found in record["targets"].values())]
    figure, axes = pyplot.subplots(len(sets), 4, figsize=(14, 3.2 * len(sets)), squeeze=False)
    for row, which in zip(axes, sets, strict=True):
        targets = [found["results"] for found in record["targets"].values() if found["set"] == which]
        for axis, name in zip(row, ("miou", "coh@1", "sharp", "within the bars"), strict=True):
            axis.set(title=f"{which}: {name}", xlabel="minutes", xscale="log")
            for word, budgets in several.items():
                points = [(m, [found[label] for found in targets if label in found]) for m, label in budgets]
                share = name == "within the bars"
                values = [mean(not outside(r) if share else r[name] for r in rows) for _, rows in points if rows]
                axis.plot([m for m, rows in points if rows], values, "o-", label=word)
            ticks = sorted({m for budgets in several.values() for m, _ in budgets})
            axis.set_xticks(ticks, [f"{m:g}" for m in ticks])
            axis.minorticks_off()
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cases", type=Path)
    ap.add_argument("--judge", type=Path, required=True)
    ap.add_argument("-o", "--output", type=Path, required=True)
    ap.add_argument("--methods", nargs="+", default=[PATCH], metavar="METHOD")
    ap.add_argument("--minutes", default="10", metavar="M[,M ...]")
    ap.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    ap.add_argument("--only", nargs="*")
    ap.add_argument("--scale", type=float, default=0.5)
    ap.add_argument("--practise", action="store_true")
    ap.add_argument("--random", type=int, default=0, metavar="N")
    ap.add_argument("--times", action="store_true")
    ap.add_argument("--skip-figures", action="store_true")
    ap.add_argument("--table", type=Path, metavar="FILE")
    args = ap.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    judge = load_judge(args.judge)
    among = contenders(args.methods, [float(word) for word in args.minutes.split(",")], args.practise)
    if not args.skip_figures:
        quality(args, judge, among)
        plot(json.loads((args.output / "figures.json").read_text()), args.output / "sweep.png")
    failures = []
    if args.random:
        failures = neural_sweeps.random_layouts(list(pictures(args)), judge, among, args.random, args.output)
    if args.times:
        neural_sweeps.times(next(pictures(args)), among, args.output)
    title = f"# Methods within minutes\n\n{patch_times.machine()}. Made by `benchmarks/neural.py`."
    parts = {"figures": table, "random": neural_sweeps.random_table, "times": neural_sweeps.times_table}
    write_table(title, parts, args.output, args.table)
    print((args.output / "table.md").read_text())
    if failures:
        sys.exit("\n".join(["Random layouts failed:", *failures]))


if __name__ == "__main__":
    main()

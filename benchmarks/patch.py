"""Render every target of the cases with the patch method, and set it beside EbSynth's results.

    python benchmarks/patch.py CASES --judge judge.py -o OUT [--only zebra building] [--keep none auto]
                               [--set NAME=VALUE ...] [--compare] [--times] [--table FILE]

CASES holds folders in the convention NAME/img.*, NAME/label.*, NAME/cond/*, with EbSynth's pictures in NAME/ebsynth/
and the judge's figures of them in CASES/reference.json. The judge is a Python file with a function
``judge(image, labels, target, [result, …])`` that gives one dictionary of figures per result.

Writes OUT/none and OUT/auto (pictures), OUT/sheets (source, target, ours and EbSynth's at full size) and
OUT/figures.json; with ``--compare`` OUT/compare.json, other settings beside the usual ones; with ``--times``
OUT/times.json (see patch_times.py). What is there of the three becomes OUT/table.md, and FILE, of which everything from
its line "## By eye" on stays. ``--skip-figures`` leaves out the first part. Needs analogon[bench].
"""

import argparse
import json
import math
from pathlib import Path
from statistics import mean, median
from typing import Any

import patch_times
from cases import case_folders, settings_of, targets_of
from judging import SCALES, SHOWN, Figures, Judge, load_judge, misses, reference, shown
from PIL import Image, ImageDraw
from tables import write_table

import analogon

#: Rows of the comparison: what changes against the usual settings.
VARIANTS: dict[str, dict[str, Any]] = {
    "default (no random tries)": {},
    "recipe patchmatch (random tries, nothing exhaustive)": {"recipe": "patchmatch"},
    "default + 6 random tries": {"random_tries": 6},
    "exhaustive at 3 levels, not 2": {"leaps": 3},
    "nothing exhaustive: coherent neighbours alone": {"leaps": 0},
    "start=carried": {"start": "carried"},
    "tone=false": {"tone": False},
    "uniformity=0": {"uniformity": 0},
    "patch=5": {"patch": 5},
}


def quality(cases: Path, judge: Judge, out: Path, only: list[str] | None, keeps: list[str], options: Figures) -> None:
    """Render, judge and draw everything once; writes OUT/figures.json and pictures."""
    theirs, table = reference(cases, judge), {}
    for folder, found, exemplar, target in targets_of(cases, only):
        name, results, row = f"{folder.name}/{target.stem}", [], {}
        model = analogon.fit(exemplar, "patch", **options)
        if not table:
            model.render(target, keep="none")  # the kernels are compiled or read now
        for keep in keeps:
            results.append(out / keep / f"{name}.png")
            results[-1].parent.mkdir(parents=True, exist_ok=True)
            result = model.render(target, keep=keep)
            result.save(results[-1])
            row[keep] = {"seconds": result.seconds, "timing": dict(result.timing)}
        for keep, figures in zip(keeps, judge(found.image, found.labels, target, results), strict=True):
            row[keep] |= figures
        row["ebsynth"] = theirs(name, found, target)
        sheet(out / "sheets" / f"{name.replace('/', '-')}.png", found.image, target, results[0], folder)
        table[name] = row
        print(name, *(f"{k} {shown(row[keeps[0]], k)} ({shown(row['ebsynth'], k)})" for k in SHOWN), flush=True)
    record = {"settings": options, "keeps": keeps, "targets": table}
    (out / "figures.json").write_text(json.dumps(record, indent=1) + "\n")


def sheet(path: Path, image: Path, target: Path, result: Path, folder: Path) -> None:
    """Source and target above ours and EbSynth's, each at full size."""
    files = {"source": image, "target": target, "ours": result, "EbSynth": folder / "ebsynth" / f"{target.stem}.png"}
    pictures = {title: Image.open(file).convert("RGB") for title, file in files.items() if file.exists()}
    width, height = (max(p.size[axis] for p in pictures.values()) for axis in (0, 1))
    drawing = Image.new("RGB", (2 * width + 8, 2 * (height + 16)), "white")
    draw = ImageDraw.Draw(drawing)
    for place, (title, picture) in enumerate(pictures.items()):
        left, top = (place % 2) * (width + 8), (place // 2) * (height + 16)
        draw.text((left + 2, top + 2), title, "black")
        drawing.paste(picture, (left, top + 14))
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.save(path)


def compare(cases: Path, judge: Judge, out: Path, only: list[str] | None, options: Figures) -> None:
    """Render everything with other settings (keep none); writes OUT/compare.json."""
    theirs, table = reference(cases, judge), {name: {} for name in VARIANTS}
    for folder, found, exemplar, target in targets_of(cases, only):
        name, results, layout = f"{folder.name}/{target.stem}", [], analogon.load_target(exemplar, target)
        for variant, changes in VARIANTS.items():
            model = analogon.fit(exemplar, "patch", **{**options, **changes})
            renders = [model.render(layout, keep="none") for _ in range(3)]
            results.append(out / "compare" / f"{len(results)}" / f"{name}.png")
            results[-1].parent.mkdir(parents=True, exist_ok=True)
            renders[0].save(results[-1])
            table[variant][name] = {"none": {"seconds": median(r.seconds for r in renders)}}
        for variant, figures in zip(VARIANTS, judge(found.image, found.labels, target, results), strict=True):
            table[variant][name]["none"] |= figures
            table[variant][name]["ebsynth"] = theirs(name, found, target)
        print("compared on", name, flush=True)
        (out / "compare.json").write_text(json.dumps(table, indent=1) + "\n")


def bars(targets: dict[str, Figures], keep: str = "none") -> list[tuple[str, int, int, list[str]]]:
    """(bar, met, of, failures) of each bar."""
    missed = {name: misses(row[keep], row["ebsynth"]) for name, row in targets.items()}

    def counted(bar: str, names: tuple[str, ...], among: list[str]) -> tuple[str, int, int, list[str]]:
        failures = []
        for target in among:
            wrong = [f"{name} {by}" for name, by in missed[target].items() if name in names]
            if wrong:
                failures.append(f"{target}: {', '.join(wrong)}")
        return bar, len(among) - len(failures), len(among), failures

    ghosts = [name for name, row in targets.items() if (row["ebsynth"]["ghost"] or math.inf) <= 1.2]
    found = [
        counted("miou no more than .005 below EbSynth's", ("miou",), list(targets)),
        counted("coherence and completeness at every scale no worse than EbSynth's", SCALES, list(targets)),
        counted("sharp in .9-1.1", ("sharp",), list(targets)),
        counted("ghost up to 1.2 where EbSynth's is", ("ghost",), ghosts),
    ]
    if all("auto" in row for row in targets.values()):
        judged = {name: row["auto"]["keep"] for name, row in targets.items() if row["auto"]["keep"] is not None}
        failures = [f"{name}: {value:.1f}" for name, value in judged.items() if math.isfinite(value)]
        found.append(("keep infinite under `--keep auto`", len(judged) - len(failures), len(judged), failures))
    return found


def quality_table(record: Figures) -> list[str]:
    """Bars, and every figure with EbSynth's in brackets."""
    targets, keep = record["targets"], record["keeps"][0]
    changes = f"; settings {json.dumps(record['settings'])}" if record["settings"] else ""
    lines = [f"## Figures, `--keep {keep}`{changes}", "", "| bar | met | of | missed by |", "|---|---|---|---|"]
    lines += [f"| {bar} | {met} | {of} | {'; '.join(failures)} |" for bar, met, of, failures in bars(targets, keep)]
    lines += ["", "EbSynth's in brackets, misses of a bar bold; `keep` is of `--keep none` as well.", ""]
    lines += [f"| target | {' | '.join(SHOWN)} | s |", "|---" * (len(SHOWN) + 2) + "|"]
    for name, row in targets.items():
        ours, theirs = row[keep], row["ebsynth"]
        missed, cells = misses(ours, theirs), []
        for figure in SHOWN:
            mark = "**" if figure in missed else ""
            cells.append(f"{mark}{shown(ours, figure)}{mark} ({shown(theirs, figure)})")
        lines.append(f"| {name} | {' | '.join(cells)} | {ours['seconds']:.2f} |")
    cells = []
    for figure in SHOWN[:-1]:
        pairs = [(row[keep].get(figure), row["ebsynth"].get(figure)) for row in targets.values()]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        ours, theirs = ({figure: mean(pair[side] for pair in known)} for side in (0, 1))
        cells.append(f"{shown(ours, figure)} ({shown(theirs, figure)})")
    lines.append(f"| mean | {' | '.join(cells)} | | {mean(row[keep]['seconds'] for row in targets.values()):.2f} |")
    if "auto" in record["keeps"] and keep != "auto":
        theirs = [row["ebsynth"]["keep"] for row in targets.values() if row["ebsynth"]["keep"] is not None]
        seconds = mean(row["auto"]["seconds"] for row in targets.values())
        lines += ["", f"Under `--keep auto` a render takes {seconds:.2f} s in the mean; EbSynth's keep is "]
        lines[-1] += f"{min(theirs):.0f}-{max(theirs):.0f} dB."
        missed = {name: misses(row["auto"], row["ebsynth"]) for name, row in targets.items()}
        worse = [f"{n}: {', '.join(f'{k} {v}' for k, v in found.items())}" for n, found in missed.items() if found]
        lines[-1] += f" Misses of the bars above: {'; '.join(worse) or 'none'}."
    return lines


def comparison_table(table: Figures) -> list[str]:
    """Mean figures of each variant, and on how many targets it meets the bars."""
    names = ("miou", "coh@1", "com@1", "coh@4", "com@4", "sharp", "ghost")
    lines = ["## Other settings, `--keep none`", ""]
    cases = {name.split("/")[0]: None for name in next(iter(table.values()))}
    lines += [
        f"Means over the {len(next(iter(table.values())))} targets of {', '.join(cases)}; N: how many meet the bars"
    ]
    lines[-1] += " above; s: engine, hot, median of 3, mean of all."
    lines += [""]
    lines += [f"| settings | {' | '.join(names)} | N miou | N coh, com | N sharp | N ghost | s |"]
    lines += ["|---" * (len(names) + 6) + "|"]
    for variant, targets in table.items():
        rows = [row["none"] for row in targets.values()]
        cells = [f"{mean(r[k] for r in rows if r[k] is not None):.{2 if '@' in k else 3}f}" for k in names]
        cells += [str(met) for _, met, _, _ in bars(targets)]
        lines.append(f"| {variant} | {' | '.join(cells)} | {mean(r['seconds'] for r in rows):.2f} |")
    return lines


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cases", type=Path)
    ap.add_argument("--judge", type=Path, required=True)
    ap.add_argument("-o", "--output", type=Path, required=True)
    ap.add_argument("--only", nargs="*")
    ap.add_argument("--keep", nargs="+", choices=("none", "auto"), default=["none", "auto"])
    ap.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    ap.add_argument("--compare", action="store_true")
    ap.add_argument("--times", action="store_true")
    ap.add_argument("--skip-figures", action="store_true")
    ap.add_argument("--table", type=Path, metavar="FILE")
    args = ap.parse_args()
    options = settings_of(args.set)
    args.output.mkdir(parents=True, exist_ok=True)
    judge = load_judge(args.judge)
    if not args.skip_figures:
        quality(args.cases, judge, args.output, args.only, args.keep, options)
    if args.compare:
        compare(args.cases, judge, args.output, args.only, options)
    if args.times:
        patch_times.measure(case_folders(args.cases, args.only), args.output, options)
    title = f"# The patch method beside EbSynth\n\n{patch_times.machine()}. Made by `benchmarks/patch.py`."
    parts = {"figures": quality_table, "compare": comparison_table, "times": patch_times.table}
    write_table(title, parts, args.output, args.table)
    print((args.output / "table.md").read_text())


if __name__ == "__main__":
    main()

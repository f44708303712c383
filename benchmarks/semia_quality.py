"""Fit SemIA to cases, render their targets and let an independent judge score them.

    python benchmarks/semia_quality.py CASES --judge judge.py -o OUT [--only zebra building] [--scale 0.5]
                                       [--minutes M | --steps N] [--set FIELD=VALUE ...]

CASES holds folders in the convention NAME/img.*, NAME/label.*, NAME/cond/*. Each is reduced by ``--scale`` first
(pictures Lanczos, labels nearest), so that the judge sees the same files as the method. The judge is a program
``judge.py IMAGE LABELS TARGET RESULT`` that prints ``NAME figure value figure value …``. Writes OUT/table.md.
Needs analogon[neural,bench].
"""

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from cases import case_folders, settings_of

import analogon

SHOWN = ("miou", "coh@1", "com@1", "coh@4", "sharp", "ghost", "keep")


def reduced(case: Path, scale: float, folder: Path) -> tuple[Path, Path, list[Path]]:
    """Write the case at a reduced size; returns picture, labels and targets."""
    found = analogon.find_case(case)
    exemplar = analogon.load_exemplar(found.image, found.labels)
    size = tuple(round(n * scale) for n in exemplar.shape)
    small = exemplar.resize(size)
    (folder / "cond").mkdir(parents=True, exist_ok=True)
    analogon.write_image(folder / "img.png", small.image)
    analogon.write_image(folder / "label.png", small.labels.colors() / np.float32(255))
    targets = []
    for path in found.targets:
        if path.stem.startswith("mask"):  # further experiments of the SemIA release, not edits
            continue
        layout = analogon.load_target(exemplar, path).resize(size)
        targets.append(folder / "cond" / f"{path.stem}.png")
        analogon.write_image(targets[-1], layout.colors() / np.float32(255))
    return folder / "img.png", folder / "label.png", targets


def judged(judge: Path, image: Path, labels: Path, target: Path, result: Path) -> dict[str, float]:
    """The judge's figures by name."""
    command = [sys.executable, str(judge), *map(str, (image, labels, target, result))]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1:]
    return {k: float("nan") if v == "-" else float(v) for k, v in zip(words[::2], words[1::2], strict=True)}


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cases", type=Path)
    ap.add_argument("--judge", type=Path, required=True)
    ap.add_argument("-o", "--output", type=Path, required=True)
    ap.add_argument("--only", nargs="*")
    ap.add_argument("--scale", type=float, default=0.5)
    ap.add_argument("--minutes", type=float)
    ap.add_argument("--steps", type=int)
    ap.add_argument("--recipe")
    ap.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    args = ap.parse_args()
    options = settings_of(args.set)
    rows = []
    for case in case_folders(args.cases, args.only):
        image, labels, targets = reduced(case, args.scale, args.output / "cases" / case.name)
        exemplar = analogon.load_exemplar(image, labels)
        layouts = [analogon.load_target(exemplar, t) for t in targets]
        started, cpu = time.perf_counter(), time.process_time()
        model = analogon.fit(
            exemplar, "semia", recipe=args.recipe, minutes=args.minutes, steps=args.steps, previews=layouts, **options
        )
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        print(f"{case.name}: {model.config['steps']} steps, {seconds:.0f} s, {cpu:.0f} CPU s", flush=True)
        for target, layout in zip(targets, layouts, strict=True):
            result = args.output / case.name / f"{target.stem}.png"
            result.parent.mkdir(parents=True, exist_ok=True)
            model.render(layout).save(result)
            figures = judged(args.judge, image, labels, target, result)
            rows.append((f"{case.name}/{target.stem}", seconds, figures))
            print(rows[-1][0], {k: figures.get(k) for k in SHOWN}, flush=True)
    lines = [
        f"{platform.machine()}, Python {platform.python_version()}; `{' '.join(sys.argv[1:])}`",
        "",
        "| target | fit s | " + " | ".join(SHOWN) + " |",
        "|---" * (len(SHOWN) + 2) + "|",
    ]
    for name, seconds, figures in rows:
        values = " | ".join(f"{figures.get(k, float('nan')):.3g}" for k in SHOWN)
        lines.append(f"| {name} | {seconds:.0f} | {values} |")
    (args.output / "table.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

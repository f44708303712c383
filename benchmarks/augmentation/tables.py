"""The rows of `run.py` as Markdown: means, and differences of pairs with the same seed, with intervals.

Seeds that are ten apart annotate the same pictures: their differences are averaged first, for they are not independent.

python benchmarks/augmentation/tables.py benchmarks/results/augmentation.csv benchmarks/results/augmentation.md
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]
#: 97.5 % points of Student's t by degrees of freedom.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
#: Chief figure, other figures, the pictures of the ceiling.
TASKS = {
    "em": ("Electron microscopy, membranes (Dice, %)", "dice", ("tuned", "iou", "accuracy", "rand")),
    "camvid": ("CamVid, five classes (mean IoU, %)", "iou", ("accuracy", "sky", "building", "road", "tree", "car")),
    "grains": ("Generated grains and pores, exact truth (mean IoU, %)", "iou", ("accuracy", "grain", "pore")),
}
BASE = "standard"
#: Choices of annotated pictures that a task has at most: seeds count through them, and begin again.
CHOICES = 10
#: What stands from here on is written by hand, and stays.
HAND = "## What is to be seen"


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    centre = mean(values)
    return math.sqrt(sum((v - centre) ** 2 for v in values) / max(1, len(values) - 1))


def differences(one: Mapping[str, Row], other: Mapping[str, Row], figure: str) -> list[float]:
    """The mean difference of runs with the same seed, of each choice of annotated pictures."""
    found: dict[int, list[float]] = {}
    for seed in set(one) & set(other):
        found.setdefault(int(seed) % CHOICES, []).append(float(one[seed][figure]) - float(other[seed][figure]))
    return [mean(found[choice]) for choice in sorted(found)]


def paired(one: Mapping[str, Row], other: Mapping[str, Row], figure: str) -> str:
    """Mean difference of choices, its 95 % interval by Student's t, and how many choices are above zero."""
    gaps = differences(one, other, figure)
    if len(gaps) < 2:
        return f"{gaps[0]:+.1f} (1)" if gaps else ""
    half = STUDENT[len(gaps) - 1] * deviation(gaps) / math.sqrt(len(gaps))
    better = sum(gap > 0 for gap in gaps)
    return f"{mean(gaps):+.1f} [{mean(gaps) - half:+.1f}, {mean(gaps) + half:+.1f}] ({better} of {len(gaps)})"


def table(rows: Sequence[Row], task: str, k: str) -> list[str]:
    chief, others = TASKS[task][1:]
    arms: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["task"] == task and row["k"] == k:
            arms.setdefault(row["arm"], {})[row["seed"]] = row
    ceiling = [float(row[chief]) for row in rows if row["task"] == task and row["k"] == "15" and row["arm"] == BASE]
    others = tuple(name for name in others if all(row.get(name) for arm in arms.values() for row in arm.values()))
    lines = [
        f"| arm | runs | {chief} | less {BASE} | less cut-and-paste | of the gap | choosing | {' | '.join(others)} |",
        "|" + " --- |" * (7 + len(others)),
    ]
    for name, found in arms.items():
        values = [float(row[chief]) for row in found.values()]
        both = sorted(set(found) & set(arms.get(BASE, {})))
        share = ""
        if ceiling and both and name != BASE and k != "15":
            low = mean([float(arms[BASE][s][chief]) for s in both])
            gain = mean(differences(found, arms[BASE], chief))
            share = f"{100 * gain / (mean(ceiling) - low):.0f} %"
        spread = f" ± {deviation(values):.1f}" if len(values) > 1 else ""
        cells = [name, str(len(found)), f"{mean(values):.1f}{spread}"]
        cells += [
            paired(found, arms.get(rival, {}), chief) if name != rival else "" for rival in (BASE, "cut-and-paste")
        ]
        # of fifteen annotated slices some are those that choose
        chose = "" if k == "15" and task == "em" else f"{mean([float(row['dev']) for row in found.values()]):.1f}"
        cells += [share, chose]
        cells += [f"{mean([float(row[figure]) for row in found.values()]):.1f}" for figure in others]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def page(rows: Sequence[Row]) -> str:
    lines = ["# Made pairs as training data", "", __doc__.splitlines()[0], ""]
    lines.append((Path(__file__).parent / "protocol.md").read_text().strip())
    for task, (title, *_) in TASKS.items():
        for k in sorted({row["k"] for row in rows if row["task"] == task}, key=int):
            lines += ["", f"## {title}, {k} annotated", "", *table(rows, task, k)]
    return "\n".join(lines) + "\n"


def main() -> None:
    source, destination = map(Path, sys.argv[1:3])
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    old = destination.read_text() if destination.exists() else ""
    hand = "\n" + old[old.index(HAND) :] if HAND in old else ""
    destination.write_text(page(rows) + hand)


if __name__ == "__main__":
    main()

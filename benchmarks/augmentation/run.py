"""Trains every arm that a plan asks for, a row of figures each; what is in the table already is not run again.

A plan is a text: `em 1 standard 0-4` is task, number of annotated pictures, arm and seeds, one of it on a line.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from arms import ARMS, Arm
from making import pool
from pictures import Task
from scores import scores
from tasks import TASKS
from unet import Distortion, Schedule, Stock, UNet, train

KEYS = ("task", "k", "arm", "seed")


def planned(text: str) -> Iterator[tuple[str, int, str, int]]:
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words:
            first, _, last = words[-1].partition("-")
            for seed in range(int(first), int(last or first) + 1):
                yield words[0], int(words[1]), " ".join(words[2:-1]), seed


def rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def append(path: Path, row: dict[str, object]) -> None:
    """Add a row; figures that no row had yet become columns."""
    known = rows(path)
    names = list(known[0]) if known else []
    fresh = [name for name in row if name not in names]
    if fresh:
        part = path.with_suffix(".part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, names + fresh, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(known)
        part.rename(path)
    with path.open("a", newline="") as file:
        csv.DictWriter(file, names + fresh, restval="", lineterminator="\n").writerow(row)


def network(task: Task, k: int, arm: Arm, seed: int, cache: Path) -> UNet:
    """Train one arm on what the seed annotates."""
    where = task.annotated(k, seed)
    real = Stock([task.pool[n] for n in where], len(task.classes))
    stocks = {name: Stock(pool(name, task, k, arm, seed, cache), len(task.classes)) for name in arm.shares}

    def draw(rng: np.random.Generator, done: float) -> tuple[Stock, Distortion | None]:
        rest = rng.random()
        if done >= arm.until:
            return real, arm.how
        for name, part in arm.shares.items():
            if rest < part:
                return stocks[name], arm.how
            rest -= part
        return real, arm.how

    return train(task, draw, Schedule(round(arm.steps * task.steps)), seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path, help="text file with a line per arm")
    parser.add_argument("--data", type=Path, required=True, help="folder with em_membrane and camvid")
    parser.add_argument("-o", "--table", type=Path, required=True, help="CSV file that rows are added to")
    parser.add_argument("--cache", type=Path, required=True, help="folder for made pictures")
    parser.add_argument("--runs", type=int, default=0, help="stop after so many runs; 0 is none")
    chosen = parser.parse_args()
    tasks: dict[str, Task] = {}
    done = 0
    while True:
        have = {tuple(row[key] for key in KEYS) for row in rows(chosen.table)}
        open_ = (one for one in planned(chosen.plan.read_text()) if tuple(map(str, one)) not in have)
        name, k, arm, seed = next(open_, ("", 0, "", 0))
        if not name or (chosen.runs and done == chosen.runs):
            break
        if name not in tasks:
            tasks[name] = TASKS[name](chosen.data)
        started, spent = time.monotonic(), time.process_time()
        task = tasks[name]
        net = network(task, k, ARMS[arm], seed, chosen.cache)
        figures = scores(task, net)
        append(
            chosen.table,
            dict(zip(KEYS, (name, k, arm, seed), strict=True))
            | figures
            | {"seconds": round(time.process_time() - spent, 1)},
        )
        done += 1
        print(name, k, arm, seed, figures, f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()

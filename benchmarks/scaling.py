"""What a picture costs, what a second worker and a cluster gain, and what that makes for a million pictures.

    python benchmarks/scaling.py                  # everything, a few minutes on two cores; when nothing else runs
    python benchmarks/scaling.py --quick          # fewer pictures: a look, no figures to quote
    python benchmarks/scaling.py --no-cluster     # without Ray

It writes benchmarks/results/scaling.md. Every process has one thread: it is workers that take the cores.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from patch_times import machine
from scaling_render import case, render, tissue

import analogon
from analogon.augment.values import encode, write_sample
from analogon.workers import Workers, cores, open_workers

HERE = Path(__file__).parent
SIDES = (256, 512)
#: What a core costs in an hour and a gigabyte in a month, in dollars: list prices of large providers are near.
CORE_HOUR, GIGABYTE_MONTH = 0.04, 0.023
MILLION = 1_000_000


def renders(workers: Workers, side: int, number: int) -> tuple[float, float]:
    """Wall seconds and CPU seconds of a picture, when workers are warm."""
    list(workers.each(render, range(2 * cores()), shared=side))
    started = time.perf_counter()
    outcomes = [outcome for _, outcome in workers.each(render, range(number), shared=side)]
    wall = time.perf_counter() - started
    assert not [outcome.error for outcome in outcomes if outcome.error]
    return wall / number, median(outcome.value for outcome in outcomes)


def samples(exemplar: analogon.Exemplar, number: int) -> dict[str, float]:
    """What samples of a dataset cost: CPU seconds, bytes, share that is kept, seconds to write one down."""
    with tempfile.TemporaryDirectory() as folder:
        analogon.write_image(Path(folder, "img.png"), exemplar.image)
        analogon.write_labels(Path(folder, "label.png"), exemplar.labels)
        sources = analogon.augment.load_sources(Path(folder))
    settings = analogon.augment.Settings()
    analogon.augment.make_sample(sources, settings, MILLION)  # warm
    kept, sizes, writing = 0, [], []
    spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for index in range(number):
            before = time.process_time()
            sample = analogon.augment.make_sample(sources, settings, index)
            files = None if isinstance(sample, analogon.augment.Refusal) else encode(sample)
            spent += time.process_time() - before
            if files is not None:
                kept += 1
                sizes.append(sum(map(len, files.values())))
                started = time.perf_counter()
                write_sample(files, Path(folder, f"{index:06d}"))
                writing.append(time.perf_counter() - started)
    assert kept, "no sample was kept"
    return {"cpu": spent / kept, "bytes": median(sizes), "kept": kept / number, "writing": median(writing)}


@contextmanager
def cluster() -> Iterator[str]:
    """A Ray cluster of a node for each core of this machine; its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), str(HERE.parent / "src")])
    from ray.cluster_utils import Cluster

    store = 100 << 20
    head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": store}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(cores() - 1):
            nodes.add_node(num_cpus=1, object_store_memory=store)
        yield nodes.address
    finally:
        nodes.shutdown()


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def plan(found: dict[str, float], side: int) -> list[str]:
    """A row: a million samples of one size."""
    hours = MILLION * found["cpu"] / 3600
    gigabytes = MILLION * found["bytes"] / 1e9
    fed = found["cpu"] / found["writing"]
    return [
        f"{side}²", f"{hours:,.0f}", f"{hours / 100:,.1f} h", f"{gigabytes:,.0f} GB", f"{fed:,.0f}",
        f"${hours * CORE_HOUR:,.0f}", f"${gigabytes * GIGABYTE_MONTH:,.2f}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a quarter of the pictures")
    parser.add_argument("--no-cluster", action="store_true", help="leave out Ray")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "scaling.md")
    given = parser.parse_args()
    number = {256: 16, 512: 8} if given.quick else {256: 60, 512: 24}

    load = os.getloadavg()[0]
    picture_rows: list[list[str]] = []
    walls: dict[tuple[int, str], float] = {}
    for count in dict.fromkeys((1, cores())):
        with open_workers(count) as workers:
            for side in SIDES:
                wall, cpu = renders(workers, side, number[side])
                walls[side, str(count)] = wall
                gain = walls[side, "1"] / wall
                who = "1 worker" if count == 1 else f"{count} workers"
                picture_rows.append([f"{side}², {who}", f"{cpu:.2f}", f"{wall:.2f}", f"{60 / wall:.1f}", f"{gain:.2f}"])
    if not given.no_cluster:
        with cluster() as address, open_workers(None, address) as workers:
            for side in SIDES:
                wall, cpu = renders(workers, side, number[side])
                gain = walls[side, "1"] / wall
                who = f"Ray, {cores()} nodes of 1 core"
                picture_rows.append([f"{side}², {who}", f"{cpu:.2f}", f"{wall:.2f}", f"{60 / wall:.1f}", f"{gain:.2f}"])

    found: dict[int, dict[str, Any]] = {side: samples(case(side)[0], number[side]) for side in SIDES}
    cells: dict[int, dict[str, Any]] = {side: samples(tissue(side), number[side]) for side in SIDES}
    text = f"""# What pictures cost

Written by `python benchmarks/scaling.py`. {machine()}; load of the machine before: {load:.2f}. One thread per worker,
the case `examples/flower` scaled to squares, method `patch`, nothing kept of the source.

## Pictures

The median CPU seconds of a picture, wall seconds from picture to picture, and how many times as fast as one worker.

{table(["", "CPU s", "wall s", "a minute", "gain"], picture_rows)}
## Samples of a dataset

`analogon augment`: invented, rendered, checked, encoded; the refused ones are in the price of those that are kept.
Tissue is drawn for this: cells between walls, which are set side by side anew (`grafts`).

{
        table(
            ["", "CPU s", "a core-minute", "kept", "bytes", "ms to write one"],
            [
                [
                    f"{side}², {what}",
                    f"{one['cpu']:.2f}",
                    f"{60 / one['cpu']:.1f}",
                    f"{one['kept']:.0%}",
                    f"{one['bytes']:,.0f}",
                    f"{1000 * one['writing']:.1f}",
                ]
                for what, each in (("flower", found), ("tissue", cells))
                for side, one in each.items()
            ],
        )
    }
## A million samples

Core-hours are a million times the CPU seconds of a kept sample; storage is a million times its bytes. One writing
process can feed as many cores as the seconds of a sample are times those of writing one. Prices are assumed:
${CORE_HOUR:g} for an hour of a core, ${GIGABYTE_MONTH:g} for a gigabyte and month.

{
        table(
            ["", "core-hours", "on 100 cores", "storage", "cores one writer feeds", "computing", "storage, a month"],
            [plan(found[side], side) for side in SIDES],
        )
    }"""
    given.output.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

"""Times of the patch method; called by patch.py with --times. Run it when nothing else runs.

Every time is the median of runs, after a warm-up where it says hot. A run during which other programs used more than a
tenth of the machine is made again, up to twice as many runs in all; what is left of their use is in the table,
and so are the CPU seconds of a run, which depend on others little.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numba
import numpy as np

import analogon

#: Seconds that EbSynth takes with its default settings on two cores, by case.
EBSYNTH = {"zebra": 7.4, "tree": 1.8, "building": 8.0, "hill": 8.8, "renoir": 4.7}
#: The same by megapixels.
EBSYNTH_GROWTH = {0.87: 41.0, 2.66: 153.0}
MEGAPIXELS = (0.2, 0.87, 2.66, 6.0, 12.0)
#: The case and target that are enlarged.
GROWING = ("zebra", "1")
#: Edits of about 5 % of the picture are made at so many megapixels.
EDITED, SHARES = 2.0, (0.03, 0.12)
#: Largest share of the machine that other programs may use.
QUIET = 0.1

Times = dict[str, Any]

_RENDER = """
import json, resource, sys, time
import analogon
image, labels, target, keep, options = sys.argv[1:]
exemplar = analogon.load_exemplar(image, labels)
layout = analogon.load_target(exemplar, target)
size = tuple(round(n * (50000 / layout.ids.size) ** 0.5) for n in layout.shape)
analogon.fit(exemplar.resize(size), "patch", **json.loads(options)).render(layout.resize(size), keep=keep)
before = time.process_time()
result = analogon.fit(exemplar, "patch", **json.loads(options)).render(layout, keep=keep)
cpu = time.process_time() - before
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": result.seconds, "cpu": cpu, "peak": peak, "timing": dict(result.timing)}))
"""


@cache
def machine() -> str:
    """Processor, cores and versions."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
    model = f", {names[0]}" if names else ""
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}"
    return f"{platform.machine()}{model}, {os.cpu_count()} cores, {versions}"


def _busy() -> tuple[float, float]:
    """CPU seconds that all programs of the machine have used, and those that this one and its children have."""
    spent = os.times()
    ours = spent.user + spent.system + spent.children_user + spent.children_system
    words = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(words[:3]) + sum(words[5:8])) / os.sysconf("SC_CLK_TCK"), ours


def measured(run: Callable[[], float], repeat: int = 5) -> Times:
    """Median, least and most of the seconds that runs return, CPU seconds, and what others used of the machine."""
    runs: list[tuple[float, float, float]] = []
    while sum(others <= QUIET for others, _, _ in runs) < repeat and len(runs) < 2 * repeat:
        started, (machine_before, ours_before) = time.perf_counter(), _busy()
        seconds = run()
        wall, (machine_after, ours_after) = time.perf_counter() - started, _busy()
        # the machine counts in hundredths of a second
        others = max(machine_after - machine_before - (ours_after - ours_before) - 0.02, 0.0)
        runs.append((others / (wall * (os.cpu_count() or 1)), seconds, ours_after - ours_before))
    shares, times, cpu = zip(*sorted(runs)[:repeat], strict=True)
    found = {"median": median(times), "least": min(times), "most": max(times), "cpu": median(cpu)}
    return {**found, "others": max(shares), "runs": len(times)}


def timed(command: list[str], **environment: str) -> float:
    """Wall-clock seconds of a program."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
    return time.perf_counter() - started


def make(image: Path, labels: Path, target: Path, *more: str, **environment: str) -> float:
    """Wall-clock seconds of a whole `analogon make` process with one target."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(sys.executable).with_name("analogon"))
        words = [program, "make", *map(str, (image, labels, target)), "-o", folder, "--method", "patch", *more]
        return timed(words, **environment)


def enlarged(folder: Path, megapixels: float, out: Path, stem: str | None = None) -> tuple[Path, Path, list[Path]]:
    """The case, with one target or all, at another size: picture by Lanczos, maps by the nearest pixel."""
    found = analogon.find_case(folder)
    exemplar = analogon.load_exemplar(found.image, found.labels)
    factor = (megapixels * 1e6 / exemplar.labels.ids.size) ** 0.5
    size = tuple(round(n * factor) for n in exemplar.shape)
    out.mkdir(parents=True, exist_ok=True)
    large, targets = exemplar.resize(size), []
    analogon.write_image(out / "img.png", large.image)
    analogon.write_labels(out / "label.png", large.labels)
    for path in found.targets:
        if stem in (None, path.stem):
            targets.append(out / f"{path.stem}.png")
            analogon.write_labels(targets[-1], analogon.load_target(exemplar, path).resize(size))
    return out / "img.png", out / "label.png", targets


def engine(folder: Path, options: Times) -> Times:
    """Hot engine time of every target of a case, in full and as a preview."""
    found = analogon.find_case(folder)
    exemplar = analogon.load_exemplar(found.image, found.labels)
    model = analogon.fit(exemplar, "patch", **options)
    times: Times = {"size": exemplar.shape, "full": {}, "auto": {}, "preview": {}}
    wishes = {"full": {"keep": "none"}, "auto": {}, "preview": {"keep": "none", "preview": True}}
    for path in found.targets:
        layout = analogon.load_target(exemplar, path)
        for kind, wish in wishes.items():
            model.render(layout, **wish)
            times[kind][path.stem] = measured(lambda wish=wish, layout=layout: model.render(layout, **wish).seconds)
    return times


def edits(folder: Path, out: Path, options: Times) -> dict[str, Times]:
    """Hot engine time of the small edits of a case on an enlarged picture, all but the edit kept."""
    image, labels, targets = enlarged(folder, EDITED, out)
    exemplar, times = analogon.load_exemplar(image, labels), {}
    model = analogon.fit(exemplar, "patch", **options)
    for path in targets:
        layout = analogon.load_target(exemplar, path)
        share = float((layout.ids != exemplar.labels.ids).mean())
        if SHARES[0] <= share <= SHARES[1]:
            kept = model.render(layout).provenance.kept()
            found = measured(lambda layout=layout: model.render(layout).seconds)
            times[f"{folder.name}/{path.stem}"] = {"share": share, "kept": kept, **found}
    return times


def growth(folder: Path, out: Path, options: Times) -> list[Times]:
    """Time and peak memory of a full render by size, in a process each."""
    rows = []
    for megapixels in MEGAPIXELS:
        image, labels, targets = enlarged(folder, megapixels, out, GROWING[1])
        answers = []

        def run(words: tuple[Path, ...] = (image, labels, *targets), answers: list[Times] = answers) -> float:
            command = [sys.executable, "-c", _RENDER, *map(str, words), "none", json.dumps(options)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            answers.append(json.loads(done.stdout))
            return float(answers[-1]["seconds"])

        row = measured(run, 3)
        row |= {"peak": max(answer["peak"] for answer in answers), "cpu": median(answer["cpu"] for answer in answers)}
        row |= {"timing": answers[-1]["timing"]}
        rows.append({"megapixels": megapixels, **row})
        print("growth", rows[-1], flush=True)
    return rows


def measure(folders: list[Path], out: Path, options: Times) -> None:
    """Everything; writes OUT/times.json, anew after each case."""
    times: Times = {"load": os.getloadavg(), "engine": {}, "make": {}, "edits": {}, "growth": [], "first": {}}
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={json.dumps(value)}")]

    def keep() -> None:
        (out / "times.json").write_text(json.dumps(times, indent=1) + "\n")

    for folder in folders:
        found = analogon.find_case(folder)
        files = (found.image, found.labels, found.targets[0])
        times["engine"][folder.name] = engine(folder, options)
        make(*files)
        times["make"][folder.name] = measured(lambda files=files: make(*files, "--keep", "none", *settings))
        times["edits"] |= edits(folder, out / "enlarged" / folder.name, options)
        keep()
        print("timed", folder.name, flush=True)
    smallest = min(folders, key=lambda folder: times["engine"][folder.name]["size"])
    found = analogon.find_case(smallest)
    with tempfile.TemporaryDirectory() as empty:
        runs = [make(found.image, found.labels, found.targets[0], NUMBA_CACHE_DIR=empty) for _ in range(2)]
    times["first"] = {"case": smallest.name, "seconds": runs}
    keep()
    for folder in folders:
        if folder.name == GROWING[0]:
            times["growth"] = growth(folder, out / "enlarged" / "growth", options)
    keep()


def table(times: Times) -> list[str]:
    """The times for people."""
    lines = ["## Times", ""]
    runs = next(iter(times["make"].values()))["runs"]
    lines += [
        f"Seconds; medians, runs per figure: {runs}. Engine: `Result.seconds`, hot, over all targets of the case:"
    ]
    lines[-1] += (
        " median and slowest target, and CPU seconds of both cores together; process: the whole `analogon make`"
    )
    lines[-1] += " with one target; preview: the slowest. /: EbSynth's over ours."
    lines += [
        "",
        "| case | EbSynth | engine, keep none | / | CPU | slowest | / | preview | keep auto | process | / | CPU |",
    ]
    lines += ["|---" * 12 + "|"]
    worst = 0.0
    for case, found in times["engine"].items():
        theirs = EBSYNTH.get(case, float("nan"))
        full, preview, auto = ([one["median"] for one in found[k].values()] for k in ("full", "preview", "auto"))
        whole, cpu = (times["make"][case][k] for k in ("median", "cpu"))
        full_cpu = median(one["cpu"] for one in found["full"].values())
        worst = max([worst, *(one["others"] for kind in ("full", "preview", "auto") for one in found[kind].values())])
        cells = [f"{median(full):.2f}", f"{theirs / median(full):.0f}", f"{full_cpu:.2f}"]
        cells += [f"{max(full):.2f}", f"{theirs / max(full):.0f}", f"{max(preview):.3f}", f"{median(auto):.2f}"]
        cells += [f"{whole:.2f}", f"{theirs / whole:.1f}", f"{cpu:.2f}"]
        size = "x".join(str(n) for n in reversed(found["size"]))
        lines.append(f"| {case} {size} | {theirs} | {' | '.join(cells)} |")
    lines += ["", f"Edits at {EDITED:g} megapixels, `--keep auto`:", ""]
    lines += ["| target | labels changed | kept | s | CPU |", "|---|---|---|---|---|"]
    for name, one in sorted(times["edits"].items(), key=lambda item: item[1]["share"]):
        lines.append(f"| {name} | {one['share']:.1%} | {one['kept']:.1%} | {one['median']:.2f} | {one['cpu']:.2f} |")
        worst = max(worst, one["others"])
    if times["growth"]:
        lines += ["", f"Growth, {'/'.join(GROWING)} enlarged, `--keep none`, in a process each:", ""]
        lines += ["| megapixels | s | over linear | CPU | over linear | peak GB | EbSynth s |", "|---" * 7 + "|"]
        first = times["growth"][0]
        for row in times["growth"]:
            grown = row["megapixels"] / first["megapixels"]
            theirs = EBSYNTH_GROWTH.get(row["megapixels"], "")
            cells = [f"{row['megapixels']:g}"]
            for kind in ("median", "cpu"):
                cells += [f"{row[kind]:.2f}", f"{row[kind] / first[kind] / grown:.2f}"]
            cells += [f"{row['peak']:.2f}", theirs]
            lines.append(f"| {' | '.join(map(str, cells))} |")
            worst = max(worst, row["others"])
    if times["first"]:
        first, second = times["first"]["seconds"]
        lines += ["", f"`analogon make` on {times['first']['case']} with an empty kernel cache: {first:.1f} s, then"]
        lines[-1] += f" {second:.1f} s."
    lines += ["", f"Other programs used up to {worst:.0%} of the machine during a run that counts."]
    return lines

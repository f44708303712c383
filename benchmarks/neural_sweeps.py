"""Random layouts by the hundred, and times at one size; called by neural.py with --random and --times.

Random layouts are invented from the label map (regions bent, moved, scaled, mirrored, doubled, removed), from the hard
layouts in the same way, or by strewing turned pieces of the source over one of these; every tenth has another size. A
crash, a wrong size or a value that is no colour is a failure; the judge then says which ten are the worst.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cases import scaled
from contenders import Contender
from judging import Figures, Judge, shown
from painting import Ids, placed, put
from patch_times import measured
from PIL import Image
from scipy import ndimage
from sheets import sheet

import analogon
from analogon.methods.semia.layouts import invent

if TYPE_CHECKING:
    from neural import Picture

WORST = 10
#: Height and width that times are of.
TIMED = (384, 512)
#: Minutes of fitting before times are taken: they do not depend on what was learnt.
TIMED_BUDGET = 0.1
PRINTED = ("miou", "coh@1", "com@1", "sharp")


def strewn(ids: Ids, source: Ids, rng: np.random.Generator) -> Ids:
    """A map with one to four pieces of the source put down on it, turned, scaled and mirrored."""
    for _ in range(rng.integers(1, 5)):
        parts, count = ndimage.label(source == rng.choice(np.unique(source)), np.ones((3, 3)))
        piece = parts == rng.integers(1, count + 1)
        if 0.002 < piece.mean() < 0.5:
            centre = np.argwhere(piece).mean(0)
            laid = placed(
                source,
                piece,
                (float(centre[0]), float(centre[1])),
                turn=rng.uniform(-60, 60),
                scale=float(np.exp(rng.uniform(-0.7, 0.5))),
                mirror=bool(rng.random() < 0.5),
                to=(rng.uniform(0, source.shape[0]), rng.uniform(0, source.shape[1])),
            )
            ids = put(ids, laid)
    return ids


def invented(picture: "Picture", count: int) -> Iterator[analogon.LabelMap]:
    """Random layouts of a picture, the same ones every time."""
    labels = picture.exemplar.labels
    hard = [wanted.layout.ids for wanted in picture.wanted if wanted.set == "hard"] or [labels.ids]
    for seed in range(count):
        rng = np.random.default_rng(seed)
        ids = labels.ids if seed % 2 else hard[rng.integers(len(hard))]
        ids = invent(ids, rng) if seed % 4 < 2 else strewn(ids, labels.ids, rng)
        layout = analogon.LabelMap(ids, labels.palette)
        yield layout.resize(scaled(layout.shape, rng.uniform(0.75, 1.25))) if seed % 10 == 9 else layout


def wrong(result: analogon.Result, layout: analogon.LabelMap) -> str | None:
    """What is wrong with a result in itself."""
    image = result.image
    if image.shape != (*layout.shape, 3):
        return f"the shape is {image.shape}"
    if not np.isfinite(image).all():
        return f"{np.count_nonzero(~np.isfinite(image))} values are not finite"
    return None if image.min() >= 0 and image.max() <= 1 else "values are outside 0 to 1"


def random_layouts(pictures: list["Picture"], judge: Judge, among: list[Contender], count: int, out: Path) -> list[str]:
    """Render and judge ``count`` layouts of each picture with each method; returns the failures.

    Writes OUT/random.json, and OUT/random/<method>/<picture>-worst.png and .../worst.png: ten layouts with the results
    that the judge finds least coherent, of each picture and of all.
    """
    store = out / "random.json"
    record: Figures = json.loads(store.read_text()) if store.exists() else {}
    for one in among:
        everything = []
        for picture in pictures:
            folder = out / "random" / one.slug / picture.name
            folder.mkdir(parents=True, exist_ok=True)
            model = one.fit(
                picture.exemplar, out / "models" / picture.name, [wanted.layout for wanted in picture.wanted]
            )
            rows, failures = [], []
            for seed, layout in enumerate(invented(picture, count)):
                try:
                    result = one.render(model, layout)
                    complaint = wrong(result, layout)
                except Exception as error:  # a crash is what is looked for
                    complaint = f"{type(error).__name__}: {error}"
                if complaint:
                    failures.append(f"{one.label}, {picture.name}, layout {seed}: {complaint}")
                    continue
                target, file = folder / f"{seed:03d}-layout.png", folder / f"{seed:03d}.png"
                analogon.write_labels(target, layout)
                result.save(file)
                figures = judge(picture.image, picture.labels, target, [file])[0]
                rows.append({"file": str(file), "target": str(target), "image": str(picture.image), "seed": seed})
                rows[-1] |= {name: figures[name] for name in PRINTED}
            known = {"layouts": count, "failures": failures, "results": rows}
            record.setdefault(one.label, {})[picture.name] = known
            store.write_text(json.dumps(record, indent=1) + "\n")
            print(one.label, picture.name, f"{count} random layouts, {len(failures)} failures", flush=True)
            _draw_worst(rows, folder.parent / f"{picture.name}-worst.png")
            everything += rows
        _draw_worst(everything, out / "random" / one.slug / "worst.png")
    mine = {one.label for one in among}
    return [text for label in mine for found in record[label].values() for text in found["failures"]]


def _draw_worst(rows: list[Figures], path: Path) -> None:
    worst = sorted(rows, key=lambda row: -row["coh@1"])[:WORST]
    drawn = []
    for row in worst:
        title = f"{Path(row['image']).parent.name} {row['seed']}: " + ", ".join(f"{k} {shown(row, k)}" for k in PRINTED)
        files = {"source": row["image"], "layout": row["target"], title: row["file"]}
        drawn.append([(name, Image.open(file).convert("RGB")) for name, file in files.items()])
    if drawn:
        sheet(drawn).save(path)


def random_table(record: Figures) -> list[str]:
    """Failures, and the spread of coherence."""
    lines = [
        "## Random layouts",
        "",
        "| method | picture | layouts | failures | coh@1 median | coh@1 worst | miou worst |",
    ]
    lines.append("|---" * 7 + "|")
    for label, found in record.items():
        for name, known in found.items():
            coh, miou = ([row[k] for row in known["results"]] for k in ("coh@1", "miou"))
            cells = [f"{np.median(coh):.1f}", f"{max(coh):.1f}", f"{min(miou):.3f}"] if coh else ["-"] * 3
            counts = f"{known['layouts']} | {len(known['failures'])}"
            lines.append(f"| {label} | {name} | {counts} | {' | '.join(cells)} |")
    return lines


def times(picture: "Picture", among: list[Contender], out: Path) -> None:
    """Hot render times at one size; writes OUT/times.json."""
    store = out / "times.json"
    record: Figures = json.loads(store.read_text()) if store.exists() else {}
    exemplar = picture.exemplar.resize(TIMED)
    layouts = [wanted.layout.resize(TIMED) for wanted in picture.wanted[:3]]
    for full in among:
        one = Contender(full.word, TIMED_BUDGET)
        model = one.fit(exemplar, out / "models" / f"{picture.name}-{TIMED[1]}x{TIMED[0]}", layouts)
        for layout in layouts:
            result = one.render(model, layout)
        renders = [lambda layout=layout, one=one, model=model: one.render(model, layout).seconds for layout in layouts]
        runs = [measured(render) for render in renders]
        record[full.word] = {
            "picture": picture.name,
            "threads": result.threads,
            "device": result.device,
            "timing": dict(result.timing),
            "runs": runs,
        }
        store.write_text(json.dumps(record, indent=1) + "\n")


def times_table(record: Figures) -> list[str]:
    """Median, least and most by method."""
    lines = [f"## Times at {TIMED[1]}x{TIMED[0]}", ""]
    lines += ["| method | picture | device | threads | layouts | median ms | least | most | CPU ms | others |"]
    lines.append("|---" * 10 + "|")
    for word, found in record.items():
        runs = found["runs"]
        middle, cpu = (float(np.median([run[name] for run in runs])) * 1e3 for name in ("median", "cpu"))
        least, most = min(run["least"] for run in runs) * 1e3, max(run["most"] for run in runs) * 1e3
        others = max(run["others"] for run in runs)
        cells = [word, found["picture"], found["device"], str(found["threads"]), str(len(runs))]
        cells += [f"{value:.0f}" for value in (middle, least, most, cpu)]
        lines.append(f"| {' | '.join(cells)} | {others:.0%} |")
    return lines

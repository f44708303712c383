"""Layouts where maps made by hand fail: new poses, new overlaps, more instances, growth, holes beside structure.

    python benchmarks/hard_layouts.py CASES -o OUT

CASES holds zebra, tree, building, hill and renoir (see README.md); the other pictures are those of ``examples/``. Each
layout is made of its source's label map, by the same steps every time, and has its size. Writes
OUT/<picture>/<name>.png, and OUT/sheet-<n>.png, which shows every layout beside its source.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import hard_cases
import hard_examples
import numpy as np
from hard_source import Layout, Source
from PIL import Image
from sheets import sheet

import analogon

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LAYOUTS = (*hard_cases.LAYOUTS, *hard_examples.LAYOUTS)


def folders(cases: Path) -> dict[str, Path]:
    """The pictures that LAYOUTS are of, by name: those of CASES that are there, and the shipped ones."""
    names = dict.fromkeys(one.picture for one in LAYOUTS)
    found = {name: next((d / name for d in (cases, EXAMPLES) if (d / name).is_dir()), None) for name in names}
    return {name: folder for name, folder in found.items() if folder is not None}


def layouts_of(source: Source) -> Iterator[tuple[Layout, analogon.LabelMap]]:
    """All hard layouts of a picture."""
    for one in LAYOUTS:
        if one.picture == source.folder.name:
            yield one, analogon.LabelMap(one.make(source), source.exemplar.labels.palette)


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cases", type=Path)
    ap.add_argument("-o", "--output", type=Path, required=True)
    ap.add_argument("--only", nargs="*")
    args = ap.parse_args()
    rows = []
    for name, folder in folders(args.cases).items():
        if args.only and name not in args.only:
            continue
        source = Source.read(folder)
        (args.output / name).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(np.rint(source.exemplar.image * 255).astype(np.uint8))
        size = (300, round(300 * picture.height / picture.width))
        rows.append([(name, picture.resize(size)), ("labels", _small(source.exemplar.labels, size))])
        for one, target in layouts_of(source):
            analogon.write_labels(args.output / name / f"{one.name}.png", target)
            if len(rows[-1]) == 4:
                rows.append([])
            rows[-1].append((f"{one.picture}/{one.name} ({one.kind})", _small(target, size)))
            print(f"{one.picture}/{one.name} ({one.kind}): {one.says}")
    for place in range(0, len(rows), 6):
        sheet(rows[place : place + 6]).save(args.output / f"sheet-{place // 6 + 1}.png")


def _small(labels: analogon.LabelMap, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(labels.resize(size[::-1]).colors())


if __name__ == "__main__":
    main()

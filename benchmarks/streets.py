"""Models of street scenes, on layouts of drives that they did not learn, in looks of frames of other drives.

    python benchmarks/streets.py spade groupdnet msca --data camvid -o streets [--count 12]

Of each model: what trees that know real frames see in its pictures, how near a layout in its own look is to its frame,
and patch figures against the frame whose look was asked for; `sheet-MODEL.png` shows all of it. What concerns random
looks is said by `analogon evaluate`. Models are folders of `analogon train`. Needs analogon[neural].
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from sheets import sheet

import analogon
from analogon.data import Exemplar
from analogon.datasets import load_pictures
from analogon.metrics.agreement import Agreement, Classifier
from analogon.metrics.scorer import Scorer

#: Pixels of frames, (height, width), and how many of them the trees are fitted to.
SIZE, KNOWN = (96, 128), 12
#: Figures of `analogon score` that are taken of each picture.
PATCHES = "coherence@1", "sharpness"


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(image - truth).mean()))


class Streets:
    """Frames spread evenly over the test drives, each with another one whose look it is painted in."""

    def __init__(self, root: Path, count: int) -> None:
        pictures = load_pictures(root, "auto", "val")
        self.unknown = pictures.unknown

        def frame(n: int) -> Exemplar:
            one = pictures[n].exemplar(pictures.palette).resize(SIZE)
            return Exemplar(one.image, one.labels, one.labels.ids != self.unknown)

        places = np.linspace(0, len(pictures) - 1, count).round().astype(int)
        self.frames = [frame(n) for n in places]
        # the order is that of the drives, so that half of the way on is another one
        self.looks = [self.frames[(n + count // 2) % count] for n in range(count)]
        between = np.linspace(0, len(pictures) - 1, KNOWN + 2).round().astype(int)[1:-1]
        self.trees = Classifier(Exemplar.join([frame(n) for n in between if n not in places]))
        self.scorers = [Scorer(look) for look in self.looks]

    def seen(self, images: Sequence[np.ndarray]) -> dict[str, float]:
        """How far the trees see the layouts in pictures of them."""
        found = Agreement()
        for image, one in zip(images, self.frames, strict=True):
            found.add(self.trees.classes_of(image)[one.usable], one.labels.ids[one.usable])
        return {"miou": found.miou or 0.0, "pixels": found.accuracy or 0.0}

    def figures(self, model: analogon.TrainedModel, output: Path) -> dict[str, float]:
        """Those of one model; its sheet is written."""
        own = [model.render(one.labels, style=one).image for one in self.frames]
        other = [model.render(a.labels, style=b).image for a, b in zip(self.frames, self.looks, strict=True)]
        found = self.seen(other)
        found["psnr, own look"] = float(np.mean([psnr(a, b.image) for a, b in zip(own, self.frames, strict=True)]))
        scores = [s.score(i, f.labels).figures for s, i, f in zip(self.scorers, other, self.frames, strict=True)]
        found |= {name: float(np.mean([one[name] for one in scores])) for name in PATCHES}
        rows = [
            [
                ("layout", Image.fromarray(frame.labels.colors())),
                ("its frame", picture(frame.image)),
                ("in the look of its frame", picture(mine)),
                ("look", picture(look.image)),
                ("in this look", picture(others)),
            ]
            for frame, look, mine, others in zip(self.frames, self.looks, own, other, strict=True)
        ]
        sheet(rows).save(output)
        return found


def picture(array: np.ndarray) -> Image.Image:
    return Image.fromarray(np.uint8(array.clip(0, 1) * 255 + 0.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12)
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    streets = Streets(given.data, given.count)
    rows = [{"model": "real frames"} | streets.seen([one.image for one in streets.frames])]
    for folder in given.models:
        model = analogon.load_trained(folder)
        found = streets.figures(model, given.output / f"sheet-{folder.name}.png")
        rows.append({"model": folder.name, "steps": model.config["steps"]} | found)
    with (given.output / "streets.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    print((given.output / "streets.csv").read_text())


if __name__ == "__main__":
    main()

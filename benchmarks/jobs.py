"""Every job by every method on a few pictures: seconds, and what can be measured without a judge.

What is random is judged by `analogon.assess`. A piece whose colours were changed should get its own ones back, and a
picture that was halved its detail; steps of a sequence are compared with those of plain stretching.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

import analogon
from analogon import jobs

Pixels = np.ndarray
Figures = dict[str, float | None]

SHOWN = (
    "coherence@1",
    "completeness@1",
    "wasserstein",
    "sharpness",
    "copied@1",
    "copied@4",
    "diversity",
    "diversity_ssim",
)
UNITS = {
    "vary": "means of the pictures; diversity of the seeds",
    "retarget": "to one and a half times the width",
    "sequence": "8 frames, width 100 to 115 %; levels from frame to frame; stretched: the same by cubic resizing",
    "paint": "from a posterised picture of 24 pixels width",
    "edit": "a piece of a sixth of the width copied elsewhere; coherence of the result",
    "harmonize": "a piece made darker and warmer; levels between it and its true colours, before and after",
    "upscale": "twice, from half the size; dB to the true picture, and of cubic resizing",
    "animate": "8 frames; levels from frame to frame, the last to the first among them",
}


def resized(image: Pixels, size: tuple[int, int]) -> Pixels:
    planes = [Image.fromarray(image[..., n]).resize(size[::-1], Image.Resampling.BICUBIC) for n in range(3)]
    return np.clip(np.stack([np.asarray(plane) for plane in planes], -1), 0, 1)


def levels(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.square(one - other).mean())) * 255


def decibel(one: Pixels, other: Pixels) -> float:
    return -10 * float(np.log10(np.square(one - other).mean()))


class Subject:
    """A picture, and what is asked of it."""

    def __init__(self, image: Pixels) -> None:
        self.image = image
        self.shape = height, width = image.shape[:2]
        self.place = np.s_[height // 3 : 2 * height // 3, width // 2 : 2 * width // 3]
        self.mask = np.zeros(self.shape, bool)
        self.mask[self.place] = True
        small = Image.fromarray(np.uint8(image * 255)).resize((24, max(1, 24 * height // width)), Image.Resampling.BOX)
        rough = small.quantize(8).convert("RGB").resize((width, height), Image.Resampling.NEAREST)
        self.painting = np.asarray(rough, np.float32) / 255
        self.pasted = image.copy()
        across = self.place[1].stop - self.place[1].start
        self.pasted[self.place] = image[self.place[0], width // 6 : width // 6 + across]
        self.tinted = image.copy()
        self.tinted[self.place] = np.clip(image[self.place] * (0.75, 0.6, 0.45) + (0.1, 0.05, 0), 0, 1)

    def asked(self, seeds: int) -> Mapping[str, Sequence[jobs.Job]]:
        """The jobs, by what the tables call them."""
        height, width = self.shape
        wider = jobs.sequence([(height, width), (height, round(1.15 * width))], 8)
        return {
            "vary": [jobs.Vary(self.shape)] * seeds,
            "retarget": [jobs.Retarget((height, width * 3 // 2))],
            "sequence": wider,
            "paint": [jobs.Paint(self.painting)],
            "edit": [jobs.Edit(self.pasted, self.mask)],
            "harmonize": [jobs.Harmonize(self.tinted, self.mask)],
            "upscale": [jobs.Upscale(2)],
            "animate": [jobs.Animate(8)],
        }

    def figures(self, job: str, results: Sequence[analogon.Result], source: Pixels) -> Figures:
        """What can be measured of the results."""
        pictures = [result.image for result in results]
        if job in ("vary", "retarget", "paint", "edit"):
            together = analogon.assess(source, list(results)).together
            return {name: together[name] for name in SHOWN if name in together}
        if job == "harmonize":
            true = self.image[self.place]
            before, after = (levels(one[self.place], true) for one in (self.tinted, pictures[0]))
            return {"before": before, "after": after}
        if job == "upscale":
            plain = resized(source, pictures[0].shape[:2])
            true = resized(self.image, pictures[0].shape[:2])
            return {"dB": decibel(pictures[0], true), "cubic": decibel(plain, true)}
        steps = analogon.Animation.of(results, 12, loop=job == "animate").changes()
        found: Figures = {"mean": float(np.mean(steps)), "most": max(steps)}
        if job == "sequence":
            stretched = [resized(self.image, one.shape[:2]) for one in pictures]
            found["stretched"] = max(levels(one, other[:, : one.shape[1]]) for one, other in pairwise(stretched))
        return found


def run(
    name: str, models: str | None, case: str, subject: Subject, seeds: int
) -> Iterator[tuple[str, list[analogon.Result], float, Figures]]:
    """(job, results, seconds for each picture, figures) of what the method can do."""
    able = analogon.describe_method(name).jobs
    for job, asked in subject.asked(seeds).items():
        kind = asked[0].name
        if kind not in able:
            continue
        half = tuple(n // 2 for n in subject.shape)
        source = resized(subject.image, half) if job == "upscale" else subject.image
        if models is None:
            model = analogon.prepare(source, kind, name)
        else:
            folder = Path(models.format(case=case, job=kind))
            if not folder.is_dir():
                continue
            model = analogon.load(folder)
        list(model.perform(asked[:1]))  # what is compiled or kept is ready then
        start = time.perf_counter()
        results = list(model.perform(asked))
        yield job, results, (time.perf_counter() - start) / len(results), subject.figures(job, results, source)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def main(say: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path, help="pictures, or case folders with img.*")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--methods", nargs="+", default=["patch"], help="names, or NAME=models/{case}/{job}")
    parser.add_argument("--side", type=int, default=570, help="longest side that pictures are brought to")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--table", type=Path, help="write the table here as well")
    given = parser.parse_args()
    lines: dict[str, list[list[str]]] = {}
    heads: dict[str, list[str]] = {}
    for path in given.pictures:
        picture = next(path.glob("img.*")) if path.is_dir() else path
        case = path.stem
        image = analogon.read_image(picture)
        factor = given.side / max(image.shape)
        subject = Subject(resized(image, (round(image.shape[0] * factor), round(image.shape[1] * factor))))
        for method in given.methods:
            name, _, models = method.partition("=")
            for job, results, seconds, figures in run(name, models or None, case, subject, given.seeds):
                for n, result in enumerate(results):
                    folder = given.output / case / job
                    folder.mkdir(parents=True, exist_ok=True)
                    analogon.write_image(folder / f"{name}-{n}.png", result.image)
                heads.setdefault(job, ["picture", "method", "seconds", *figures])
                cells = [
                    f"{seconds:.2f}",
                    *("" if figures.get(k) is None else f"{figures[k]:.3g}" for k in heads[job][3:]),
                ]
                lines.setdefault(job, []).append([case, name, *cells])
                say(f"{case} {job} {name}: {' '.join(cells)}")
    text = "\n\n".join(f"**{job}**: {UNITS[job]}\n\n{table(heads[job], rows)}" for job, rows in lines.items())
    say(text)
    if given.table is not None:
        given.table.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

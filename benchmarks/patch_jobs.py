"""The jobs of method `patch` on the shipped photographs: seconds, diversity and copies, jumps, and enlargement.

Writes benchmarks/results/patch_jobs.md; with --images also docs/images/jobs/patch_*.jpg.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from analogon.data import Exemplar
from analogon.jobs import Animate, Edit, Harmonize, Job, Paint, Retarget, Upscale, Vary
from analogon.methods.patch.config import Config
from analogon.methods.patch.method import METHOD
from analogon.metrics.copying import largest_copy, used
from analogon.metrics.variety import diversity
from analogon.ops.parallel import threads
from analogon.ops.rearranging import one_class
from analogon.rendering import Rendering
from analogon.run import Run

Picture = NDArray[np.float32]
ROOT = Path(__file__).parent.parent
SIZE = (380, 570)
IMAGES = ROOT / "docs" / "images" / "jobs"


def photo(name: str, size: tuple[int, int] | None = SIZE) -> Picture:
    with Image.open(ROOT / "examples" / name / "img.jpg") as image:
        return (
            np.asarray(image.resize((size[1], size[0]), Image.Resampling.LANCZOS) if size else image, np.float32) / 255
        )


def done(picture: Picture, jobs: Sequence[Job]) -> tuple[list[Rendering], float, float]:
    """Renderings, with wall-clock and processor seconds of each."""
    synthesizer = METHOD.fit(Exemplar(picture, one_class(picture.shape[:2])), Config(), Run())
    began, busy = time.perf_counter(), time.process_time()
    made = list(synthesizer.perform(jobs, Run()))
    return made, (time.perf_counter() - began) / len(made), (time.process_time() - busy) / len(made)


def within(picture: Picture, row: float, col: float, radius: float) -> NDArray[np.bool_]:
    """A disc, in shares of the height."""
    rows, cols = np.indices(picture.shape[:2]) / picture.shape[0]
    inside: NDArray[np.bool_] = (rows - row) ** 2 + (cols - col) ** 2 < radius**2
    return inside


def flowers(size: tuple[int, int]) -> Picture:
    """A rough painting."""
    image = Image.new("RGB", (size[1], size[0]), (8, 60, 70))
    draw = ImageDraw.Draw(image)
    for x, y, r in ((0.35, 0.31, 0.2), (0.98, 0.58, 0.31), (1.33, 0.2, 0.12)):
        for radius, colour in ((r, (240, 170, 110)), (r / 3, (220, 90, 50))):
            draw.ellipse([size[0] * v for v in (x - radius, y - radius, x + radius, y + radius)], fill=colour)
    return np.asarray(image, np.float32) / 255


def moved_flower(picture: Picture) -> Picture:
    """The flower painted over, and a square of it pasted elsewhere."""
    edited = picture.copy()
    edited[within(picture, 0.52, 0.72, 0.37)] = (0.02, 0.22, 0.25)
    h = picture.shape[0]
    edited[int(0.06 * h) :, int(0.06 * h) :][: int(0.36 * h), : int(0.36 * h)] = picture[
        int(0.33 * h) :, int(0.55 * h) :
    ][: int(0.36 * h), : int(0.36 * h)]
    return edited


def pasted_flower(picture: Picture) -> tuple[Picture, NDArray[np.bool_]]:
    """The dahlia in another picture, and where it is."""
    flower = photo("flower", picture.shape[:2])
    disc = within(flower, 0.52, 0.725, 0.29)
    shift = (int(-0.12 * picture.shape[0]), int(0.36 * picture.shape[0]))
    mask = np.roll(disc, shift, (0, 1))
    return np.where(mask[..., None], np.roll(flower, shift, (0, 1)), picture), mask


def jump(frames: Sequence[Picture], reach: int = 12, block: int = 16) -> float:
    """Root mean square difference, in levels, of each block of a frame to what is most like it near by before."""
    found = []
    for one, other in pairwise(frames):
        height, width = other.shape[:2]
        wide = np.pad(one, ((2, 2 + height), (reach, reach + width), (0, 0)), mode="edge")
        best = np.full((height // block, width // block), np.inf)
        for down in range(5):
            for across in range(2 * reach + 1):
                gap = ((wide[down : down + height, across : across + width] - other) ** 2).mean(-1)
                whole = gap[: height // block * block, : width // block * block]
                best = np.minimum(best, whole.reshape(len(best), block, -1, block).mean((1, 3)))
        found.append(best.mean())
    return float(np.sqrt(np.mean(found))) * 255


def cubic(picture: Picture, size: tuple[int, int], kind: Image.Resampling = Image.Resampling.BICUBIC) -> Picture:
    parts = [Image.fromarray(np.ascontiguousarray(picture[..., k])).resize((size[1], size[0]), kind) for k in range(3)]
    return np.clip(np.stack([np.asarray(part, np.float32) for part in parts], -1), 0, 1)


def shown(name: str, *rows: Sequence[Picture]) -> None:
    """Pictures side by side as a small JPEG."""
    if not IMAGES.exists():
        return
    lines = [
        np.concatenate([cubic(one, (200, round(200 * one.shape[1] / one.shape[0]))) for one in row], 1) for row in rows
    ]
    width = max(line.shape[1] for line in lines)
    sheet = np.concatenate(
        [np.pad(line, ((0, 4), (0, width - line.shape[1]), (0, 0)), constant_values=1) for line in lines]
    )
    Image.fromarray(np.rint(sheet * 255).astype(np.uint8)).save(IMAGES / f"patch_{name}.jpg", quality=82)


def seconds(wall: float, busy: float) -> str:
    return f"{wall:.2f} | {busy:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", action="store_true")
    if parser.parse_args().images:
        IMAGES.mkdir(parents=True, exist_ok=True)
    lines = [
        "# The jobs of method `patch`",
        "",
        f"At {SIZE[1]}x{SIZE[0]} pixels, {threads()} threads, by `benchmarks/patch_jobs.py`.",
        "",
    ]
    lines += ["| job | photograph | seconds | processor seconds | |", "| --- | --- | --- | --- | --- |"]

    def tell(job: str, name: str, took: tuple[float, float], rest: str = "") -> None:
        lines.append(f"| {job} | {name} | {seconds(*took)} | {rest} |")
        print(lines[-1], flush=True)

    done(photo("china", (64, 96)), [Vary((64, 96))])  # kernels are compiled
    for name in ("china", "flower"):
        picture = photo(name)
        row = [picture]
        for difference in (0.3, 1.0):
            made, *took = done(picture, [Vary(SIZE, difference)] * 3)
            images = [one.image for one in made]
            row += images[: 1 if difference < 1 else 2]
            copies = np.mean([largest_copy(one.provenance) for one in made if one.provenance])
            share = np.mean([used(one.provenance, None) for one in made if one.provenance])
            figures = diversity(images)
            tell(
                f"vary {difference}", name, (took[0], took[1]),
                f"diversity {figures['diversity']:.2f}, largest copy {copies:.2f}, used {share:.2f}",
            )  # fmt: skip
        shown(f"vary_{name}", row[:2], row[2:])
        narrow, *took = done(picture, [Retarget((SIZE[0], 340))])
        wide, *took = done(picture, [Retarget((SIZE[0], 960))])
        tell("retarget to 960 wide", name, (took[0], took[1]))
        shown(f"retarget_{name}", [picture, narrow[0].image], [wide[0].image])
    picture = photo("china")
    sizes = [(SIZE[0], SIZE[1] - 10 * n) for n in range(8)]
    frames, *took = done(picture, [Retarget(size) for size in sizes])
    alone = [done(picture, [Retarget(size)])[0][0].image for size in sizes[4:7]]
    tell(
        "sequence of 8", "china", (took[0], took[1]),
        f"from frame to frame {jump([one.image for one in frames]):.1f} levels; made one by one {jump(alone):.1f}; "
        f"plainly resized {jump([cubic(picture, size) for size in sizes[:3]]):.1f}",
    )  # fmt: skip
    flower = photo("flower")
    painting = flowers(SIZE)
    (painted,), *took = done(flower, [Paint(painting)])
    tell("paint", "flower", (took[0], took[1]))
    shown("paint", [painting, painted.image])
    edited = moved_flower(flower)
    (mended,), *took = done(flower, [Edit(edited)])
    tell("edit", "flower", (took[0], took[1]))
    shown("edit", [edited, mended.image])
    composite, mask = pasted_flower(picture)
    (toned,), *took = done(picture, [Harmonize(composite, mask)])
    tell("harmonize", "china", (took[0], took[1]))
    shown("harmonize", [composite, toned.image])
    loop, *took = done(picture, [Animate(8)])
    steps = [float(np.abs(a.image - b.image).mean()) * 255 for a, b in pairwise([*loop, loop[0]])]
    tell(
        "animate, each frame",
        "china",
        (took[0], took[1]),
        f"steps {min(steps):.1f} to {max(steps):.1f}, the last {steps[-1]:.1f} levels",
    )
    lines += ["", "## Enlarging twice", "", "PSNR in dB of what was shrunk by a filter and enlarged again.", ""]
    lines += ["| photograph | shrunk by | cubic | patch | seconds |", "| --- | --- | --- | --- | --- |"]
    for name in ("chelsea", "china", "coffee", "flower"):
        truth = photo(name, None)
        half = truth.shape[0] // 2, truth.shape[1] // 2
        for kind in (Image.Resampling.BICUBIC, Image.Resampling.BOX, Image.Resampling.LANCZOS):
            small = cubic(truth, half, kind)
            (large,), wall, _ = done(small, [Upscale(2.0)])
            plain = cubic(small, truth.shape[:2])
            psnr = [-10 * np.log10(((one - truth) ** 2).mean()) for one in (plain, large.image)]
            lines.append(f"| {name} | {kind.name.lower()} | {psnr[0]:.2f} | {psnr[1]:.2f} | {wall:.2f} |")
            print(lines[-1], flush=True)
            if name == "flower" and kind is Image.Resampling.BICUBIC:
                part = np.s_[80:180, 130:280]
                shown("upscale", [cubic(one[part], (300, 450)) for one in (plain, large.image, truth)])
    (ROOT / "benchmarks" / "results" / "patch_jobs.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

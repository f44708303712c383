"""The jobs of a fitted SinGAN model, beside their source, with figures: how near, how different, how even.

    python benchmarks/singan_pictures.py MODEL -o FOLDER [--jobs vary retarget ...] [--seed 0]

MODEL is a folder that ``analogon fit --method singan`` wrote. Paintings, edits and composites are made of the model's
own source: blots of five colours of its mirror image; a piece of it pasted elsewhere; a piece in other colours. Writes
FOLDER/singan_JOB.jpg, each a row of pictures: first what was given, then what was made of it.
"""

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage as ndi

import analogon
from analogon import jobs
from analogon.run import Run

Floats = NDArray[np.float32]

#: Height of the pictures in a row, at most, and bytes of a row.
HEIGHT, BYTES = 180, 100_000


def row(pictures: Sequence[Floats], path: Path) -> None:
    """Pictures side by side as a JPEG of no more than so many bytes."""
    height = min(HEIGHT, *(len(p) for p in pictures))
    parts = []
    for picture in pictures:
        image = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
        image = image.resize((max(1, round(image.width * height / image.height)), height), Image.Resampling.LANCZOS)
        parts.append(np.pad(np.asarray(image), ((0, 0), (0, 4), (0, 0)), constant_values=255))
    sheet = Image.fromarray(np.concatenate(parts, 1)[:, :-4])
    for quality in range(90, 20, -10):
        sheet.save(path, quality=quality)
        if path.stat().st_size <= BYTES:
            break


def painting_of(image: Floats) -> Floats:
    """Blots of five colours, mirrored."""
    from sklearn.cluster import KMeans

    blurred = ndi.gaussian_filter(image[:, ::-1], (max(image.shape) / 60,) * 2 + (0,))
    means = KMeans(5, n_init=2, random_state=0).fit(blurred[::2, ::2].reshape(-1, 3))
    return means.cluster_centers_[means.predict(blurred.reshape(-1, 3))].reshape(image.shape).astype(np.float32)


def pasted(image: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """A piece of the left half pasted into the right one, and where."""
    height, width = image.shape[:2]
    out, mask = image.copy(), np.zeros((height, width), bool)
    piece = image[height // 8 : height * 5 // 8, width // 8 : width // 2]
    rows, cols = slice(height // 6, height // 6 + len(piece)), slice(width * 9 // 16, width * 9 // 16 + piece.shape[1])
    out[rows, cols] = piece
    mask[rows, cols] = True
    return out, ndi.binary_dilation(mask, iterations=max(width // 40, 1))


def tinted(image: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """A disc in foreign colours, and where."""
    height, width = image.shape[:2]
    rows, cols = np.mgrid[:height, :width]
    mask = np.hypot(rows - height * 0.6, cols - width * 0.7) < height / 6
    foreign = np.clip((image[:, ::-1].mean(-1, keepdims=True) - 0.5) * 1.6 + np.array([0.75, 0.35, 0.75]), 0, 1)
    return np.where(mask[..., None], foreign, image).astype(np.float32), mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--jobs", nargs="*", default=list(jobs.JOBS), choices=list(jobs.JOBS))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    model = analogon.load(args.model, device="cpu")
    painter = model._synthesizer
    image = np.asarray(model.exemplar.image)
    height, width = image.shape[:2]

    def made(*wanted: jobs.Job) -> list[Floats]:
        answers = list(painter.perform(wanted, Run(device="cpu", seed=args.seed)))
        print(f"{wanted[0].name}: {sum(sum(a.seconds.values()) for a in answers) / len(answers):.2f} s a picture")
        return [a.image for a in answers]

    edited, mask = pasted(image)
    composite, disc = tinted(image)
    for job in args.jobs:
        shown: list[Floats] = [image]
        if job == "vary":
            again = made(jobs.Vary((height, width), 1e-6))[0]
            print(
                f"  what the kept noise makes: PSNR {-10 * np.log10(((again - image) ** 2).mean()):.1f} dB in full size"
            )
            samples = made(*[jobs.Vary((height, width))] * 8)
            grey = np.std([s.mean(-1) for s in samples], 0).mean() / image.mean(-1).std()
            print(f"  diversity {grey:.2f} (standard deviation over 8 pictures over that of the source)")
            shown += samples[:4] + made(jobs.Vary((height, width), 0.7)) + made(jobs.Vary((height, width * 3 // 2)))
        elif job == "retarget":
            sizes = [jobs.Retarget((height, round(width * (1 + n / 30)))) for n in range(31)]
            frames = made(*sizes)
            thumbs = [np.asarray(Image.fromarray((f * 255).astype(np.uint8)).resize((96, 64))) / 255 for f in frames]
            steps = [np.abs(a - b).mean() for a, b in pairwise(thumbs)]
            print(f"  frame to frame: median {255 * np.median(steps):.2f}, most {255 * max(steps):.2f} levels")
            shown += [frames[0], frames[15], frames[30], *made(jobs.Retarget((height, width * 2 // 3)))]
        elif job == "paint":
            painting = painting_of(image)
            shown = [painting, *(made(jobs.Paint(painting, share))[0] for share in (0.25, 0.5, 0.75, 1.0))]
        elif job == "edit":
            shown = [edited, *made(jobs.Edit(edited, mask))]
            assert (shown[1][~mask] == edited[~mask]).all()
        elif job == "harmonize":
            shown = [composite, *made(jobs.Harmonize(composite, disc))]
        elif job == "upscale":
            plain = Image.fromarray((image * 255).astype(np.uint8)).resize(
                (2 * width, 2 * height), Image.Resampling.BICUBIC
            )
            part = slice(height // 3, height), slice(width // 4, width)
            shown = [p[part] for p in (np.asarray(plain, np.float32) / 255, made(jobs.Upscale(2.0))[0])]
        else:
            frames = made(jobs.Animate(24, 0.4))
            steps = [np.abs(a - b).mean() for a, b in pairwise([*frames, frames[0]])]
            print(
                f"  frame to frame: {255 * min(steps):.2f} to {255 * max(steps):.2f} levels, "
                f"last to first {255 * steps[-1]:.2f}"
            )
            shown += frames[:12:3]
        row(shown, args.output / f"singan_{job}.jpg")


if __name__ == "__main__":
    main()

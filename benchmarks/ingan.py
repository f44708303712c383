"""InGAN in figures: time per step and to the end, memory, patches of results, the way back, and jumps in a sequence.

    python benchmarks/ingan.py speed [-o FILE]
    python benchmarks/ingan.py memory train|render RECIPE SIDE [--crop N]
    python benchmarks/ingan.py quality MODEL [-o FILE]

``speed`` times steps of each recipe on a picture of noise; the times to the end are those of a step times the steps,
with the transformations of the whole curriculum. ``memory`` is a process of its own for each figure. ``quality`` takes
the folder of a fitted model. All print Markdown. Needs analogon[neural,metrics].
"""

import argparse
import itertools
import os
import resource
import time
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage as ndi

import analogon
from analogon.jobs import Retarget
from analogon.methods.ingan.config import RECIPES, Config
from analogon.methods.ingan.geometry import Transformation
from analogon.methods.ingan.method import Remapper
from analogon.methods.ingan.training import Trainer, make_generator
from analogon.run import Run
from analogon.training.device import flushed_denormals

RUN = Run(device="cpu")
#: Factors of height and width that results are looked at.
FACTORS = ((1.0, 0.5), (1.0, 2.0), (0.5, 1.0), (2.0, 1.0))


def noise(height: int, width: int) -> np.ndarray:
    """A picture whose content does not matter."""
    return np.random.default_rng(0).random((height, width, 3), np.float32)


def machine() -> str:
    """What the figures were measured on."""
    load, cores = os.getloadavg()[0], os.cpu_count()
    return f"{torch.get_num_threads()} threads, torch {torch.__version__}, load average {load:.1f} on {cores} cores"


def lasting(seconds: float) -> str:
    """A time for people."""
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 2e5 else f"{seconds / 86400:.1f} days"


def speed(recipe: str, count: int, picture: tuple[int, int]) -> str:
    """A row: seconds a step, sampled evenly over the whole curriculum, and to the end."""
    config = Config.model_validate(RECIPES[recipe])
    with flushed_denormals():
        trainer = Trainer(noise(*picture), config, seed=0, device=torch.device("cpu"))
        trainer.step(0, 0.5)
        started, spent = time.perf_counter(), time.process_time()
        for n in range(count):
            trainer.step(n + 1, (n + 0.5) / count)
        seconds, processor = time.perf_counter() - started, time.process_time() - spent
    step = seconds / count
    whole, work = (lasting(n * config.steps) for n in (step, processor / count))
    size, spent = f"{picture[1]}x{picture[0]}", processor / count
    return f"| {recipe} | {size} | {count} | {step:.3f} | {spent:.3f} | {config.steps} | {whole} | {work} |"


def memory(what: str, recipe: str, side: int, crop: int | None) -> str:
    """A line: peak memory of a step whose output is as large as it gets, or of a pass to four times the side."""
    options = {} if crop is None else {"crop": crop}
    config = Config.model_validate({**RECIPES[recipe], "size_limit": side, "extra_from": 0.0, **options})
    device, picture = torch.device("cpu"), noise(side, side)
    exemplar = analogon.load_exemplar(picture, np.zeros((side, side), np.int64))
    started = time.perf_counter()
    with flushed_denormals():
        if what == "train":
            trainer = Trainer(picture, config, seed=0, device=device)
            real = trainer._crop(torch.Generator().manual_seed(0))
            grown = [int(side * config.largest) // 8 * 8 for side in trainer.crop]
            to, draws = Transformation.of((grown[0], grown[1])), torch.Generator().manual_seed(0)
            back = to.inverse(trainer.crop)
            trainer._generator_step(trainer.generator(real, to), real, back, 0.5, draws)
        else:
            Remapper(exemplar, config, make_generator(config)).remapped(Transformation.of((4 * side, 4 * side)), RUN)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    crops = f", crops of {config.crop}" if what == "train" else f", {4 * side}x{4 * side} out"
    return f"| {what} | {recipe} | {side}x{side}{crops} | {peak:.2f} GB | {time.perf_counter() - started:.0f} s |"


def distances(source: analogon.Exemplar, image: np.ndarray) -> tuple[float, float]:
    """Coherence and completeness at full size in levels of 0 to 255 (:mod:`analogon.metrics`)."""
    figures = figures_of(source, image)
    return float(figures["coherence@1"]), float(figures["completeness@1"])


def sharpened(image: np.ndarray, wanted: float, source: analogon.Exemplar) -> tuple[np.ndarray, float]:
    """A picture with so much of what a blur takes (deviation 1 pixel) that it is as sharp as wanted; and that share."""
    detail = image - ndi.gaussian_filter(image, (1.0, 1.0, 0.0))
    low, high = 0.0, 4.0
    for _ in range(12):
        middle = (low + high) / 2
        below = figures_of(source, np.clip(image + middle * detail, 0, 1))["sharpness"] < wanted
        low, high = (middle, high) if below else (low, middle)
    return np.clip(image + low * detail, 0, 1), low


def figures_of(source: analogon.Exemplar, image: np.ndarray) -> dict[str, float]:
    """Figures of a picture of one class."""
    labels = analogon.load_target(source, np.zeros(image.shape[:2], np.int64))
    return analogon.Scorer(source).score(image, labels).figures


def strengths(remapper: Remapper, source: analogon.Exemplar) -> list[str]:
    """Twice the width by how much of the network's change is shown, and plainly sharpened to the same sharpness."""
    h, w = source.shape
    size = h, 2 * w
    names = [f"{name}@{scale}" for name in ("coherence", "completeness") for scale in (1, 2, 4, 8)]
    rows = ["| twice the width | " + " | ".join(names) + " | sharpness |", "|---|" + "---|" * (len(names) + 1)]

    def row(said: str, image: np.ndarray) -> None:
        figures = figures_of(source, image)
        cells = [figures[name] for name in (*names, "sharpness")]
        rows.append(f"| {said} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")

    plain = source.resize(size).image
    row("plain", plain)
    for strength in sorted({0.25, 0.5, remapper.config.strength, 0.75, 1.0}):
        other = Remapper(source, remapper.config.model_copy(update={"strength": strength}), remapper.generator)
        made = next(other.perform([Retarget(size)], RUN)).image
        row(f"strength {strength:g}", made)
        if strength in (remapper.config.strength, 1.0):
            same, share = sharpened(plain, figures_of(source, made)["sharpness"], source)
            row(f"plain, sharpened by {share:.2f}", same)
    return rows


def quality(remapper: Remapper, strength: float) -> list[str]:
    """Tables: patches of results beside plain resizing, the way back, and a sequence of sizes."""
    source = remapper._working
    h, w = source.shape
    shown = remapper.config.model_copy(update={"strength": strength})
    plain = Remapper(source, shown, remapper.generator)
    rows = [
        "| factors | coherence: plain, InGAN | completeness: plain, InGAN | there and back, L1 |",
        "|---|---|---|---|",
    ]
    for tall, wide in FACTORS:
        size = round(h * tall), round(w * wide)
        stretched = source.resize(size).image
        made = next(plain.perform([Retarget(size)], RUN)).image
        (c0, f0), (c1, f1) = distances(source, stretched), distances(source, made)
        back = plain.inverse_error(Transformation.of(size), RUN)
        rows.append(f"| {tall} x {wide} | {c0:.1f}, {c1:.1f} | {f0:.1f}, {f1:.1f} | {back:.4f} |")
    for shifts in ((0.3, -0.3), (0.2, 0.2)):
        back = plain.inverse_error(Transformation.of((h, w), shifts), RUN)
        rows.append(f"| shifts {shifts} | | | {back:.4f} |")
    rows += ["", *sequence(plain, source), "", *strengths(plain, source)]
    return rows


def sequence(plain: Remapper, source: analogon.Exemplar) -> list[str]:
    """How much neighbouring frames differ, brought to one size, beside those of plain resizing."""
    h, w = source.shape
    sizes = [(h, n) for n in range(w, 2 * w, 4)]
    made = [one.image for one in plain.perform([Retarget(size) for size in sizes], RUN)]
    plainly = [source.resize(size).image for size in sizes]

    def steps(frames: list[np.ndarray]) -> np.ndarray:
        same = [analogon.load_exemplar(f, np.zeros(f.shape[:2], np.int64)).resize((h, w)).image for f in frames]
        return np.array([np.abs(a - b).mean() * 255 for a, b in itertools.pairwise(same)])

    rows = [
        f"A sequence of {len(sizes)} widths from {w} to {sizes[-1][1]} by 4 pixels; mean absolute difference of",
        "neighbouring frames brought to one size, in levels of 0 to 255:",
        "",
        "| | mean | largest | largest / median |",
        "|---|---|---|---|",
    ]
    for name, frames in (("InGAN", made), ("plain resizing", plainly)):
        moved = steps(frames)
        rows.append(f"| {name} | {moved.mean():.2f} | {moved.max():.2f} | {moved.max() / np.median(moved):.2f} |")
    return rows


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="what", required=True)
    one = sub.add_parser("speed")
    one.add_argument("--steps", type=int, default=24)
    one.add_argument("--paper-steps", type=int, default=4)
    one.add_argument("-o", type=Path)
    two = sub.add_parser("memory")
    two.add_argument("part", choices=["train", "render"])
    two.add_argument("recipe", choices=list(RECIPES))
    two.add_argument("side", type=int)
    two.add_argument("--crop", type=int)
    three = sub.add_parser("quality")
    three.add_argument("model", type=Path)
    three.add_argument("--strength", type=float, default=RECIPES["fast"]["strength"], help="of the network's change")
    three.add_argument("-o", type=Path)
    args = ap.parse_args()
    if args.what == "memory":
        print(memory(args.part, args.recipe, args.side, args.crop))
        return
    if args.what == "speed":
        lines = [
            machine(),
            "",
            "| recipe | picture | timed | s a step | processor s | steps | all, extrapolated | processor time |",
        ]
        lines.append("|---|---|---|---|---|---|---|---|")
        lines.append(speed("fast", args.steps, (188, 250)))
        lines.append(speed("paper", args.paper_steps, (256, 256)))
    else:
        lines = quality(analogon.load(args.model, device="cpu")._synthesizer, args.strength)
    text = "\n".join(lines) + "\n"
    if args.o:
        args.o.write_text(text)
    print(text)


if __name__ == "__main__":
    main()

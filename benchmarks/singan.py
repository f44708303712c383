"""Time a step of every recipe of SinGAN at every scale, and what that makes for the whole of it; memory of large ones.

    python benchmarks/singan.py examples/china/img.jpg [--recipes fast paper] [--steps 3] [--large 1024] [--table FILE]

A recipe is stepped ``--steps`` times at each scale, after one that is not counted, the scales below it having been
trained for one step only: what a step takes does not depend on what was learnt. The time to the end is those times the
recipe's iterations; it is extrapolated, and called so. ``--large`` trains a few steps of ``fast``, ``concurrent`` and
``paper`` at the finest scale of a picture of that longest side, and makes one of that size by models of a quarter;
``--four`` makes one of four times that size, too (each in a process of its own, for the peak of its memory). FILE is a
Markdown table, of which everything from its line "## " on stays.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import torch
from PIL import Image

import analogon
from analogon.methods.singan.config import RECIPES, Config
from analogon.methods.singan.ladder import Drawn
from analogon.methods.singan.sizes import Size, resized, scaled
from analogon.methods.singan.training import Trainer
from analogon.training.device import flushed_denormals

#: What is reported of other programs for 250 pixels on a CPU, machines unknown: of 4000 iterations at each of 11 scales
#: (published: 2000 of three updates each; an independent program does 4000 of one), and of ConSinGAN. And the aim here.
REPORTED = {"paper": "18.5 h for 11 scales of 4000 steps", "concurrent": "4.2 h", "fast": "aim: 20 min"}


def picture(path: Path, side: int | None = None) -> torch.Tensor:
    """The picture in [-1, 1]; ``side``: its longest side, whatever it has."""
    image = torch.tensor(analogon.read_image(path)).permute(2, 0, 1)[None] * 2 - 1
    if side is None:
        return image
    height, width = image.shape[-2:]
    factor = side / max(height, width)
    return resized(image, (round(height * factor), round(width * factor))).clamp(-1, 1)


def timed(image: torch.Tensor, recipe: str, steps: int) -> tuple[list[tuple[Size, float, float, int]], int]:
    """Size, seconds and processor seconds of a step and number of steps of each scale, and all steps."""
    trainer = Trainer(image, Config.model_validate(RECIPES[recipe]), seed=0, device="cpu")
    rows, begun = [], 0.0
    for scale, end in enumerate(trainer.ends):
        trainer.step(0, begun)
        since, spent = time.perf_counter(), time.process_time()
        for n in range(steps):
            trainer.step(n + 1, begun)
        each, work = (time.perf_counter() - since) / steps, (time.process_time() - spent) / steps
        rows.append((trainer.sizes[scale], each, work, round(trainer.steps * (end - begun))))
        begun = end
    return rows, trainer.steps


def peak() -> float:
    """Most memory that this process has had, in GB."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 2**20


def large(path: Path, recipe: str, side: int) -> None:
    """Train a step at the finest scale of a large picture, or make a picture of that size; print what it took."""
    recipe, _, job = recipe.partition(" ")
    if job == "x4":
        small = picture(path, side // 4)
        config = Config.model_validate({**RECIPES[recipe], "size_limit": side // 4})
        trainer = Trainer(small, config, seed=0, device="cpu")
        trainer.step(0, 0.9999)
        del trainer.optimisers, trainer.critic, trainer.reals
        before, since = peak(), time.perf_counter()
        trainer.generator.eval().requires_grad_(False)
        sizes = [(4 * h, 4 * w) for h, w in trainer.sizes[-1:]]
        trainer.ladder.painted(scaled(sizes[0], list(trainer.ladder.shares)), Drawn(trainer.ladder, 0))
        size = sizes[0]
    else:
        config = Config.model_validate({**RECIPES[recipe], "size_limit": side})
        trainer = Trainer(picture(path, side), config, seed=0, device="cpu")
        before = peak()
        trainer.step(0, 0.9999)
        since = time.perf_counter()
        trainer.step(1, 0.9999)
        size = trainer.sizes[-1]
    print(json.dumps({"size": size, "seconds": time.perf_counter() - since, "before": before, "peak": peak()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--large", type=int)
    parser.add_argument("--four", action="store_true", help="and a picture of four times that size")
    parser.add_argument("--one-large", help=argparse.SUPPRESS)
    parser.add_argument("--table", type=Path)
    args = parser.parse_args()
    with flushed_denormals():
        if args.one_large:
            large(args.image, args.one_large, args.large)
            return
        with Image.open(args.image) as shown:
            width, height = shown.size
        lines = [
            "# SinGAN: time and memory",
            "",
            f"`benchmarks/singan.py {args.image} --steps {args.steps}`: {width}x{height} pixels, "
            f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} when it began. Times to the end are "
            "extrapolated from single steps; by the clock, as busy as the machine was.",
            "",
            "| recipe | scales | processor seconds of a step at each | steps | all | by the clock | reported, or aim |",
            "|---|---|---|---|---|---|---|",
        ]
        for recipe in args.recipes:
            rows, count = timed(picture(args.image), recipe, args.steps)
            whole = sum(each * steps for _, each, _, steps in rows) / 60
            work = sum(each * steps for _, _, each, steps in rows) / 60
            sizes = " ".join(f"{w}x{h}" for (h, w), *_ in rows)
            seconds = " ".join(f"{each:.3f}" for _, _, each, _ in rows)
            said = REPORTED.get(recipe, "")
            lines.append(f"| `{recipe}` | {sizes} | {seconds} | {count} | {work:.0f} min | {whole:.0f} min | {said} |")
            print(lines[-1], flush=True)
    if args.large:
        lines += ["", "| what | size | seconds | load | peak memory |", "|---|---|---|---|---|"]
        recipes = ("fast", "concurrent", "paper")
        jobs = [(recipe + kind, args.large) for kind in ("", " x4") for recipe in recipes]
        if args.four:
            jobs.append(("fast x4", 4 * args.large))
        for recipe, side in jobs:
            command = [sys.executable, __file__, str(args.image), "--one-large", recipe, "--large", str(side)]
            load = os.getloadavg()[0]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            if answer.returncode:
                lines.append(
                    f"| `{recipe}` | {side} | failed | {load:.1f} | {answer.stderr.strip().splitlines()[-1:]} |"
                )
                continue
            found = json.loads(answer.stdout)
            what = (
                f"a picture of 4 times the training size, `{recipe[:-3]}`"
                if "x4" in recipe
                else f"a step of `{recipe}`"
            )
            size = f"{found['size'][1]}x{found['size'][0]}"
            lines.append(f"| {what} | {size} | {found['seconds']:.1f} | {load:.1f} | {found['peak']:.1f} GB |")
            print(lines[-1], flush=True)
    if args.table:
        kept = args.table.read_text().partition("\n## ") if args.table.exists() else ("", "", "")
        args.table.write_text("\n".join(lines) + "\n" + kept[1] + kept[2])


if __name__ == "__main__":
    main()

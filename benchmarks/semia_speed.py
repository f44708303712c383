"""Seconds per generator step, per render and per patch loss, and peak memory.

    python benchmarks/semia_speed.py [--size 184 280] [--repeat 5]

Prints a Markdown table with medians. Run it when nothing else runs. Needs analogon[neural].
"""

import argparse
import platform
import resource
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch

import analogon
from analogon.methods.semia.config import RECIPES, Config
from analogon.methods.semia.losses import patch_coherence
from analogon.methods.semia.training import Trainer
from analogon.training.device import flushed_denormals


def exemplar(size: tuple[int, int]) -> analogon.Exemplar:
    """A noisy picture with three classes; its content does not matter for speed."""
    rng = np.random.default_rng(0)
    ids = np.zeros(size, np.int64)
    ids[size[0] // 2 :] = 1
    ids[size[0] // 3 : 2 * size[0] // 3, size[1] // 4 : size[1] // 2] = 2
    colours = ((0, 200, 255), (0, 200, 0), (255, 100, 0))
    palette = analogon.Palette(tuple(analogon.LabelClass(i, f"class {i}", c) for i, c in enumerate(colours)))
    return analogon.Exemplar(rng.random((*size, 3), np.float32), analogon.LabelMap(ids, palette))


def timed(run: Callable[[], object], repeat: int) -> float:
    """Median seconds after one warm-up."""
    run()
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def generator_step(trainer: Trainer, n: int) -> Callable[[], object]:
    """One generator update of iteration n."""
    draws = torch.Generator().manual_seed(n)
    pair, real = trainer._draw(n, draws)
    return lambda: trainer._generator_step(pair, real, draws)


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--size", type=int, nargs=2, default=(184, 280))
    ap.add_argument("--repeat", type=int, default=5)
    args = ap.parse_args()
    source = exemplar(tuple(args.size))
    rows = []
    with flushed_denormals():
        for recipe in ("paper", "fast"):
            options = {"ramp": 1, **({"invented": 4} if recipe == "fast" else {})}
            config = Config.model_validate({**RECIPES[recipe], **options})
            whole = Trainer(source, config, seed=0, device="cpu")
            bare = Trainer(source, config.model_copy(update={"patch": 0.0}), seed=0, device="cpu")
            rows += [
                (f"{recipe}: generator step, reconstruction", timed(generator_step(whole, 0), args.repeat)),
                (f"{recipe}: generator step, sampling without patch loss", timed(generator_step(bare, 1), args.repeat)),
                (f"{recipe}: generator step, sampling with patch loss", timed(generator_step(whole, 1), args.repeat)),
                (f"{recipe}: a whole iteration", timed(lambda trainer=whole: trainer.step(1), args.repeat)),
            ]
            painter = analogon.fit(source, "semia", recipe=recipe, steps=1, generator_steps=1)
            render = timed(lambda painter=painter: painter.render(source.labels), 3)
            rows.append((f"{recipe}: render one target", render))
        made = torch.rand(1, 64, 120, 120, requires_grad=True)
        given = torch.rand(1, 64, 120, 120)
        labels = torch.randint(0, 3, (120, 120))
        for samples in (10, 256):
            at = torch.randint(0, 118, (samples, 2))

            def loss(at: torch.Tensor = at) -> None:
                patch_coherence(
                    made, given, at, size=3, neighbours=5, target_labels=labels, source_labels=labels
                ).backward()

            rows.append((f"patch loss, {samples} patches of 3x3x64, 120x120, both ways", timed(loss, 20)))
    threads, size = torch.get_num_threads(), f"{args.size[1]}x{args.size[0]}"
    print(f"{platform.machine()}, {threads} threads, torch {torch.__version__}, {size}")
    print("\n| what | s |\n|---|---|")
    for name, seconds in rows:
        print(f"| {name} | {seconds:.3f} |")
    print(f"| peak memory of all this, GB | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} |")


if __name__ == "__main__":
    main()

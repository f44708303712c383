"""Several pictures fitted in one program, against one after the other.

    python benchmarks/collage_many.py [PICTURES ...] [--counts 1 2 4 8] [--steps 10] [--device auto]

PICTURES are case folders (img.*, label.*), those of examples/ if none are given; they are taken in turn where there are
fewer than a count. Prints a Markdown table with medians over the steps: a step of all networks in one program, as many
steps of one network each, and the ratio; and the same without the layouts, which are invented on the CPU, for each
picture in turn, whatever computes the networks. Run it when nothing else runs. Needs analogon[neural].
"""

import argparse
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch

import analogon
from analogon.methods.collage.config import Config
from analogon.methods.collage.lessons import Questions
from analogon.methods.collage.method import lesson_of
from analogon.methods.collage.training import Trainer
from analogon.training.device import flushed_denormals, pick

EXAMPLES = Path(__file__).parents[1] / "examples"
WARM = 3


class Timed(Trainer):
    """A trainer that notes the seconds it spends on inventing."""

    inventing = 0.0

    def asked(self, n: int) -> list[Questions]:
        """See the base class."""
        started = time.perf_counter()
        questions = super().asked(n)
        self.inventing = time.perf_counter() - started
        return questions


def seconds(trainer: Timed, steps: int) -> tuple[float, float]:
    """Medians of a step, and of what of it is inventing. A step ends when the device has done it: losses are read."""
    whole, inventing = [], []
    for n in range(WARM + steps):
        started = time.perf_counter()
        trainer.step(n, 0.0)
        whole.append(time.perf_counter() - started)
        inventing.append(trainer.inventing)
    return median(whole[WARM:]), median(inventing[WARM:])


def rows(folders: Sequence[Path], counts: Sequence[int], steps: int, device: torch.device) -> list[str]:
    """A line for each count."""
    config, lines = Config(), []
    cases = [analogon.find_case(folder) for folder in folders]
    lessons = [lesson_of(analogon.load_exemplar(case.image, case.labels), config, seed=0) for case in cases]
    alone = [seconds(Timed([lesson], config, seed=0, device=device), steps) for lesson in lessons]
    for count in counts:
        chosen = [n % len(lessons) for n in range(count)]
        # one after the other
        first = np.sum([alone[n] for n in chosen], axis=0)
        second = np.array(seconds(Timed([lessons[n] for n in chosen], config, seed=0, device=device), steps))
        figures = (second[0], first[0], first[0] / second[0])
        networks = [pair[0] - pair[1] for pair in (second, first)]
        more = (*networks, networks[1] / networks[0])
        lines.append(f"| {count} | {' | '.join(f'{x:.3f}' for x in (*figures, *more))} |")
    return lines


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("pictures", nargs="*", type=Path)
    ap.add_argument("--counts", nargs="+", type=int, default=(1, 2, 4, 8))
    ap.add_argument("--steps", type=int, default=10)
    ap.add_argument("--device", default="auto")
    args = ap.parse_args()
    device = pick(args.device)
    folders = args.pictures or sorted(path.parent for path in EXAMPLES.glob("*/label.png"))
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()}, {device.type}"
    print(f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print("\n| pictures | together, s | in turn, s | ratio | networks together, s | in turn, s | ratio |")
    print("|---|---|---|---|---|---|---|")
    with flushed_denormals():
        for line in rows(folders, args.counts, args.steps, device):
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""Methods that learn a data set, on scenes that an oracle reads: how well they know layouts and looks, step by step.

    python benchmarks/learning.py groupdnet -o groupdnet [--steps 2000] [--every 250] [--layouts 16] [--set FIELD=VALUE]
    python benchmarks/learning.py msca -o shut --shut

Trains by `analogon.train`, breaks off every so many steps as Ctrl-C does, measures on layouts and looks that were never
learnt, and resumes. Writes the model, `curve.csv` and `sheet.png` into the folder, of MSCA also `attention.png`; a
folder that is there is gone on with. With `--shut` nothing of looks comes through MSCA's gates, in training either.
Needs analogon[neural].
"""

import argparse
import csv
import json
import signal
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import analogon
from analogon.data import Exemplar, LabelMap
from analogon.datasets import Pair, read_styles, window_pair
from analogon.datasets.scenes import CLASSES, STYLES, Scene, Scenes, SceneSettings
from analogon.metrics.control import class_changes, class_control, colour_distance
from analogon.metrics.oracle import oracle_figures
from analogon.rendering import Attention
from analogon.run import CHECKPOINT

#: What the scenes of each method are like: one look for a picture, or one for each class. MSCA learns windows of them.
DATA = {
    "spade": SceneSettings(styles="picture"),
    "groupdnet": SceneSettings(styles="classes"),
    "msca": SceneSettings(styles="picture", size=(128, 128)),
}
LEARNT, FIRST_HELD_OUT = 2000, 100_000
#: Held-out scenes, of each of which two windows are taken; and looks whose attention is measured.
PAIRS, SEEN = 128, 32


def window(scene: Scene) -> Pair:
    """Its middle 64 pixels."""
    pair = scene.pair
    top = (pair.labels.shape[0] - 64) // 2
    part = slice(top, top + 64), slice(top, top + 64)
    return Pair(pair.name, np.ascontiguousarray(pair.image[part]), np.ascontiguousarray(pair.labels[part]))


class Judge:
    """Held-out layouts, and for each of them held-out pictures whose looks it is painted in."""

    def __init__(self, method: str, layouts: int) -> None:
        self.method = method
        held_out = Scenes(4000, DATA[method], first=FIRST_HELD_OUT)
        self.targets = [LabelMap(window(held_out.scene(i)).labels, CLASSES) for i in range(layouts)]
        # looks of scenes that show every class, so that a look of each is there to be taken
        looks = (held_out.scene(i) for i in range(layouts, len(held_out)))
        whole = [s for s in looks if all((window(s).labels == c).sum() >= 20 for c in CLASSES.ids)]
        self.looks = [self._looks(whole, n) for n in range(layouts)]

    def _looks(self, scenes: Sequence[Scene], n: int) -> list[Scene]:
        """Four scenes: of one look for each picture, each of another one; else of two whose classes all differ."""
        mixed = np.random.default_rng(n).permutation(len(scenes))
        if self.method != "groupdnet":
            return [next(s for i in mixed if (s := scenes[i]).styles[0] == style) for style in range(STYLES)]
        first = scenes[mixed[0]]
        others = (scenes[i] for i in mixed[1:])
        return [first, next(s for s in others if all(a != b for a, b in zip(first.styles, s.styles, strict=True)))]

    def figures(self, model: analogon.TrainedModel) -> dict[str, float]:
        """By name; each in [0, 1] but the two distances."""
        made = [[self.painted(model, n, scene) for scene in looks] for n, looks in enumerate(self.looks)]
        found = self._read(made)
        if self.method == "groupdnet":
            found |= self._classes_alone(model) | self._control(model)
        if self.method == "msca":
            shut = [[self.painted(model, n, one, weight=0.0) for one in looks] for n, looks in enumerate(self.looks)]
            found["style, gates shut"] = self._read(shut)["style"]
            found["style, class not in the look"] = self._unseen(model)
            found |= self._pairs(model) | self._purity(model)
        return found

    def painted(self, model: analogon.TrainedModel, n: int, scene: Scene, weight: float = 1.0) -> np.ndarray:
        """Layout n in the look of a scene; with a weight of 0 no style vector comes through."""
        return model.render(self.targets[n], style=[(weight, look(scene))]).image

    def _read(self, made: Sequence[Sequence[np.ndarray]]) -> dict[str, float]:
        images, layouts, asked = [], [], []
        for target, pictures, scenes in zip(self.targets, made, self.looks, strict=True):
            for image, scene in zip(pictures, scenes, strict=True):
                images.append(image)
                layouts.append(target.ids)
                asked.append({c: scene.styles[c] for c in target.present()})
        found = oracle_figures(images, layouts, asked)
        return {"miou": found["oracle_miou"], "style": found["oracle_style"]}

    def _classes_alone(self, model: analogon.TrainedModel) -> dict[str, float]:
        """One class of a picture gets the look of another scene; read before and after."""
        taken, kept, stayed = [], [], []
        for target, (first, second) in zip(self.targets, self.looks, strict=True):
            before = read_styles(model.render(target, style=look(first)).image, target.ids)
            for c in target.present():
                one = {CLASSES.get(c).name: look(second)}
                after = read_styles(model.render(target, style=look(first), classes=one).image, target.ids)
                taken.append(after[c] == second.styles[c])
                kept += [after[o] == first.styles[o] for o in target.present() if o != c]
                stayed += [after[o] == before[o] for o in target.present() if o != c]
        return {
            "changed class has the new style": float(np.mean(taken)),
            "others have the old style": float(np.mean(kept)),
            "others look as before": float(np.mean(stayed)),
        }

    def _control(self, model: analogon.TrainedModel) -> dict[str, float]:
        """Diversity of the class that is drawn anew, and of all others."""

        def paint(layout: LabelMap, seeds: dict[int, int]) -> np.ndarray:
            return model.render(layout, seed=0, classes={CLASSES.get(c).name: s for c, s in seeds.items()}).image

        changes = list(class_changes(paint, self.targets))
        found = class_control(changes, colour_distance)
        drawn = oracle_figures([c.first for c in changes], [c.labels.ids for c in changes])
        return {"mcsd": found.mcsd, "mocd": found.mocd, "miou, drawn looks": drawn["oracle_miou"]}

    def _unseen(self, model: analogon.TrainedModel) -> float:
        """Style accuracy of the classes of layouts that the picture of the look does not show."""
        held_out = Scenes(4000, DATA[self.method], first=FIRST_HELD_OUT)
        right = []
        for n, target in enumerate(self.targets):
            for scene in (held_out.scene(len(self.targets) + 4 * n + k) for k in range(4)):
                missing = set(target.present()) - set(np.unique(window(scene).labels).tolist())
                if missing:
                    found = read_styles(self.painted(model, n, scene), target.ids)
                    right += [found[c] == scene.styles[c] for c in missing]
        return float(np.mean(right))

    def _pairs(self, model: analogon.TrainedModel) -> dict[str, float]:
        """Windows of held-out scenes in the look of another window of theirs, as they are learnt; PSNR in dB.

        Each is asked for in its own style alone, so what does not see the look is right by chance.
        """
        held_out = Scenes(PAIRS, DATA[self.method], first=2 * FIRST_HELD_OUT)
        seen, unseen, errors = list[bool](), list[bool](), list[float]()
        for n, scene in enumerate(map(held_out.scene, range(PAIRS))):
            wanted, other = window_pair(scene.pair, (64, 64), n, flip=0.0)
            style = Exemplar(other.image, LabelMap(other.labels, CLASSES))
            image = model.render(LabelMap(wanted.labels, CLASSES), style=style).image
            errors.append(float(((image - wanted.image) ** 2).mean()))
            for c, found in read_styles(image, wanted.labels).items():
                (seen if (other.labels == c).any() else unseen).append(found == scene.styles[c])
        return {
            "style, pairs": float(np.mean(seen + unseen)),
            "style, pairs, class not in the look": float(np.mean(unseen)),
            "psnr, pairs": float(np.mean(-10 * np.log10(errors))),
        }

    def _purity(self, model: analogon.TrainedModel) -> dict[str, float]:
        """How much of one class regions are, beside regions that are everywhere alike, in looks of two classes."""
        told = np.mean([[scale.purity(labels) for scale in scales] for scales, labels in self._attentions(model)], 0)
        by_scale = {f"purity, 1/{2**n}": mean for n, (mean, _) in enumerate(told)}
        return {**by_scale, "purity, uniform": told[:, 1].mean()}

    def _attentions(self, model: analogon.TrainedModel) -> Iterator[tuple[Sequence[Attention], LabelMap]]:
        """Of looks that show two classes, about as much of each."""
        held_out = Scenes(4000, DATA[self.method], first=FIRST_HELD_OUT)
        shares = ((one, np.bincount(look(one).labels.ids.ravel()) / 64**2) for one in map(held_out.scene, range(4000)))
        even = (one for one, share in shares if (share > 0).sum() == 2 and share.max() <= 0.6)
        for n, one in enumerate(islice(even, SEEN)):
            yield model.attention(self.targets[n % len(self.targets)], look(one)), look(one).labels

    def sheet(self, model: analogon.TrainedModel, shown: int = 6) -> np.ndarray:
        """Row by row: layout, then pairs of the picture whose look is wanted and what was made of it."""
        rows = []
        for n in range(min(shown, len(self.targets))):
            target, scenes = self.targets[n], self.looks[n]
            cells = [np.float32(target.colors()) / 255]
            for scene in scenes:
                cells += [window(scene).image, self.painted(model, n, scene)]
            if self.method == "groupdnet":
                for c in target.present()[:3]:
                    one = {CLASSES.get(c).name: look(scenes[1])}
                    cells.append(model.render(target, style=look(scenes[0]), classes=one).image)
                cells += [np.ones_like(cells[0])] * (8 - len(cells))
            rows.append(np.concatenate([np.pad(c, ((1, 1), (1, 1), (0, 0)), constant_values=1) for c in cells], 1))
        return np.concatenate(rows)


def look(scene: Scene) -> Exemplar:
    """A scene's picture and layout, as a look."""
    pair = window(scene)
    return Exemplar(pair.image, LabelMap(pair.labels, CLASSES))


def shut_gates() -> None:
    """From here on all gates are 0, with no setting for it: nobody wants such a model but to see what chance is."""
    from analogon.methods.msca import attention

    attention.Attention.gates = lambda self, layout, _: layout.new_zeros((len(layout), self.regions))


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("method", choices=DATA)
    ap.add_argument("-o", "--output", type=Path, required=True)
    ap.add_argument("--steps", type=int, default=2000)
    ap.add_argument("--every", type=int, default=250, help="steps from one measurement to the next")
    ap.add_argument("--layouts", type=int, default=16)
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="a setting, as JSON or text")
    ap.add_argument("--shut", action="store_true", help="of MSCA: no style vector comes through, in training either")
    args = ap.parse_args()
    if args.shut:
        shut_gates()
    # scenes are learnt as they are: there are enough of them, and stripes would change with size and side
    options: dict[str, Any] = {"flip": 0.0, "load": DATA[args.method].size[0]}
    options |= {name: parsed(value) for name, value in (given.split("=", 1) for given in args.set)}
    judge = Judge(args.method, args.layouts)
    curve = args.output / "curve.csv"
    rows = list(csv.DictReader(curve.open())) if curve.exists() else []
    due, spent = args.every * (1 + len(rows)), float(rows[-1]["cpu_seconds"]) if rows else 0.0

    def listen(event: analogon.Progress) -> None:
        nonlocal due
        if event.stage == "training" and due <= event.step < args.steps:
            due += args.every
            signal.raise_signal(signal.SIGINT)

    while True:
        started = time.process_time()
        model = analogon.train(
            args.method,
            Scenes(LEARNT, DATA[args.method]),
            steps=args.steps,
            seed=args.seed,
            folder=args.output,
            resume=(args.output / CHECKPOINT).exists(),
            progress=listen,
            **options,
        )
        spent += time.process_time() - started
        rows.append({"step": model.config["steps"], "cpu_seconds": round(spent, 1)})
        rows[-1] |= {name: round(value, 4) for name, value in judge.figures(model).items()}
        with curve.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[-1]))
            writer.writeheader()
            writer.writerows(rows)
        analogon.write_image(args.output / "sheet.png", judge.sheet(model))
        if args.method == "msca":
            seen, target = look(judge.looks[0][0]), judge.targets[0]
            shown = analogon.attention_sheet(seen, target, model.attention(target, seen))
            analogon.write_image(args.output / "attention.png", shown)
        print(json.dumps(rows[-1]), flush=True)
        if model.stopped is None:
            return


def parsed(value: str) -> Any:
    """JSON where it is, else the text itself."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


if __name__ == "__main__":
    main()

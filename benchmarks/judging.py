"""The judge: loading it, EbSynth's figures beside it, and figures as text.

A judge is a Python file with a function ``judge(image, labels, target, [result, …])`` that gives one dictionary of
figures per result. README.md says what the figures mean.
"""

import hashlib
import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCALES = tuple(f"{name}@{scale}" for scale in (1, 2, 4, 8) for name in ("coh", "com"))
SHOWN = ("miou", *SCALES, "sharp", "ghost", "keep")

Figures = dict[str, Any]
Judge = Callable[[Path, Path, Path, list[Path]], list[Figures]]


def load_judge(path: Path) -> Judge:
    """The function ``judge`` of a Python file."""
    spec = importlib.util.spec_from_file_location("judge_of_results", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, kind in vars(module).copy().items():
        if isinstance(kind, type) and name.endswith("Classifier"):
            setattr(module, name, remembering(kind))
    return module.judge  # type: ignore[no-any-return]


def remembering(kind: type) -> type:
    """A classifier of this kind that is not fitted again to what one like it was fitted to: a picture's own pixels."""
    known: dict[tuple[str, bytes], Any] = {}

    class Remembering(kind):  # type: ignore[misc]
        def fit(self, x: Any, y: Any) -> Any:
            key = repr(self), hashlib.sha256(x.tobytes() + y.tobytes()).digest()
            if key not in known:
                known[key] = super().fit(x, y)
            return known[key]

    return Remembering


def reference(cases: Path, judge: Judge) -> Callable[[str, Any, Path], Figures]:
    """EbSynth's figures by name of the target: the stored ones, else judged anew."""
    path = cases / "reference.json"
    stored = json.loads(path.read_text()) if path.exists() else {}

    def figures(name: str, found: Any, target: Path) -> Figures:
        if name in stored:
            known: Figures = stored[name]["ebsynth"]
            return known
        return judge(found.image, found.labels, target, [target.parent.parent / "ebsynth" / f"{target.stem}.png"])[0]

    return figures


def shown(figures: Figures, name: str) -> str:
    """A figure for people; a dash where there is none."""
    value = figures.get(name)
    if value is None:
        return "-"
    if name.endswith(("miou", "sharp", "ghost")):
        return f"{value:.3f}" if name.endswith("miou") else f"{value:.2f}"
    return f"{value:.1f}" if math.isfinite(value) else "inf"


def misses(ours: Figures, theirs: Figures) -> dict[str, str]:
    """Figures that are worse than theirs, or no good by themselves, and by how much."""
    found = {}
    if ours["miou"] < theirs["miou"] - 0.005:
        found["miou"] = f"{ours['miou'] - theirs['miou']:+.3f}"
    for name in SCALES:
        if name in ours and ours[name] > theirs[name]:
            found[name] = f"{ours[name] - theirs[name]:+.2f}"
    if not 0.9 <= ours["sharp"] <= 1.1:
        found["sharp"] = f"{ours['sharp']:.3f}"
    if theirs["ghost"] is not None and theirs["ghost"] <= 1.2 and ours["ghost"] > 1.2:
        found["ghost"] = f"{ours['ghost']:.2f}"
    return found

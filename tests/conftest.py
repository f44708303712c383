"""What several folders of tests share: exemplars of a few hundred pixels and settings that fit them at once."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

# Several threads, as for users: what depends on their order must show. Read by torch when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "2")

import analogon
from analogon import Exemplar, LabelClass, LabelMap, Model, Palette
from analogon.methods import registry

from .copying import COPYING

PALETTE = Palette(
    (
        LabelClass(0, "wall", (40, 90, 160)),
        LabelClass(7, "ball", (240, 200, 30)),
        LabelClass(3, "floor", (60, 160, 60)),
    )
)


def layout(shape: tuple[int, int], ball: tuple[float, float]) -> LabelMap:
    """A ball at (row, column), as shares of the size, in front of a wall above a floor."""
    height, width = shape
    rows, columns = np.mgrid[0:height, 0:width]
    ids = np.zeros(shape, np.int64)
    ids[-max(height // 4, 1) :] = 3
    radius = min(shape) / 5
    ids[(rows - ball[0] * height) ** 2 + (columns - ball[1] * width) ** 2 <= radius**2] = 7
    return LabelMap(ids, PALETTE)


@pytest.fixture(scope="session")
def make_target() -> Callable[[tuple[int, int]], LabelMap]:
    """Layouts of any (height, width) whose ball lies elsewhere than the exemplar's."""
    return lambda shape: layout(shape, (0.5, 0.7))


@pytest.fixture(scope="session")
def make_exemplar() -> Callable[..., Exemplar]:
    """Exemplars of any (height, width): noisy colours per class."""

    def make(shape: tuple[int, int] = (24, 32)) -> Exemplar:
        labels = layout(shape, (0.45, 0.3))
        noise = np.random.default_rng(0).normal(0, 0.08, (*shape, 3))
        return Exemplar(np.clip(labels.colors() / 255 + noise, 0, 1).astype(np.float32), labels)

    return make


@pytest.fixture(scope="session")
def exemplar(make_exemplar: Callable[..., Exemplar]) -> Exemplar:
    """24x32 pixels, three classes."""
    return make_exemplar()


@pytest.fixture(scope="session")
def target(make_target: Callable[[tuple[int, int]], LabelMap]) -> LabelMap:
    """24x32 pixels, the ball moved."""
    return make_target((24, 32))


_NARROW = {"width": 4, "discriminator_width": 4, "segmenter_width": 4}
_TINY = {
    "width": 2, "hidden": 4, "code": 4, "encoder_width": 2, "critic_width": 2, "critics": 1, "crop": 32, "load": 32,
    "batch": 1,
    "lr_generator": 0.01,
}  # fmt: skip
_GROUPED = {
    "width": 2, "code": 2, "encoder_width": 2, "critic_width": 2, "critics": 1, "crop": 64, "load": 64,
    "batch": 1, "depth": "normal",
    "norm": "instance", "lr_generator": 0.05,
}  # fmt: skip
_ATTENTIVE = {
    "width": 2, "hidden": 4, "levels": 2, "picture_width": 2, "label_width": 2, "regions": 2, "attention_width": 2,
    "critic_width": 2, "critics": 1, "crop": 32, "load": 64, "batch": 1, "norm": "instance",
    "lr_generator": 0.05,
}  # fmt: skip
#: Of recipes whose like is here once already: without judges and averages.
_BARE = {"gan": 0.0, "matching": 0.0, "l1": 1.0, "average": 0.0}
_MODEST = {"width": 4, "blocks": 1, "critic_width": 4, "crop": 24}


@pytest.fixture(scope="session")
def small() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Per method and recipe: settings that take a fraction of a second."""
    return {
        ("collage", "default"): {"batch": 2, "asked": 80, "learning_rate": 0.02, "trust": 3.0, "steps": 6},
        ("gpdm", "guided"): {"iterations": 3, "filters": 16},
        ("gpdm", "published"): {"iterations": 3, "filters": 16},
        ("ingan", "fast"): {**_MODEST, "steps": 6},
        ("ingan", "paper"): {**_MODEST, "lr_generator": 0.01, "steps": 6},
        ("semia", "fast"): {**_NARROW, "invented": 1, "steps": 6},
        ("semia", "paper"): {**_NARROW, "generator_steps": 1, "steps": 4},
        ("spade", "fast"): {**_TINY, **_BARE, "steps": 3},
        ("spade", "paper"): {**_TINY, "steps": 3},
        ("groupdnet", "fast"): {**_GROUPED, **_BARE, "steps": 3},
        ("groupdnet", "paper"): {**_GROUPED, "steps": 3},
        ("msca", "fast"): {**_ATTENTIVE, **_BARE, "steps": 3},
        ("msca", "paper"): {**_ATTENTIVE, "steps": 3},
        **{
            ("singan", recipe): {"width": 4, "scales": 3, "critic_steps": 1, "generator_steps": 1, "steps": 4}
            for recipe in ("fast", "paper", "concurrent", "harmonize", "upscale", "animate")
        },
    }


@pytest.fixture
def fit(exemplar: Exemplar, small: Mapping[tuple[str, str], Mapping[str, Any]]) -> Callable[..., Model]:
    """Fits SemIA with small settings on the CPU; they can be changed."""

    def run(recipe: str = "fast", given: Exemplar = exemplar, **changes: Any) -> Model:
        settings = small.get(("semia", recipe), {})
        return analogon.fit(given, recipe=recipe, **{"method": "semia", "device": "cpu", **settings, **changes})

    return run


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> registry.Entry:
    """A method that learns nothing, copies pixels and takes every wish."""
    monkeypatch.setitem(registry.METHODS, COPYING.name, COPYING)
    return COPYING


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint and a report after every training step."""
    from analogon.training import driver

    monkeypatch.setattr(driver, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(driver, "REPORT_SECONDS", -1.0)


#: What only programmers say.
JARGON = re.compile(
    r"Traceback|[a-z]Error\b|Exception|Errno|NoneType|object at 0x|<class|line \d+|tensor\(|dtype|deserial|\b__\w+__"
)


def check_sentence(error: BaseException | str, *named: object) -> str:
    """The text of an error, after checking that it is one sentence for people that names what it is about."""
    text = str(error)
    assert "\n" not in text
    assert len(text) > 20
    assert text.endswith((".", "?")) and not text.endswith(".."), text
    assert not re.search(r"[.?!] [A-Z]", text), f"more than one sentence: {text}"
    assert not JARGON.search(text), text
    assert text[0].isupper() or text[0] in "'-/." or text.startswith(("seed", "size", "minutes", "features")), text
    for thing in named:
        assert str(thing) in text
    return text


@pytest.fixture(scope="session")
def sentence() -> Callable[..., str]:
    """:func:`check_sentence`; takes the error, and the file, folder or option that it has to name."""
    return check_sentence

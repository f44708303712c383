"""A small case on disk: a disc on a ground, its label map, and a target with the disc elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analogon.cli import main

GROUND, DISC = (40, 90, 160), (240, 200, 30)
STRANGER = (250, 0, 200)


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str
    check: Callable[..., str]

    @property
    def sentence(self) -> str:
        """The error without its prefix, after checking that it is the only thing said, and one sentence."""
        assert self.code == 2
        assert self.err.startswith("analogon: error: ")
        assert self.err.endswith("\n")
        return self.check(self.err.removeprefix("analogon: error: ")[:-1])


@dataclass(frozen=True)
class Case:
    folder: Path
    image: Path
    labels: Path
    target: Path
    other_target: Path


@pytest.fixture
def analogon(capsys: pytest.CaptureFixture[str], sentence: Callable[..., str]) -> Callable[..., Answer]:
    """Runs one command line in this process."""

    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err, sentence)

    return run


def disc(height: int, width: int, row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def colored(mask: np.ndarray, inside: tuple[int, int, int] = DISC) -> np.ndarray:
    return np.where(mask[..., None], np.array(inside), np.array(GROUND)).astype(np.uint8)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """40x56 pixels, in the folder layout NAME/img.*, NAME/label.*, NAME/cond/*."""
    folder = tmp_path / "disc"
    (folder / "cond").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(-12, 13, (40, 56, 1))
    mask = disc(40, 56, 18, 20, 10)
    picture = np.clip(colored(mask).astype(int) + noise, 0, 255).astype(np.uint8)
    paths = {
        "image": folder / "img.png",
        "labels": folder / "label.png",
        "target": folder / "cond" / "moved.png",
        "other_target": folder / "cond" / "wide.png",
    }
    arrays = {
        "image": picture,
        "labels": colored(mask),
        "target": colored(disc(40, 56, 22, 36, 10)),
        "other_target": colored(disc(45, 71, 20, 40, 14)),
    }
    for name, path in paths.items():
        Image.fromarray(arrays[name]).save(path)
    return Case(folder, **paths)

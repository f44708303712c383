"""Small cases on disk, and methods that the processes of a comparison know, too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analogon import Exemplar, LabelMap, write_image, write_labels
from analogon.methods import registry

from .entrants import ENTRANTS

HERE = Path(__file__).parent


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Where methods leave marks."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def entrants(tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The methods of `entrants` in this process, and in those that it starts."""
    for name, entry in ENTRANTS.items():
        monkeypatch.setitem(registry.METHODS, name, entry)
    start = tmp_path / "start"
    start.mkdir()
    # scikit-learn imports pandas where there is one; the package does without, and each process starts 0.3 s sooner
    (start / "sitecustomize.py").write_text(
        f"import sys\nsys.path.append({str(HERE)!r})\nsys.modules['pandas'] = None\n"
        "from analogon.methods import registry\nfrom entrants import ENTRANTS\n"
        "registry.METHODS.update(ENTRANTS)\n"
    )
    monkeypatch.syspath_prepend(start)
    monkeypatch.setenv("ENTRANTS", str(marks))


def write_case(folder: Path, exemplar: Exemplar, **targets: LabelMap) -> Path:
    """A case folder."""
    (folder / "cond").mkdir(parents=True)
    write_image(folder / "img.png", exemplar.image)
    write_labels(folder / "label.png", exemplar.labels)
    for name, target in targets.items():
        write_labels(folder / "cond" / f"{name}.png", target)
    return folder


@pytest.fixture
def cases(tmp_path: Path, make_exemplar: Callable[..., Exemplar], make_target: Callable[..., LabelMap]) -> Path:
    """Two cases: "one" with two targets, of which one is larger, and "two" with one."""
    root = tmp_path / "cases"
    write_case(root / "one", make_exemplar(), moved=make_target((24, 32)), wide=make_target((24, 40)))
    write_case(root / "two", make_exemplar((20, 28)), moved=make_target((20, 28)))
    (root / "no case").mkdir()
    return root


@pytest.fixture
def files(cases: Path) -> tuple[Path, Path, list[Path]]:
    """Picture, labels and targets of a case."""
    folder = cases / "one"
    return folder / "img.png", folder / "label.png", sorted((folder / "cond").iterdir())

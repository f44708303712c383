from collections.abc import Callable
from pathlib import Path

import pytest

from analogon.errors import InputError
from analogon.io import find_case


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_the_files_of_a_case_are_found_in_counting_order(tmp_path: Path) -> None:
    targets = ["cond/10.png", "cond/2.JPG", "cond/mask_1.npy"]
    noise = ["cond/.DS_Store", "cond/notes.txt", "cond/old/3.png", "img.txt", "image.png"]
    case = find_case(make(tmp_path, "img.jpg", "label.png", *targets, *noise))
    assert (case.image.name, case.labels.name) == ("img.jpg", "label.png")
    assert [t.name for t in case.targets] == ["2.JPG", "10.png", "mask_1.npy"]


def test_targets_may_be_missing(tmp_path: Path) -> None:
    assert find_case(make(tmp_path, "img.png", "label.npy")).targets == ()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["label.png"], "holds no img"),
        (["img.png"], "holds no label"),
        (["img.png", "img.npy", "label.png", "label.tif"], "holds label.png and label.tif"),
    ],
)
def test_what_is_missing_or_double_is_named(
    tmp_path: Path, files: list[str], message: str, sentence: Callable[..., str]
) -> None:
    with pytest.raises(InputError, match=message) as error:
        find_case(make(tmp_path, *files))
    sentence(error, str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder '.*nowhere'"):
        find_case(tmp_path / "nowhere")

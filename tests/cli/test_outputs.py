from pathlib import Path

import pytest

from analogon.cli.outputs import check_folder, plan
from analogon.errors import OptionError


def test_pictures_are_named_after_the_targets(tmp_path: Path):
    outputs = plan(tmp_path / "out", [Path("a/moved.jpg"), Path("b/wide.npy")], [])
    assert outputs.pictures == (tmp_path / "out" / "moved.png", tmp_path / "out" / "wide.png")
    assert outputs.sheet == tmp_path / "out" / "sheet.png"
    assert outputs.model == tmp_path / "out" / "model"
    assert not (tmp_path / "out").exists()


def test_two_targets_with_one_stem(tmp_path: Path):
    with pytest.raises(OptionError, match=r"a/moved.png and b/moved.jpg|b/moved.jpg and a/moved.png"):
        plan(tmp_path, [Path("a/moved.png"), Path("b/moved.jpg")], [])


def test_a_target_named_like_the_sheet(tmp_path: Path):
    with pytest.raises(OptionError, match="the contact sheet"):
        plan(tmp_path, [Path("a/sheet.png")], [])


def test_the_files_of_two_targets_with_one_name(tmp_path: Path):
    targets = [Path("a/moved.png"), Path("a/moved.labels.png")]
    assert plan(tmp_path, targets, []).pictures == (tmp_path / "moved.png", tmp_path / "moved.labels.png")
    with pytest.raises(OptionError, match=r"moved.labels.png and .*moved.png would both be .*/moved.labels.png"):
        plan(tmp_path, targets, [], provenance=True)


@pytest.mark.parametrize("name", ["moved.provenance.npy", "moved.provenance.png", "moved.labels.png"])
def test_provenance_is_planned_as_well(tmp_path: Path, name):
    given = [tmp_path / name]
    assert not plan(tmp_path, [Path("a/moved.png")], given).provenance
    with pytest.raises(OptionError, match=f"overwrite the input .*{name}"):
        plan(tmp_path, [Path("a/moved.png")], given, provenance=True)
    (tmp_path / name).mkdir()
    with pytest.raises(OptionError, match=f"{name} is a folder"):
        plan(tmp_path, [Path("a/moved.png")], [], provenance=True)


def test_no_target(tmp_path: Path):
    with pytest.raises(OptionError, match="at least one label map"):
        plan(tmp_path, [], [])


@pytest.mark.parametrize("spelling", ["moved.png", "../{name}/moved.png"])
def test_a_result_never_overwrites_its_own_target(tmp_path: Path, monkeypatch, spelling):
    monkeypatch.chdir(tmp_path)
    target = Path(spelling.format(name=tmp_path.name))
    with pytest.raises(OptionError, match=r"overwrite the input .*moved.png"):
        plan(Path(), [target], [])


def test_a_result_never_overwrites_the_source(tmp_path: Path):
    with pytest.raises(OptionError, match=r"overwrite the input .*img.png"):
        plan(tmp_path, [Path("cond/img.jpg")], [tmp_path / "img.png"])


def test_the_sheet_never_overwrites_the_source(tmp_path: Path):
    with pytest.raises(OptionError, match=r"contact sheet would overwrite the input .*sheet.png"):
        plan(tmp_path, [Path("cond/moved.png")], [tmp_path / "sheet.png"])


@pytest.mark.parametrize("name", ["moved.png", "moved.json", "sheet.png"])
def test_a_folder_in_place_of_a_file(tmp_path: Path, name):
    plan(tmp_path, [Path("cond/moved.jpg")], [])
    (tmp_path / name).mkdir()
    with pytest.raises(OptionError, match=rf"/{name} is a folder, .* -o\."):
        plan(tmp_path, [Path("cond/moved.jpg")], [])


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_place_of_the_folder(tmp_path: Path, below):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OptionError, match="is a file"):
        check_folder(tmp_path / "out" / below)


def test_a_folder_that_refuses_files():
    # Nobody, not even root, can create a file there.
    refusing = Path("/proc/self")
    if not refusing.is_dir():
        pytest.skip("needs a file system that refuses new files")
    with pytest.raises(OptionError, match=r"Nothing can be written in /proc/self .*-o"):
        check_folder(refusing / "out")


def test_checking_leaves_nothing_behind(tmp_path: Path):
    check_folder(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []

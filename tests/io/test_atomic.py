from pathlib import Path
from typing import BinaryIO

import pytest

from analogon.errors import InputError
from analogon.io import replacing, write_text, write_together


def test_a_file_appears_with_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.json", tmp_path / "b.json"
    write_text(path, "größe\n")
    plain.write_bytes(b"x")
    assert path.read_text(encoding="utf-8") == "größe\n"
    assert path.stat().st_mode == plain.stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_missing_folders_are_made_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a"
    with pytest.raises(InputError), replacing(path) as file:
        file.write(b"lost")
    assert not list(tmp_path.iterdir())
    with replacing(path, parents=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(InputError, match="cannot be written"), replacing(path / "b", parents=True):
        pass


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_after_an_error_the_old_file_stays_and_nothing_else(tmp_path: Path, stop: type[BaseException]) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise stop

    with pytest.raises(stop):
        write()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_unwritable_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'.*missing/a\.txt' cannot be written \(No such file"):
        write_text(tmp_path / "missing" / "a.txt", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"'.*folder' cannot be written"):
        write_text(tmp_path / "folder", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_several_files_appear_together(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("a", "b", "c")]
    seen = []

    def write(file: BinaryIO) -> None:
        file.write(b"new")
        seen.append({path.name for path in tmp_path.iterdir() if not path.name.startswith(".")})

    names[1].write_bytes(b"old")
    write_together(dict.fromkeys(names, write))
    assert seen == [{"b"}] * 3
    assert [path.read_bytes() for path in names] == [b"new"] * 3
    assert set(tmp_path.iterdir()) == set(names)


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, OSError, InputError])
def test_after_trouble_in_one_file_none_has_changed(tmp_path: Path, trouble: type[BaseException]) -> None:
    def fine(file: BinaryIO) -> None:
        file.write(b"new")

    def broken(file: BinaryIO) -> None:
        file.write(b"half")
        raise trouble

    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(InputError if trouble is OSError else trouble):
        write_together({tmp_path / "a": fine, tmp_path / "b": broken, tmp_path / "c": fine})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]

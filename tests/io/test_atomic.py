from pathlib import Path

import pytest

from analogon.errors import InputError
from analogon.io import replacing, write_text


def test_a_file_appears_with_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.json", tmp_path / "b.json"
    write_text(path, "größe\n")
    plain.write_bytes(b"x")
    assert path.read_text(encoding="utf-8") == "größe\n"
    assert path.stat().st_mode == plain.stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


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

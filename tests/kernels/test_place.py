import os
import sys
from pathlib import Path

import pytest

from analogon.kernels import VARIABLE, settle_cache


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "")


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder that cannot be made, not even by root."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "folder"


def test_without_a_writable_place_kernels_go_to_a_temporary_folder(nowhere, monkeypatch):
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    settle_cache(nowhere, nowhere)
    folder = Path(os.environ[VARIABLE])
    assert folder.is_dir()
    folder.rmdir()


@pytest.mark.parametrize("package_fits", [True, False])
def test_one_writable_place_is_enough(nowhere, tmp_path, package_fits):
    settle_cache(*((tmp_path, nowhere) if package_fits else (nowhere, tmp_path / "new" / "one")))
    assert not os.environ[VARIABLE]


def test_what_is_set_stays(nowhere, monkeypatch):
    monkeypatch.setenv(VARIABLE, "/somewhere")
    settle_cache(nowhere, nowhere)
    assert os.environ[VARIABLE] == "/somewhere"

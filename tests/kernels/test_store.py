import json
import os
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

from analogon.kernels import Kernel, compiler, compiling, kernel, store
from analogon.kernels.native import supported
from analogon.kernels.place import VARIABLE

pytestmark = pytest.mark.skipif(not supported(), reason="Numba keeps its own code here")
STEP = 2


@kernel()
def _stepped(value):
    return value + STEP


@kernel()
def _twice(value):
    return _stepped(_stepped(value))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(store, "folders", lambda: [tmp_path])
    return tmp_path


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kernels that have been compiled since."""
    names: list[str] = []
    compiled = compiling.compiled

    def counted(one, args):
        names.append(one.__name__)
        return compiled(one, args)

    monkeypatch.setattr(compiling, "compiled", counted)
    return names


def again(one: Kernel, **values: object) -> Kernel:
    """The kernel as another process has it, with other values of what it refers to."""
    function = one.function
    copy = FunctionType(function.__code__, {**function.__globals__, **values}, function.__name__)
    copy.__module__ = function.__module__
    return Kernel(copy, one.options)


def test_what_is_compiled_is_found_again(compilations, folder):
    assert again(_twice)(1) == again(_twice)(1) == 5
    assert compilations == ["_twice"]
    assert len(list(folder.iterdir())) == 1
    import numba

    assert compiler() == numba.__version__


def test_other_arguments_are_compiled_for_themselves(compilations):
    assert (again(_twice)(1), again(_twice)(1.5)) == (5, 5.5)
    assert len(compilations) == 2


def test_a_change_of_what_a_kernel_refers_to_is_seen(compilations, folder):
    assert again(_twice)(1) == 5
    assert again(_twice, _stepped=again(_stepped, STEP=7))(1) == 15
    assert len(compilations) == 2
    assert len(list(folder.iterdir())) == 1  # the old one is replaced


@pytest.mark.parametrize("damage", [lambda whole: whole[:-100], lambda whole: b"", lambda whole: whole[:-1] + b"?"])
def test_a_damaged_file_is_made_anew(compilations, folder, damage):
    assert again(_twice)(1) == 5
    (path,) = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert again(_twice)(1) == 5
    assert len(compilations) == 2
    assert again(_twice)(1) == 5
    assert len(compilations) == 2


def test_where_nothing_can_be_written_kernels_work_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(store, "folders", lambda: [tmp_path / "file" / "folder"])
    assert again(_twice)(1) == 5


def test_a_second_process_does_without_numba(tmp_path):
    code = """
import json, sys
import numpy as np
from analogon.transport.regions import regions_of
runs, *_ = regions_of(np.array([[0, 0, 1], [2, 0, 1]], np.int16))
print(json.dumps([runs.tolist(), sorted({"numba", "scipy"} & set(sys.modules))]))
"""
    answers = []
    for _ in range(2):
        environment = {**os.environ, VARIABLE: str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        answers.append(json.loads(done.stdout))
        assert ("Compiling" in done.stderr) == (len(answers) == 1)
    assert answers[0][0] == answers[1][0] == [[0, 0, 2], [0, 2, 3], [1, 0, 1], [1, 1, 2], [1, 2, 3]]
    assert "numba" in answers[0][1] and not answers[1][1]


def test_a_new_kind_of_arguments_after_the_first_without_numba(tmp_path):
    """Numba comes late into a process that has called machine code, and its memory, before."""
    code = """
import sys
import numpy as np
from analogon.transport.regions import paint
runs, number = np.array([[0, 0, 2]], np.int32), np.zeros(1, np.int32)
first = paint((2, 2), runs, number)
loaded = "numba" in sys.modules
second = paint((2, 2), runs.astype(np.int64), number)
assert (first == second).all() and (paint((2, 2), runs, number) == first).all()
print(loaded, "numba" in sys.modules)
"""
    environment = {**os.environ, VARIABLE: str(tmp_path)}
    first = code.partition("second =")[0]
    subprocess.run([sys.executable, "-c", first], env=environment, capture_output=True, check=True)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_fingerprints_are_of_values_not_of_names():
    same = again(_stepped, STEP=np.int64(2)), again(_stepped, STEP=2), _stepped
    first, second, third = map(store.fingerprint, same)
    assert second == third != first


def test_what_others_compiled_is_used_and_can_be_read(compilations, tmp_path, monkeypatch):
    shared, own = tmp_path / "shared", tmp_path / "own"
    monkeypatch.setattr(store, "folders", lambda: [shared])
    again(_twice)(2.0)
    (path,) = shared.iterdir()
    assert path.stat().st_mode & 0o044 == 0o044
    monkeypatch.setattr(store, "folders", lambda: [own, shared])
    again(_twice)(2.0)
    assert len(compilations) == 1 and not own.exists()

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analogon.data import Exemplar, LabelClass, LabelMap, Palette
from analogon.kernels import Kernel, kernel
from analogon.kernels.native import Native, supported
from analogon.ops import synthesize
from analogon.run import Run

FACTOR = 3


@kernel(inline=True)
def _scaled(value):
    return value * FACTOR


@kernel()
def _parts(array, pair, flag, number, real):
    """Every kind of argument, and of result."""
    total = np.zeros(array.shape, np.float32)
    for y in range(array.shape[0]):
        for x in range(array.shape[1]):
            total[y, x] = _scaled(array[y, x]) + pair[0][0] * pair[1]
    if flag:
        total[0, 0] = real
    return total, number + 1, total[0, 0], total > real


@kernel()
def _write(out, value):
    out[:, :] = value


@kernel()
def _quotient(a, b):
    return a // b


@kernel(error_model="numpy")
def _ratio(a, b):
    return a / b


@kernel()
def _grown(count):
    """A list inside, as in the multigrid of seams."""
    every = [np.zeros(1)]
    for n in range(count):
        every.append(np.full(n + 1, float(n)))
    return every[-1]


@kernel()
def _text(flag):
    return "yes" if flag else "no"


ARRAY = np.arange(12, dtype=np.int16).reshape(3, 4)


def expected(array: np.ndarray) -> np.ndarray:
    total = (array * 3 + 10).astype(np.float32)
    total[0, 0] = 0.25
    return total


@pytest.fixture(params=["native", "numba"])
def fresh(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Kernel], Kernel]:
    """The kernel as it is before its first call, called directly or by Numba."""
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    if request.param == "numba":
        monkeypatch.setenv("NUMBA_OPT", "3")
    assert supported() == (request.param == "native")
    return lambda one: Kernel(one.function, one.options)


def test_arguments_and_results_of_every_kind(fresh):
    both = fresh(_parts)
    for array in (ARRAY, ARRAY[::2], ARRAY[:, ::-1], ARRAY.T, np.asfortranarray(ARRAY), ARRAY.astype(np.uint8)):
        total, number, first, above = both(array, (np.array([5.0]), 2), True, np.int32(6), np.float32(0.25))
        assert total.dtype == np.float32 and (total == expected(array)).all()
        assert (number, first) == (7, 0.25)
        assert above.dtype == bool and (above == (total > 0.25)).all()


def test_arrays_are_written_to_in_place(fresh):
    out = np.zeros((4, 6), np.float32)
    assert fresh(_write)(out[1:3, ::2], 2.5) is None
    assert out.sum() == 6 * 2.5 and (out[1:3, ::2] == 2.5).all()


def test_first_arguments_can_be_given(fresh):
    quotient = fresh(_quotient)
    assert quotient.given(17)(5) == 3
    assert quotient(9, 2) == 4  # the kernel itself is as before


def test_lists_inside_a_kernel(fresh):
    assert (fresh(_grown)(40) == np.full(40, 39.0)).all()


def test_the_error_model_is_kept(fresh):
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        fresh(_quotient)(1, 0)
    assert fresh(_ratio)(1.0, 0.0) == np.inf


def test_what_cannot_be_called_directly_is_called_by_numba():
    assert Kernel(_text.function, _text.options)(True) == "yes"


def test_other_arguments_are_an_error():
    with pytest.raises(TypeError, match="takes no list"):
        _quotient([1], 2)


def test_threads_share_what_is_compiled():
    quotient, results = Kernel(_quotient.function, _quotient.options), []
    threads = [threading.Thread(target=lambda n=n: results.append(quotient(n, 7))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0] * 7 + [1]
    assert len(quotient._by_kind) == 1


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="tells the memory in use on Linux alone")
def test_results_are_released():
    """Memory that Numba allocates for results does not pile up."""

    @kernel()
    def million(value):
        return np.full(1_000_000, value)

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    million(0.0)
    before = pages()
    for n in range(50):
        assert million(float(n))[-1] == n
    assert pages() - before < 100_000_000 // os.sysconf("SC_PAGE_SIZE")  # 400 million bytes if it did


def test_tuples_inside_tuples_are_left_to_numba():
    @kernel()
    def nested(a, b, c):
        return (a, b), c

    assert nested(2**40, np.float32(0.5), np.float32(0.25)) == ((2**40, 0.5), 0.25)


def test_numbers_that_do_not_fit_are_an_error():
    with pytest.raises(OverflowError, match="64 bits"):
        _quotient(2**63, 2)


@pytest.mark.skipif(not supported(), reason="Numba calls all kernels here")
def test_every_kernel_of_a_picture_is_called_directly():
    ids = np.zeros((2, 24, 24), np.int64)
    ids[0, 8:16, 4:12], ids[1, 8:16, 12:20] = 1, 1
    palette = Palette((LabelClass(0, "ground", (0, 0, 0)), LabelClass(1, "figure", (255, 255, 255))))
    image = np.random.default_rng(0).random((24, 24, 3), np.float32)
    synthesize(Exemplar(image, LabelMap(ids[0], palette)), LabelMap(ids[1], palette), Run())
    modules = [name for name in sys.modules if name.startswith(("analogon.ops", "analogon.transport"))]
    kernels = {one for name in modules for one in vars(sys.modules[name]).values() if isinstance(one, Kernel)}
    calls = [call for one in kernels for call in one._by_kind.values()]
    assert len(calls) > 15 and {type(call) for call in calls} == {Native}

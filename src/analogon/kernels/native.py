"""Machine code and the calling convention of what Numba compiles.

A compiled function takes a place for its result, a place for an error, and its arguments as plain numbers and pointers;
it returns a status. An array is (owner, parent, size, bytes of an element, data, shape, strides), a tuple is its
elements one after the other. :mod:`analogon.kernels.compiling` checks that this is so before code is kept.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analogon.kernels.place import VARIABLE

#: C and Fortran order, alignment and writability, of the flags of an array: Numba tells apart only these.
_FLAGS = 0x1 | 0x2 | 0x100 | 0x400
_PLAIN: dict[Any, Any] = {int: ctypes.c_int64, float: ctypes.c_double, bool: ctypes.c_uint8}
#: Variables of Numba that have nothing to do with the code that it makes.
_HARMLESS = {VARIABLE, "NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER"}


class Unsupported(Exception):  # noqa: N818 (not for people: Numba itself is called then)
    """This function, or this machine, needs Numba for every call."""


@dataclass(frozen=True)
class Code:
    """Machine code of one function.

    Attributes:
        symbol: its name in there.
        returns: None, a dtype, an array as [dtype, dimensions], or a tuple as {"tuple": [...]}; ready for JSON.
        compiler: the version of Numba that made it.
        code: an object file.
    """

    symbol: str
    returns: Any
    compiler: str
    code: bytes


def supported() -> bool:
    """Whether machine code is called directly: on Linux, if no variable changes how Numba works."""
    return sys.platform == "linux" and not any(
        name.startswith("NUMBA_") and name not in _HARMLESS for name in os.environ
    )


def numbers_of(value: Any, known: dict[int, Any]) -> tuple[Any, tuple[Any, ...]]:
    """The kind of an argument, and the numbers that stand for it in a call.

    Raises:
        TypeError: there is no such argument. OverflowError: a whole number has more than 64 bits.
    """
    kind = type(value)
    if kind is np.ndarray:
        start = value.ctypes.data
        numbers = (None, None, value.size, value.itemsize, start, *value.shape, *value.strides)
        flags = value.flags.num & _FLAGS
        # what is in both orders counts as C's
        found = known[id(value)] = (value.dtype, value.ndim, flags & ~0x2 if flags & 0x1 else flags), numbers
        return found
    if kind in _PLAIN:
        if kind is int and not -(2**63) <= value < 2**63:
            raise OverflowError(f"A kernel takes whole numbers of 64 bits, not {value}.")
        return kind, (value,)
    if kind is tuple:
        parts = [numbers_of(part, known) for part in value]
        return tuple(part[0] for part in parts), tuple(number for part in parts for number in part[1])
    if isinstance(value, np.generic):
        return value.dtype, (value.item(),)
    raise TypeError(f"A kernel takes no {kind.__name__}.")


def arguments(kind: Any) -> list[Any]:
    """The ctypes of an argument of a kind, as from :func:`numbers_of`."""
    if isinstance(kind, np.dtype):
        return [np.ctypeslib.as_ctypes_type(kind)]
    if not isinstance(kind, tuple):
        return [_PLAIN[kind]]
    if len(kind) == 3 and isinstance(kind[0], np.dtype) and isinstance(kind[1], int):
        return _array(kind[1])
    return [one for part in kind for one in arguments(part)]


def _array(dimensions: int) -> list[Any]:
    owner, count = ctypes.c_void_p, ctypes.c_int64
    return [owner, owner, count, count, ctypes.c_void_p, *[count] * (2 * dimensions)]


def results(returns: Any) -> list[Any]:
    """The ctypes of a result; see :class:`Code`."""
    if returns is None:
        return [ctypes.c_void_p]
    if isinstance(returns, dict):
        return [one for part in returns["tuple"] for one in results(part)]
    if isinstance(returns, list):
        return _array(returns[1])
    return [np.ctypeslib.as_ctypes_type(np.dtype(returns))]


class Native:
    """One function of machine code, ready to be called."""

    def __init__(self, name: str, kinds: tuple[Any, ...], code: Code) -> None:
        import llvmlite.binding as llvm

        target, self._release = _machine()
        # an engine for each: the names that Numba gives to what a function calls are unique in one process only
        self._engine = engine = llvm.create_mcjit_compiler(
            llvm.parse_assembly(""), target.create_target_machine(jit=True)
        )
        engine.add_object_file(llvm.ObjectFileRef.from_data(code.code))
        engine.finalize_object()
        address = engine.get_function_address(code.symbol)
        if not address:
            raise Unsupported
        taken = [one for kind in kinds for one in arguments(kind)]
        pointers = [ctypes.c_void_p] * 2
        self._name, self._returns = name, code.returns
        self._function = ctypes.CFUNCTYPE(ctypes.c_int32, *pointers, *taken)(address)
        fields = [(f"field{n}", one) for n, one in enumerate(results(code.returns))]
        self._result = type("Result", (ctypes.Structure,), {"_fields_": fields})

    def __call__(self, numbers: list[Any], args: tuple[Any, ...]) -> Any:  # noqa: ARG002 (they live until it is done)
        """Call it with these numbers, of ``args``."""
        result, error = self._result(), ctypes.c_void_p()
        status = self._function(ctypes.byref(result), ctypes.byref(error), *numbers)
        if status:
            raise RuntimeError(f"Kernel {self._name} failed with status {status}.")
        if self._returns is None:
            return None
        values = iter([getattr(result, name) for name, *_ in result._fields_])
        return self._value(self._returns, values)

    def _value(self, returns: Any, values: Any) -> Any:
        """The next value of a result, from its numbers."""
        if isinstance(returns, dict):
            return tuple(self._value(part, values) for part in returns["tuple"])
        if not isinstance(returns, list):
            return np.dtype(returns).type(next(values)).item()
        owner, _, _, _, start = (next(values) for _ in range(5))
        shape = tuple(next(values) for _ in range(returns[1]))
        for _ in shape:
            next(values)  # strides: results are in C order
        array: NDArray[Any] = np.empty(shape, returns[0])
        ctypes.memmove(array.ctypes.data, start, array.nbytes)
        if owner:
            self._release(owner)
        return array


@cache
def _machine() -> tuple[Any, Any]:
    """What machine code is for, and what releases memory that a result came in."""
    import llvmlite.binding as llvm

    helpers = _runtime().c_helpers
    for name, address in helpers.items():
        llvm.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple(), ctypes.CFUNCTYPE(None, ctypes.c_void_p)(helpers["MemInfo_release"])


def provided() -> set[str]:
    """Names in machine code that are there without Numba, besides those of Python and the C library."""
    return {f"NRT_{name}" for name in _runtime().c_helpers}


@cache
def numba_folder() -> Path:
    """Where Numba is installed."""
    spec = find_spec("numba")
    assert spec is not None and spec.origin is not None  # the package depends on it
    return Path(spec.origin).parent


@cache
def _runtime() -> Any:
    """Numba's allocation of memory: a module of its own, which needs no other part of Numba.

    Raises:
        Unsupported: this version of Numba has it elsewhere.
    """
    name = "_nrt_python"
    for suffix in EXTENSION_SUFFIXES:
        path = numba_folder() / "core" / "runtime" / f"{name}{suffix}"
        if path.exists():
            spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, str(path)))
            assert spec is not None and spec.loader is not None
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise Unsupported

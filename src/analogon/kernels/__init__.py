"""Compiled functions that a process has at once: Numba compiles them, but need not be there to call them.

Importing Numba and having it load twenty functions from its own cache takes 0.4 s, more than most pictures do. So what
it compiles is kept as plain machine code, which LLVM loads in less than a millisecond per function, and is called
through ctypes. Numba is imported where machine code is missing: once after an installation or a change.

    kernel     the decorator
    native     machine code and Numba's calling convention
    compiling  what Numba is needed for
    store      machine code on disk
    place      where Numba keeps its own, if it has to
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from copy import copy
from typing import Any

from analogon.kernels import store
from analogon.kernels.native import Native, Unsupported, numbers_of, supported
from analogon.kernels.place import VARIABLE, settle_cache

__all__ = ["VARIABLE", "Kernel", "compiler", "kernel", "settle_cache"]

_log = logging.getLogger("analogon")
_compiling = threading.RLock()
_told = False
_compiler: str | None = None


class Kernel:
    """A function in Numba's part of Python, compiled for each kind of arguments it is called with.

    Arguments are arrays, numbers, and tuples of them; so are results, which never share memory with arguments.
    Calls release the GIL.

    Attributes:
        function: as it is written.
        options: what Numba is told.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.function, self.options = function, options
        self.__doc__, self.__name__, self.__module__ = function.__doc__, function.__name__, function.__module__
        self._by_kind: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self._first: tuple[Any, ...] = ()

    def given(self, *first: Any) -> Kernel:
        """The kernel without its first arguments, which are these."""
        other = copy(self)  # what is compiled belongs to both
        other._first = self._first + first
        return other

    def __call__(self, *args: Any) -> Any:
        """What the function returns for these arguments.

        Raises:
            RuntimeError: an error inside the function.
        """
        return self.call(args, {})

    def call(self, args: tuple[Any, ...], known: dict[int, Any]) -> Any:
        """The same; ``known`` remembers arrays by their id, for calls that share them while they live."""
        kinds: list[Any] = []
        numbers: list[Any] = []
        args = self._first + args
        for value in args:
            kind, parts = known.get(id(value)) or numbers_of(value, known)
            kinds.append(kind)
            numbers += parts
        native = self._by_kind.get(tuple(kinds)) or self._prepared(tuple(kinds), args)
        return native(numbers, args)

    def _prepared(self, kinds: tuple[Any, ...], args: tuple[Any, ...]) -> Callable[..., Any]:
        """What computes arguments of these kinds: from the store, or compiled now."""
        global _compiler
        with _compiling:
            if kinds in self._by_kind:
                return self._by_kind[kinds]
            call: Callable[..., Any]
            try:
                call, _compiler = self._native(kinds, args)
            # whatever Numba, llvmlite or the machine have otherwise than is expected here
            except (Unsupported, AttributeError, KeyError, OSError, RuntimeError, ValueError) as problem:
                _log.debug("Numba calls %s itself: %r", self.__name__, problem)
                from importlib.metadata import version  # it takes a while itself

                from analogon.kernels.compiling import dispatcher

                _tell()
                plain, _compiler = dispatcher(self), version("numba")
                call = lambda numbers, args: plain(*args)  # noqa: ARG005, E731 (called as native code is)
            self._by_kind[kinds] = call
            return call

    def _native(self, kinds: tuple[Any, ...], args: tuple[Any, ...]) -> tuple[Native, str]:
        """Machine code for arguments of these kinds, and the version of Numba that made it.

        Raises:
            Unsupported: only Numba itself can call it.
        """
        if not supported():
            raise Unsupported
        entry = store.Entry(self, kinds)
        code = entry.read()
        if code is None:
            from analogon.kernels.compiling import compiled

            _tell()
            code = compiled(self, args)
            entry.write(code)
        return Native(self.__name__, kinds, code), code.compiler


def kernel(*, inline: bool = False, error_model: str = "python") -> Callable[[Callable[..., Any]], Kernel]:
    """Make a function a kernel.

    Args:
        inline: for a short function that other kernels call: written out where it is called.
        error_model: "numpy" divides by zero without an error.
    """
    options = {"inline": "always" if inline else "never", "error_model": error_model}
    return lambda function: Kernel(function, options)


def compiler() -> str | None:
    """The version of Numba that compiled what this process has called; None where it called none."""
    return _compiler


def _tell() -> None:
    """A line in the log "analogon", since the first call after an installation takes its time."""
    global _told
    if not _told:
        _told = True
        _log.warning("Compiling the patch engine for this machine: once for each use of it, half a minute at most.")

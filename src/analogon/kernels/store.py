"""Machine code on disk: one file per kernel and kinds of arguments, replaced when its source changes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from analogon.kernels.native import Code, numba_folder
from analogon.kernels.place import VARIABLE, settle_cache, user_cache, writable

PACKAGE = Path(__file__).parent
#: Changes with the form of the files, and with how :mod:`analogon.kernels.native` calls what is in them.
FORMAT = 1


class Entry:
    """The file of one kernel for arguments of some kinds.

    It is a hash of all that follows; one line of JSON: what it was made from, and how it is called; an object file.
    """

    def __init__(self, kernel: Any, kinds: tuple[Any, ...]) -> None:
        self._source = fingerprint(kernel)
        name = sha256(f"{kinds!r} {_machine()}".encode()).hexdigest()[:16]
        self._name = f"{kernel.__module__}.{kernel.__name__}-{name}.kernel"
        self._path = folders()[0] / self._name

    def read(self) -> Code | None:
        """The code; None where there is none, or it is of another source or damaged."""
        return next(filter(None, (self._read(folder / self._name) for folder in folders())), None)

    def _read(self, path: Path) -> Code | None:
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, rest = content[:32], content[32:]
        if sha256(rest).digest() != digest:
            return None
        line, _, code = rest.partition(b"\n")
        record = json.loads(line)
        if record.pop("source") != self._source:
            return None
        return Code(**record, code=code)

    def write(self, code: Code) -> None:
        """Keep the code; where that cannot be, the next process compiles again."""
        record = {"source": self._source, "symbol": code.symbol, "returns": code.returns, "compiler": code.compiler}
        rest = json.dumps(record).encode() + b"\n" + code.code
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent)
            try:
                os.chmod(name, 0o644)  # noqa: PTH101 (temporary files are readable by their owner alone)
                with os.fdopen(handle, "wb") as file:
                    file.write(sha256(rest).digest() + rest)
                Path(name).replace(self._path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise


@cache
def folders() -> list[Path]:
    """Where machine code is kept, and where else it may be found.

    That is the folder that the variable names; else beside the sources, where what others compiled serves all who
    can read it, and if that cannot be written to the user's cache folder.
    """
    if named := os.environ.get(VARIABLE):
        return [Path(named) / "analogon"]
    beside = PACKAGE / "__pycache__"
    settle_cache(PACKAGE)
    if named := os.environ.get(VARIABLE):  # nothing can be written to
        return [Path(named) / "analogon", beside]
    return [beside] if writable(PACKAGE) else [user_cache() / "analogon", beside]


@cache
def _machine() -> str:
    """All that machine code depends on besides its source."""
    import llvmlite
    from llvmlite import binding as llvm

    version = sha256((numba_folder() / "_version.py").read_bytes()).hexdigest()
    python = f"{FORMAT} {sys.implementation.cache_tag} {llvmlite.__version__} {version}"
    return f"{python} {llvm.get_process_triple()} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def fingerprint(kernel: Any) -> str:
    """A hash of the kernel's code, with all values and kernels it refers to."""
    text = repr((kernel.options, *_content(kernel.function.__code__, kernel)))
    return sha256(text.encode()).hexdigest()


def _content(code: CodeType, kernel: Any) -> list[Any]:
    content: list[Any] = [code.co_code.hex(), code.co_names, code.co_varnames]
    for value in code.co_consts:
        content.append(_content(value, kernel) if isinstance(value, CodeType) else repr(value))
    names = kernel.function.__globals__
    for name in code.co_names:
        value = names.get(name)
        if isinstance(value, type(kernel)):
            content.append(fingerprint(value))
        elif isinstance(value, np.ndarray):
            content.append((value.dtype.str, value.shape, sha256(np.ascontiguousarray(value).data).hexdigest()))
        elif not isinstance(value, ModuleType):
            content.append(repr(value))
    return content

"""What Numba is needed for: machine code for a kernel that has none yet."""

from __future__ import annotations

import ctypes
from types import FunctionType
from typing import Any

from analogon.kernels.native import Code, Unsupported, arguments, numbers_of, provided, results
from analogon.kernels.place import settle_cache


def dispatcher(kernel: Any, **options: Any) -> Any:
    """The kernel as a function of Numba's, which compiles it, and keeps that in Numba's own cache, when it is called.

    Args:
        kernel: a :class:`analogon.kernels.Kernel`.
        options: further options of Numba.
    """
    settle_cache()
    from numba import njit

    function = kernel.function
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(names.get(name), type(kernel)):
            names[name] = dispatcher(names[name], **options)
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return njit(**{"nogil": True, "cache": True, **kernel.options, **options})(copy)


def compiled(kernel: Any, args: tuple[Any, ...]) -> Code:
    """Machine code for arguments of these kinds.

    Raises:
        Unsupported: only Numba itself can call it.
    """
    import numba

    function = dispatcher(kernel, cache=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    types = tuple(numba.typeof(value) for value in args)  # type: ignore[no-untyped-call]
    function.compile(types)
    try:
        result = function.overloads[types]
        returns = _returns(result.signature.return_type)
        _check_convention(result, args, returns)
        _check_names(function.inspect_llvm(types))
        code = result.library._get_compiled_object()
        return Code(result.fndesc.llvm_func_name, returns, numba.__version__, code)
    except (AttributeError, KeyError) as problem:  # this version of Numba is another inside
        raise Unsupported from problem


def _check_convention(result: Any, args: tuple[Any, ...], returns: Any) -> None:
    """Refuse what is not called as :mod:`analogon.kernels.native` calls it."""
    context, signature = result.target_context, result.signature
    taken = [ctypes.c_void_p] * 2 + [one for value in args for one in arguments(numbers_of(value, {})[0])]
    theirs = context.call_conv.get_function_type(signature.return_type, signature.args)
    if list(map(_size, taken)) != [size for one in theirs.args for size in _sizes(one)]:
        raise Unsupported
    if list(map(_size, results(returns))) != _sizes(context.get_return_type(signature.return_type)):
        raise Unsupported


def _check_names(assembly: str) -> None:
    """Refuse what calls functions of Numba that are not there without it: LLVM would end the process."""
    from llvmlite import binding as llvm

    module = llvm.parse_assembly(assembly)
    outside = [one.name for one in (*module.functions, *module.global_variables) if one.is_declaration]
    for name in outside:
        # Numba's own functions, and those of a vector library that it may have loaded
        if name.startswith(("numba_", "__svml")) or not (
            name.startswith("llvm.") or name in provided() or llvm.address_of_symbol(name)
        ):
            raise Unsupported


def _returns(kind: Any) -> Any:
    """The type of a result as :class:`Code` has it."""
    from numba import types
    from numba.np.numpy_support import as_dtype

    if kind is types.none:
        return None
    if isinstance(kind, types.Tuple | types.UniTuple):
        if any(isinstance(one, types.Tuple | types.UniTuple) for one in kind.types):
            raise Unsupported  # one inside another has a layout of its own
        return {"tuple": [_returns(one) for one in kind.types]}
    if isinstance(kind, types.Array) and kind.layout == "C":
        return [as_dtype(kind.dtype).str, kind.ndim]
    if isinstance(kind, types.Number | types.Boolean):
        return as_dtype(kind).str
    raise Unsupported


def _size(one: Any) -> str:
    """A ctype as a kind and a number of bits."""
    if one is ctypes.c_void_p:
        return "pointer"
    return f"{'float' if one in (ctypes.c_float, ctypes.c_double) else 'int'}{8 * ctypes.sizeof(one)}"


def _sizes(kind: Any) -> list[str]:
    """The same of all parts of an LLVM type."""
    from llvmlite import ir

    if isinstance(kind, ir.PointerType):
        return ["pointer"]
    if isinstance(kind, ir.IntType):
        return [f"int{kind.width}"]
    if isinstance(kind, ir.FloatType | ir.DoubleType):
        return ["float32" if isinstance(kind, ir.FloatType) else "float64"]
    parts = [kind.element] * kind.count if isinstance(kind, ir.ArrayType) else kind.elements
    return [size for part in parts for size in _sizes(part)]

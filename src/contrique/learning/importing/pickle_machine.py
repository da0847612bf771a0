"""A machine for the few instructions that a pickled scikit-learn ``Ridge`` is made of; it executes nothing.

A pickle is a program: whoever unpickles it runs what its author wrote. Nothing of Python's unpickling is used here.
``pickletools`` only cuts the file into instructions, and this carries out a few of them. It imports nothing and calls
nothing by name: the names it knows (``CALLS``, ``CLASSES``) stand for a few lines of this file, which turn bytes into
an array. Any other name or instruction ends the reading.
"""

import io
import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MAX_BYTES = 2**22
"""Most bytes of a file: a ridge of 4,096 features in float64 has 33 kB."""
MAX_INSTRUCTIONS = 10_000
"""A pickled Ridge has about 200."""

NUMPY = ("numpy.core", "numpy._core")
RIDGES = {("sklearn.linear_model._ridge", "Ridge"), ("sklearn.linear_model.ridge", "Ridge")}
JOBLIB_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")
CLASSES = {*RIDGES, JOBLIB_ARRAY, ("numpy", "ndarray")}


class Refused(ValueError):
    """The file is not what is read here; the words say what was met."""


@dataclass(frozen=True)
class _Name:
    """A name that stands for itself: nothing is imported."""

    module: str
    name: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.module, self.name


@dataclass
class Thing:
    """What a pickle makes and then fills: a Ridge, joblib's note of an array, an ndarray, a dtype."""

    kind: str
    state: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    full: bool = False


_MARK = object()


def carry_out(data: bytes) -> Any:
    """Carry the instructions out, and give what is left at the end."""
    file = io.BytesIO(data)
    machine = _Machine(file)
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if count >= MAX_INSTRUCTIONS:
            raise Refused(f"more than {MAX_INSTRUCTIONS:,} instructions")
        if opcode.name == "STOP":
            break
        if opcode.name in _STEPS:
            _STEPS[opcode.name](machine, argument)
        elif opcode.name in _LITERALS:
            machine.stack.append(argument)
        elif opcode.name in _FIXED:
            machine.stack.append(_FIXED[opcode.name])
        elif opcode.name not in _NOTHING:
            words = f" {argument[:100]!r}" if isinstance(argument, str) else ""
            raise Refused(f"the instruction {opcode.name}{words}")
    if len(machine.stack) != 1 or file.read(1):
        raise Refused("more than one object")
    return machine.stack[0]


class _Machine:
    """The stack and the memo of one reading; every method is one kind of instruction."""

    def __init__(self, file: io.BytesIO) -> None:
        self.file = file
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def push_name(self, module: str, name: str) -> None:
        """Names are looked at here, when they are met, before anything is done with them."""
        if (module, name) not in CLASSES and (module, name) not in CALLS:
            raise Refused(f"the name {f'{module}.{name}'[:100]!r}")
        self.stack.append(_Name(module, name))

    def stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise Refused("a name that is no text")
        self.push_name(module, name)

    def since_mark(self) -> list[Any]:
        at = next(index for index in reversed(range(len(self.stack))) if self.stack[index] is _MARK)
        taken = self.stack[at + 1 :]
        del self.stack[at:]
        return taken

    def take(self, count: int) -> tuple[Any, ...]:
        taken = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        if len(taken) != count or any(one is _MARK for one in taken):
            raise Refused("a stack too short for its instruction")
        return taken

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def set_items(self, flat: list[Any]) -> None:
        keys, values = flat[::2], flat[1::2]
        if not isinstance(self.stack[-1], dict) or not all(isinstance(key, str) for key in keys):
            raise Refused("a table whose keys are no text")
        self.stack[-1].update(zip(keys, values, strict=True))

    def new(self, _: Any) -> None:
        made, arguments = self.take(2)
        if not isinstance(made, _Name) or arguments != () or made.pair not in {*RIDGES, JOBLIB_ARRAY}:
            raise Refused("an object of another class")
        self.stack.append(Thing("joblib" if made.pair == JOBLIB_ARRAY else "ridge"))

    def call(self, _: Any) -> None:
        function, arguments = self.take(2)
        if not isinstance(function, _Name) or not isinstance(arguments, tuple) or function.pair not in CALLS:
            raise Refused("a call of something else than NumPy's makers of arrays")
        self.stack.append(CALLS[function.pair](*arguments))

    def fill(self, _: Any) -> None:
        thing, state = self.take(2)
        if not isinstance(thing, Thing) or thing.full:
            raise Refused("a state for something that takes none")
        thing.full = True
        if thing.kind == "array":
            _, shape, dtype, fortran, data = state
            thing.value = _array(data, dtype, shape, "F" if fortran else "C")
        elif thing.kind == "dtype":
            thing.value = _ordered(thing.value, state)
        elif isinstance(state, dict):
            thing.state = state
            if thing.kind == "joblib":
                thing = _joblib_array(state, self.file)
        else:
            raise Refused("a state that is no table")
        self.stack.append(thing)


def _start_array(kind: Any, *_: Any) -> Thing:
    if not isinstance(kind, _Name) or kind.pair != ("numpy", "ndarray"):
        raise Refused("an array of another class")
    return Thing("array")


def _start_dtype(name: Any, *_: Any) -> Thing:
    if name not in ("f4", "f8", "i4", "i8"):
        raise Refused(f"an array of {str(name)[:20]!r}, not of numbers")
    return Thing("dtype", value=np.dtype(name))


def _ordered(dtype: np.dtype, state: Any) -> np.dtype:
    if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "=", "|"):
        raise Refused("an array of an unknown order of bytes")
    return dtype.newbyteorder(state[1])


def _array(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    """Bytes as an array, after a look at every number that says how."""
    if not isinstance(dtype, Thing) or dtype.kind != "dtype" or not isinstance(data, bytes | bytearray):
        raise Refused("an array that is not made of plain bytes")
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape) or len(shape) > 2:
        raise Refused("an array of no usual shape")
    if math.prod(shape) * dtype.value.itemsize != len(data) or order not in ("C", "F"):
        raise Refused("an array whose bytes do not fill its shape")
    return np.frombuffer(bytes(data), dtype.value).reshape(shape, order=order)


def _full_array(data: Any, dtype: Any, shape: Any, order: Any) -> Thing:
    return Thing("array", value=_array(data, dtype, shape, order), full=True)


def _scalar(dtype: Any, data: Any) -> float:
    return float(_array(data, dtype, (), "C"))


def _encode(text: Any, encoding: Any = None) -> bytes:
    """How protocol 2 writes bytes, which it does not have: ``_codecs.encode(text, "latin1")``."""
    if not isinstance(text, str) or encoding != "latin1":
        raise Refused("text in another encoding than latin1")
    return text.encode("latin1")


def _joblib_array(state: dict[str, Any], file: io.BytesIO) -> Thing:
    """joblib lays an array's bytes into the file right after the note of it, from 0.12 or so behind a padding."""
    dtype, shape = state.get("dtype"), state.get("shape")
    if not isinstance(dtype, Thing) or dtype.kind != "dtype" or not isinstance(shape, tuple):
        raise Refused("a joblib array without type and shape")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise Refused("an array of no usual shape")
    if state.get("numpy_array_alignment_bytes") is not None:
        file.seek(file.read(1)[0], io.SEEK_CUR)
    data = file.read(min(math.prod(shape) * dtype.value.itemsize, MAX_BYTES))
    return _full_array(data, dtype, shape, state.get("order"))


CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _start_dtype,
    **{(f"{root}.multiarray", "_reconstruct"): _start_array for root in NUMPY},
    **{(f"{root}.multiarray", "scalar"): _scalar for root in NUMPY},
    **{(f"{root}.numeric", "_frombuffer"): _full_array for root in NUMPY},
}
"""What a pickle may call, and what is done in its place."""

_NOTHING = ("PROTO", "FRAME")
_LITERALS = (
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
)
_FIXED = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _MARK, "EMPTY_TUPLE": ()}
_STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    "GLOBAL": lambda machine, argument: machine.push_name(*argument.split(" ", 1)),
    "STACK_GLOBAL": _Machine.stack_global,
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(machine.take(1)),
    "TUPLE2": lambda machine, _: machine.stack.append(machine.take(2)),
    "TUPLE3": lambda machine, _: machine.stack.append(machine.take(3)),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "SETITEM": lambda machine, _: machine.set_items(list(machine.take(2))),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "BINPUT": lambda machine, argument: machine.put(argument),
    "LONG_BINPUT": lambda machine, argument: machine.put(argument),
    "MEMOIZE": lambda machine, _: machine.put(len(machine.memo)),
    "BINGET": lambda machine, argument: machine.stack.append(machine.memo[argument]),
    "LONG_BINGET": lambda machine, argument: machine.stack.append(machine.memo[argument]),
    "NEWOBJ": _Machine.new,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.fill,
}
"""With the three above every instruction that is carried out; the rest of the language is refused."""

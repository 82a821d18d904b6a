"""Typed values from JSON, MessagePack and plain values, read by several threads at once.

msgspec works out how to read a type when it is first asked to, and another thread that reads the
same type meanwhile finds it half done: the process dies (SIGSEGV, 0.22).  So a type's reader is
made once, under a lock, before anybody reads with it.
"""

import threading
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")
_json: dict[Any, Any] = {}
_msgpack: dict[Any, Any] = {}
_making = threading.Lock()


def read_json(data: bytes | str, kind: type[_T]) -> _T:
    """Raises what ``msgspec.json.decode`` raises."""
    reader = _json.get(kind)
    if reader is None:
        with _making:
            reader = _json.setdefault(kind, msgspec.json.Decoder(kind))
    found: _T = reader.decode(data)
    return found


def read_msgpack(data: bytes, kind: type[_T]) -> _T:
    """Raises what ``msgspec.msgpack.decode`` raises."""
    reader = _msgpack.get(kind)
    if reader is None:
        with _making:
            reader = _msgpack.setdefault(kind, msgspec.msgpack.Decoder(kind))
    found: _T = reader.decode(data)
    return found


def convert(value: object, kind: type[_T]) -> _T:
    """Plain values as a type.  Raises what ``msgspec.convert`` raises."""
    if kind not in _json:
        with _making:
            _json.setdefault(kind, msgspec.json.Decoder(kind))
    return msgspec.convert(value, kind)

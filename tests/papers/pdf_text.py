"""Reads the words of a PDF of ours with zlib and base64 alone (ISO 32000-1, 7.3.4.2 and 7.4):
the strings it shows are UCS-2, in the order in which they are drawn."""

import base64
import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\) Tj", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """Everything it says."""
    said = []
    for stream in _STREAM.findall(pdf):
        coded = stream.strip().removeprefix(b"<~").removesuffix(b"~>")
        try:
            plain = zlib.decompress(base64.a85decode(coded))
        except (zlib.error, ValueError):
            continue  # not a page's contents
        said += [_ESCAPE.sub(_byte, one).decode("utf-16-be") for one in _SHOWN.findall(plain)]
    return "".join(said)


def _byte(found: re.Match[bytes]) -> bytes:
    said = found[1]
    return bytes([int(said, 8)]) if len(said) == 3 else _PLAIN.get(said, said)

"""Golden samples: what each is, size and digest, its text as far as there is room, its first bytes
in hexadecimal."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.contracts import BadText, Charset
from hub.contracts.yaml_files import read_yaml
from hub.crypto import sm3_hex

MOST_TEXT = 900
MOST_BYTES = 64
_INDEX = "index.yaml"


@dataclass(frozen=True, slots=True)
class Sample:
    """One golden sample; ``text`` is None for bytes that are none in the wire's charset."""

    name: str
    what: str
    size: int
    sm3: str
    text: str | None
    hex: str


def samples_of(folder: Path, charset: Charset) -> Iterator[Sample]:
    """Every file of a contract's ``samples`` but its index, by name."""
    if not folder.is_dir():
        return
    index = folder / _INDEX
    listed = read_yaml(index)["samples"] if index.is_file() else []
    what = {str(one["file"]): str(one.get("what", "")) for one in listed}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != _INDEX and not path.name.startswith("."):
            data = path.read_bytes()
            yield Sample(
                path.name, what.get(path.name, ""), len(data), sm3_hex(data),
                _text(data, charset), _hex(data),
            )  # fmt: skip


def _text(data: bytes, charset: Charset) -> str | None:
    try:
        text = charset.decode(data)
    except BadText:
        return None
    text = text.replace("\r\n", "\n").rstrip("\n")
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n……（共 {len(text)} 字符）"


def _hex(data: bytes) -> str:
    lines = []
    for start in range(0, min(len(data), MOST_BYTES), 16):
        part = data[start : min(start + 16, MOST_BYTES)]
        shown = "".join(chr(one) if 32 <= one < 127 else "." for one in part)
        lines.append(f"{start:04x}  {part.hex(' '):<47}  {shown}")
    return "\n".join(lines)

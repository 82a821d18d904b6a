"""What may be shown of a value that does not fit its contract: its shape, never itself."""

import re

_RUNS = re.compile(r"[0-9]+|[A-Za-z]+|[^\x00-\x7f]+|\s+|[\x00-\x7f]")
_LONGEST = 40
_WORDS = 8


def shape(text: str | None) -> str:
    """Kinds and lengths of the runs in a text: ``郑琪 4213`` → ``字×2 空×1 9×4``.

    Low in variety on purpose: drifts of one kind fall together into one row.
    """
    if text is None or text == "":
        return "空白"
    runs = [_run(one) for one in _RUNS.findall(text[:400])]
    shown = " ".join(runs[:_WORDS])
    return shown if len(runs) <= _WORDS else f"{shown} …共 {len(text)} 字符"


def plain_name(name: object) -> str:
    """The name of an element or key as it may be shown; anything unusual only as its shape."""
    text = str(name)
    if len(text) <= _LONGEST and re.fullmatch(r"[A-Za-z_][A-Za-z_.-]*[A-Za-z0-9_]?", text):
        return text
    return shape(text)


def _run(run: str) -> str:
    first = run[0]
    if first.isspace():
        return f"空×{len(run)}"
    if not first.isascii():
        return f"字×{len(run)}"
    if first.isdigit():
        return f"9×{len(run)}"
    if first.isalpha():
        return f"a×{len(run)}"
    return first

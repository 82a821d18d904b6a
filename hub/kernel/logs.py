"""Logging: JSON lines (or a console's), with a mask over everything as the second line of defence.

The first line is the masked types of ``hub.kernel.secret``.  What slips past them (a partner's
text, a driver's error message, a name of a field that gives its value away) is masked here by
its look.  Standard-library loggers (uvicorn, SQLAlchemy, APScheduler) go through the same door.

Numbers are left alone: integers in logs are 分, counts and microseconds, while account and
document numbers are text everywhere in the hub.  Objects that are not plain values show their
type only, since a ``repr`` prints every field.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import date, time, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.types import EventDict, Processor

from hub.kernel.clocks import SystemClock
from hub.kernel.periods import Period
from hub.kernel.secret import Masked, mask_account, mask_id, mask_phone

HIDDEN = "******"
SECRET_KEYS = re.compile(
    r"(?i)(password|passwd|passphrase|secret|token|authorization|cookie|private_?key|pin"
    r"|xingming|jkrxm|zjhm|jkrzjh|sjhm|borrower_name|borrower_id|id_number|phone)"
)
"""Names of fields whose text is hidden whatever it looks like (names of people have no look)."""

_D = "[0-9０-９]"
# Not inside a longer run of digits (20-digit instruction numbers must stay findable), nor inside
# a hexadecimal digest or trace id, where such runs come up by chance.
_BEFORE = "(?<![0-9A-Fa-f０-９])"
_AFTER = "(?![0-9A-Fa-f０-９])"
_DATE = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ID18 = re.compile(
    f"{_BEFORE}[1-9][0-9]{{5}}(?:18|19|20)[0-9]{{2}}{_DATE}[0-9]{{3}}[0-9Xx]{_AFTER}"
)
_ID15 = re.compile(f"{_BEFORE}[1-9][0-9]{{7}}{_DATE}[0-9]{{3}}{_AFTER}")
_CARD = re.compile(f"{_BEFORE}{_D}{{16,19}}{_AFTER}")
_SPACED_CARD = re.compile(f"{_BEFORE}{_D}{{4}}(?:[ -]{_D}{{4}}){{3}}(?:[ -]?{_D}{{1,3}})?{_AFTER}")
# A provident fund account has 14 digits here; a time written yyyyMMddHHmmss has them too.
_FUND_ACCOUNT = re.compile(f"{_BEFORE}(?!(?:19|20)[0-9]{{2}}{_DATE}){_D}{{14}}{_AFTER}")
_MOBILE = re.compile(f"{_BEFORE}(?:\\+?86[ -]?)?([1１][3-9３-９]{_D}{{9}}){_AFTER}")
_PASSWORD_IN_URL = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_PERSONAL_TOKEN = re.compile(r"hubp_[0-9A-Za-z]+_[0-9A-Za-z_-]+")


def mask_text(text: str) -> str:
    """The text without what looks like an ID number, a card or account of 14 or 16 to 19 digits,
    a mobile number, a personal token, or a URL's password.  20-digit numbers stay."""
    text = _PERSONAL_TOKEN.sub(f"hubp_{HIDDEN}", text)
    text = _PASSWORD_IN_URL.sub(rf"\1{HIDDEN}\2", text)
    text = _ID18.sub(lambda found: mask_id(found[0]), text)
    text = _ID15.sub(lambda found: mask_id(found[0]), text)
    for pattern in (_CARD, _SPACED_CARD, _FUND_ACCOUNT):
        text = pattern.sub(lambda found: mask_account(found[0]), text)
    return _MOBILE.sub(lambda found: mask_phone(found[1]), text)


def mask_value(value: object) -> object:
    """A value as the log may show it, containers included."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {mask_text(str(key)): _mask_entry(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(item) for item in value]
    return _as_text(value)


def _as_text(value: object) -> str:
    match value:
        case Masked():
            return value.shown()
        case bytes() | bytearray() | memoryview():
            return f"<{len(value)} bytes>"
        case BaseException():
            return f"{type(value).__name__}: {mask_text(str(value))}"
        case str() | date() | time() | timedelta() | PurePath() | UUID() | Period():
            return mask_text(str(value))
        case _:
            return f"<{type(value).__name__}>"


def _mask_entry(key: object, value: object) -> object:
    hidden = SECRET_KEYS.fullmatch(str(key)) is not None and not isinstance(value, Masked)
    if hidden and value is not None and value != "":
        return HIDDEN
    return mask_value(value)


def mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> EventDict:
    """The structlog processor: runs last before rendering, on tracebacks' text too."""
    return {key: _mask_entry(key, value) for key, value in event.items()}


def _stamp(_logger: object, _method: str, event: EventDict) -> EventDict:
    # The machine's time, not the business's: logs are laid beside other machines' logs.
    event["at"] = SystemClock().now().isoformat(timespec="milliseconds")
    return event


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _stamp,
        structlog.processors.StackInfoRenderer(),
        # Text only: structlog's dictionary and rich tracebacks print the locals of each frame.
        structlog.processors.format_exc_info,
    ]


def configure(level: str = "info", form: str = "json", stream: TextIO | None = None) -> None:
    """Set logging up for this process; may be called again.

    ``level``: debug, info, warning, error; ``form``: json or console; ``stream``: standard error
    unless given, since standard output belongs to commands' results.
    """
    renderer: Processor
    if form == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=(stream or sys.stderr).isatty(),
            exception_formatter=structlog.dev.plain_traceback,
            timestamp_key="at",
        )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            mask_event,
            renderer,
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # httpx: a line for every call; httpcore at debug: every header, tokens too; APScheduler: a
    # line for every ring that found the last one still sounding.
    quiet = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "apscheduler": logging.ERROR}
    for name, level_of_it in quiet.items():
        logging.getLogger(name).setLevel(max(level_of_it, root.level))
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger named after its module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def bound(**fields: str | int | None) -> Iterator[None]:
    """Fields on every line written inside, in this thread: ``trace`` (one piece of work across
    processes and partners) and ``message`` (the bus's message id).  None leaves a field out."""
    given = {name: value for name, value in fields.items() if value is not None}
    with structlog.contextvars.bound_contextvars(**given):
        yield

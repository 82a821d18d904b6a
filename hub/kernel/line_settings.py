"""How one partner is reached and believed: what ``[partners."bank-icbc"]`` says of its lines."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SYSTEM = "system"
"""In place of a file of authorities: those of the machine."""


class TlsSettings(BaseModel):
    """``[partners."bank-icbc".tls]``: for ``https://`` and ``tls://`` addresses.

    ``authorities``: PEM file of whom we believe, or ``system`` for the machine's own store;
    ``certificate``: our certificate (PEM) where the partner asks for one, ``key``: its private
    key, which only its owner may read.  Paths are relative to the home folder, or absolute.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    authorities: str = ""
    certificate: str = ""
    key: str = ""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together")
        return self


class SwitchSettings(BaseModel):
    """``[partners."bank-icbc".switch]``: when the hub goes over to the next address by itself.

    ``one_book``: the bank has confirmed that behind all its addresses lies one book; then a closed
    day's statement from one of them speaks for all.  ``after``: so many calls in a row that surely
    were not sent (with the channel's rests between them, ten take about a minute); 0: only by
    hand.  ``again_s``: it does not switch by itself again for so many seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    one_book: bool = False
    after: int = Field(default=10, ge=0, le=1000)
    again_s: int = Field(default=600, ge=0)


def split_endpoints(given: Any) -> Any:
    """``endpoints`` may hold a list, primary first: all after the first go into ``standby``."""
    if not isinstance(given, Mapping) or not isinstance(given.get("endpoints"), Mapping):
        return given
    firsts: dict[str, Any] = {}
    others: dict[str, Any] = dict(given.get("standby") or {})
    for name, address in given["endpoints"].items():
        if isinstance(address, list | tuple):
            if not address or name in others:
                raise ValueError(f"endpoints.{name}: a list holds the primary address first")
            firsts[name] = address[0]
            if len(address) > 1:
                others[name] = list(address[1:])
        else:
            firsts[name] = address
    return {**given, "endpoints": firsts, "standby": others}


def check_standby(endpoints: Mapping[str, str], standby: Mapping[str, tuple[str, ...]]) -> int:
    """How many addresses every endpoint has.  An endpoint with one alone is the same for all.

    Raises ValueError.
    """
    unknown = sorted(set(standby) - set(endpoints))
    if unknown:
        raise ValueError(f"standby.{unknown[0]}: there is no such endpoint")
    counts = {len(others) for others in standby.values() if others}
    if len(counts) > 1:
        raise ValueError("every endpoint with standby addresses must have the same number of them")
    for name, others in standby.items():
        if len({endpoints[name], *others}) != 1 + len(others):
            raise ValueError(f"endpoints.{name}: the same address stands twice")
    return 1 + max(counts, default=0)


def check_dates(expires: Mapping[str, str]) -> None:
    """Raises ValueError."""
    for name, text in expires.items():
        try:
            date.fromisoformat(text)
        except ValueError:
            said = f"expires.{name}: {text[:20]!r} is no date such as 2027-01-31"
            raise ValueError(said) from None

"""What a partner sends of itself: POSTs to the hub, beside the requests it answers.

A partner that calls out has ``outgoing`` (:class:`CallsOut`).  What is due is asked for in the
partner's worker thread and sent outside it, one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import httpx

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Post:
    """One POST; ``id`` is the partner's own."""

    id: int
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: ``status`` 0 and ``error`` when nothing did.  Header names lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""


class Outgoing(Protocol):
    """Both run in the partner's one worker thread."""

    def due(self) -> Sequence[Post]:
        """What is to be sent now."""
        ...

    def done(self, post: Post, heard: Heard) -> None:
        """How it went; on disk when this returns."""
        ...


@runtime_checkable
class CallsOut(Protocol):
    """A partner that calls out."""

    @property
    def outgoing(self) -> Outgoing: ...


def send(post: Post, timeout_s: float = TIMEOUT_S) -> Heard:
    """Send one and hear the answer; never raises for what the line does."""
    try:
        with httpx.Client(timeout=timeout_s, trust_env=False) as client:
            answer = client.post(post.url, content=post.body, headers=dict(post.headers))
    except httpx.HTTPError as error:
        return Heard(0, error=type(error).__name__)
    return Heard(answer.status_code, dict(answer.headers), answer.content)

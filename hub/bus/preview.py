"""What an act will do, told before it is done: plain values, the same for page and command line.

A preview is computed in one function per act, on the state of this moment.  ``binding`` is what
the person agrees to; its digest goes into the audit with the act, and a confirmation given for
another digest is refused with what changed.  Sentences are codes with values: amounts are 分
under names that end in ``fen``, counts are integers, everything else is text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.kernel.errors import Refused
from hub.people.approvals import digest_of

Values = Mapping[str, str | int]


class PreviewChanged(Refused):
    """What would happen now is not what was shown."""

    code = "act.preview_changed"
    hint = "Look at the preview as it is now, and order the act again."


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: a code the catalogue knows, and what is filled into it."""

    code: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that moved since it was shown."""

    name: str
    before: str | int
    now: str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What ``act`` on ``subject`` would do now.

    ``people``: how many must agree.  ``effects`` happen, ``stays`` is what is left alone or goes
    on, ``final`` cannot be undone.  ``why_not`` says why the act cannot be ordered now;
    ``evidence`` that whoever orders it must name some.
    """

    act: str
    subject: str
    people: int
    binding: Values
    effects: tuple[Line, ...] = ()
    stays: tuple[Line, ...] = ()
    final: tuple[Line, ...] = ()
    why_not: Line | None = None
    evidence: bool = False

    @property
    def digest(self) -> str:
        """SM3 over what is agreed to, as the approvals have it."""
        return digest_of(self.binding)

    def as_dict(self) -> dict[str, object]:
        """For scripts: codes and figures, no sentences."""
        return {
            "act": self.act,
            "subject": self.subject,
            "people": self.people,
            "binding": dict(self.binding),
            "digest": self.digest,
            "effects": _lines(self.effects),
            "stays": _lines(self.stays),
            "final": _lines(self.final),
            "why_not": None if self.why_not is None else _lines([self.why_not])[0],
        }


def changes(before: Values, now: Values) -> tuple[Change, ...]:
    """What differs between two bindings, by name; a value that is missing reads as empty."""
    names = [name for name in {**before, **now} if before.get(name, "") != now.get(name, "")]
    return tuple(Change(name, before.get(name, ""), now.get(name, "")) for name in names)


def _lines(lines: Sequence[Line]) -> list[dict[str, object]]:
    return [{"code": line.code, **line.values} for line in lines]

"""Values that mask themselves: a secret or a name reaches a log only on purpose.

One plain ``str()`` once put API keys into hundreds of log lines elsewhere; here ``str``,
``repr`` and formatting all give the masked form, and ``reveal()`` is the word to search for.
Masking follows GB/T 35273-2020 practice: first character of a name; ID 6 + 8 stars + 4;
mobile 3 + 4 stars + 4; account last 4.
"""

from dataclasses import dataclass
from typing import ClassVar


def mask_name(name: str) -> str:
    """欧阳国洋 → 欧***: the first character, and a star for each that is hidden."""
    clean = name.strip()
    return clean[:1] + "*" * max(len(clean) - 1, 0)


def mask_id(number: str) -> str:
    """522729200303083343 → 522729********3343; short documents keep the last two."""
    clean = number.strip()
    if len(clean) >= 15:
        return f"{clean[:6]}{'*' * 8}{clean[-4:]}"
    return "*" * max(len(clean) - 2, 0) + clean[-2:]


def mask_account(number: str) -> str:
    """6222083230853674213 → ****4213."""
    clean = number.strip()
    return "****" + clean[-4:] if len(clean) > 4 else "****"


def mask_phone(number: str) -> str:
    """15758884921 → 157****4921."""
    clean = number.strip()
    return f"{clean[:3]}****{clean[-4:]}" if len(clean) >= 7 else "****"


@dataclass(frozen=True, slots=True, repr=False)
class Masked:
    """Text that shows only its mask; two are equal when what they hide is equal."""

    _value: str
    mask: ClassVar[str] = "******"

    def reveal(self) -> str:
        """The value itself.  Every caller of this is a place to review."""
        return self._value

    def shown(self) -> str:
        """What pages, logs and errors may show."""
        return self.mask

    def __str__(self) -> str:
        return self.shown()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shown()})"

    def __format__(self, spec: str) -> str:
        return format(self.shown(), spec)


class Secret(Masked):
    """A key, password or token."""

    __slots__ = ()


class PersonName(Masked):
    """姓名."""

    __slots__ = ()

    def shown(self) -> str:
        return mask_name(self._value)


class IdNumber(Masked):
    """证件号码."""

    __slots__ = ()

    def shown(self) -> str:
        return mask_id(self._value)


class AccountNumber(Masked):
    """账号: a bank account, a card or a provident fund account."""

    __slots__ = ()

    def shown(self) -> str:
        return mask_account(self._value)


class PhoneNumber(Masked):
    """手机号码."""

    __slots__ = ()

    def shown(self) -> str:
        return mask_phone(self._value)

"""How names and document numbers are made comparable, and when they are the same person's.

GB 11643: a 15-digit ID number and its 18-digit form (19 inserted, check digit appended) are
one person.  Only an ID card (ZJLX 01) is lengthened: a passport may have 15 digits too.
"""

ID_CARD = "01"
"""ZJLX 身份证, JGJ/T 320-2014."""

_WEIGHTS = tuple(2 ** (17 - i) % 11 for i in range(17))
_CHECK = "10X98765432"


def normal_name(name: str) -> str:
    """Blanks around it do not count; everything else does, the minority names' dot included."""
    return name.strip()


def normal_id(number: str) -> str:
    """Trimmed, upper case: what a document number of any type is compared as."""
    return number.strip().upper()


def id_check_digit(first17: str) -> str:
    """The 18th character of an ID card number, GB 11643."""
    return _CHECK[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def normal_id_card(number: str) -> str:
    """An ID card's number in its 18-character form; what is not 15 digits stays as it is."""
    clean = normal_id(number)
    if len(clean) == 15 and clean.isascii() and clean.isdigit():
        first17 = clean[:6] + "19" + clean[6:]
        return first17 + id_check_digit(first17)
    return clean


def comparable_id(number: str, id_type: str) -> str:
    """The form under which a document of this ZJLX is compared."""
    return normal_id_card(number) if id_type == ID_CARD else normal_id(number)

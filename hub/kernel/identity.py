"""How names and document numbers are made comparable, and when they are the same person's.

GB 11643: a 15-digit ID number and its 18-digit form (19 inserted, check digit appended) are
one person.  Only an ID card (ZJLX 01) is lengthened: a passport may have 15 digits too.
GB 32100: the last character of a 统一社会信用代码 checks the seventeen before it.
"""

from datetime import date

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


_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def normal_uscc(code: str) -> str:
    """统一社会信用代码 trimmed, upper case: what it is compared as."""
    return code.strip().upper()


def is_uscc(code: str) -> bool:
    """Whether it is 18 characters of GB 32100's alphabet that end in their check character."""
    clean = normal_uscc(code)
    if len(clean) != 18 or any(letter not in _USCC for letter in clean):
        return False
    total = sum(_USCC.index(c) * w for c, w in zip(clean[:17], _USCC_WEIGHTS, strict=True))
    return _USCC[-total % 31] == clean[17]


def is_id_card(number: str) -> bool:
    """Whether an ID card's number, of 15 or 18 characters, has a day that exists and, with 18,
    the right last character (GB 11643)."""
    clean = normal_id_card(number)
    first17 = clean[:17]
    if len(clean) != 18 or not (first17.isascii() and first17.isdigit()):
        return False
    try:
        date(int(clean[6:10]), int(clean[10:12]), int(clean[12:14]))
    except ValueError:
        return False
    return id_check_digit(first17) == clean[17]


_BRACKETS = str.maketrans("（）［］〔〕", "()[][]")


def normal_unit_name(name: str) -> str:
    """An organisation's name as it is compared: full-width and half-width brackets are one, and
    blanks do not count (registers write them either way)."""
    return "".join(name.translate(_BRACKETS).split())

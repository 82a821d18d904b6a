"""How personal data is shown in journals: enough to find a row, not enough to know a person."""

_SHORT = 8
_ID_LENGTHS = (15, 18)


def mask_name(name: str) -> str:
    """First character kept: ``郑*``."""
    return name[:1] + "*" * (len(name) - 1)


def mask_account(account: str) -> str:
    """Last four kept: ``***************4213``."""
    return "*" * max(len(account) - 4, 0) + account[-4:]


def mask_id(number: str) -> str:
    """Six, stars, four, for an ID number; anything shorter keeps its last four."""
    if len(number) in _ID_LENGTHS:
        return number[:6] + "*" * (len(number) - 10) + number[-4:]
    return mask_account(number)

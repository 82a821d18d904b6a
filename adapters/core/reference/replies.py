"""The core's replies as types, twice: as the contract has them, and as little as we can live on.

The strict types hold what contracts_spec/core/reference/schemas says, so that a good reply is
decoded and checked in one pass (2,000 accounts in a few milliseconds; the schema files take a
hundred times that).  What they refuse is checked by the schema files, noted as drift, and read
with the loose types if it can be.  tests/adapters/core hold both against the schema files.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from adapters.kit.core_calls import ChangeRow, ChangesReply, ProbeReply, Reply, hollow
from hub.kernel.typed import read_json

LARGEST = 2**53 - 1
MOST_ITEMS = 1000
MOST_ROWS = 2000

Code = Annotated[str, Meta(pattern=r"^[0-9]{4}\Z")]
Two = Annotated[str, Meta(pattern=r"^[0-9]{2}\Z")]
Text200 = Annotated[str, Meta(max_length=200)]
Serial = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,32}\Z")]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
        r"(\.[0-9]{1,6})?\+08:00\Z"
    ),
]
ItemNumber = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{8,32}\Z")]
AnyNumber = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{0,32}\Z")]
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}(0[1-9]|1[0-2])\Z")]
Bank = Annotated[str, Meta(pattern=r"^[A-Z]{2,8}\Z")]
Agreement = Annotated[str, Meta(pattern=r"^[!-~]{1,30}\Z")]
Day = Annotated[str, Meta(pattern=r"^20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])\Z")]
Account = Annotated[str, Meta(pattern=r"^[!-~]{1,20}\Z")]
Page = Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,32}\Z")]
Fen = Annotated[int, Meta(ge=0, le=LARGEST)]
FenAboveZero = Annotated[int, Meta(ge=1, le=LARGEST)]


class StrictReply(Reply, forbid_unknown_fields=True):
    FHM: Code
    FHXX: Text200
    QQLSH: Serial
    HXSJ: Moment


class ItemRow(Struct):
    MXBH: str
    FHM: str
    FHXX: str
    MXZT: str


class StrictItemRow(ItemRow, forbid_unknown_fields=True):
    MXBH: ItemNumber
    FHM: Code
    FHXX: Text200
    MXZT: Two


class CommandReply(Reply):
    MX: tuple[ItemRow, ...] | UnsetType = UNSET


class StrictCommandReply(StrictReply, CommandReply, forbid_unknown_fields=True):
    MX: Annotated[tuple[StrictItemRow, ...], Meta(max_length=MOST_ITEMS)] | UnsetType = UNSET


class AccountRow(Struct):
    GRZH: str
    XingMing: str
    ZJLX: str
    ZJHM: str
    SJHM: str
    GRZHZT: str
    GRZHYEFEN: int
    DJJEFEN: int
    ZYJEFEN: int

    def __repr__(self) -> str:  # a name or an ID must not reach a log by accident
        return f"AccountRow(****{self.GRZH[-4:]})"


class StrictAccountRow(AccountRow, forbid_unknown_fields=True):
    GRZH: Account
    XingMing: Annotated[str, Meta(max_length=120)]
    ZJLX: Two
    ZJHM: Annotated[str, Meta(max_length=30)]
    SJHM: Annotated[str, Meta(max_length=20)]
    GRZHZT: Two
    GRZHYEFEN: Fen
    DJJEFEN: Fen
    ZYJEFEN: Fen


class AccountsReply(Reply):
    ZH: tuple[AccountRow, ...] | UnsetType = UNSET
    WZH: tuple[str, ...] | UnsetType = UNSET


class StrictAccountsReply(StrictReply, AccountsReply, forbid_unknown_fields=True):
    ZH: Annotated[tuple[StrictAccountRow, ...], Meta(max_length=MOST_ROWS)] | UnsetType = UNSET
    WZH: Annotated[tuple[Account, ...], Meta(max_length=MOST_ROWS)] | UnsetType = UNSET


class PostingRow(Struct):
    YWLSH: str
    MXBH: str
    GRZH: str
    FSEFEN: int
    CZBZ: str
    JZRQ: str
    GJHTQYWLX: str
    TQYY: str
    TQFS: str


class StrictPostingRow(PostingRow, forbid_unknown_fields=True):
    YWLSH: Annotated[str, Meta(pattern=r"^[0-9]{20}\Z")]
    MXBH: AnyNumber
    GRZH: Account
    FSEFEN: FenAboveZero
    CZBZ: Literal["01", "02"]
    JZRQ: Day
    GJHTQYWLX: Literal["11"]
    TQYY: Literal["06"]
    TQFS: Literal["02"]


class PostingsReply(Reply):
    QCNY: str | UnsetType = UNSET
    YHJC: str | UnsetType = UNSET
    LS: tuple[PostingRow, ...] | UnsetType = UNSET
    XYY: str | UnsetType | None = UNSET


class StrictPostingsReply(StrictReply, PostingsReply, forbid_unknown_fields=True):
    QCNY: Month | UnsetType = UNSET
    YHJC: Bank | UnsetType = UNSET
    LS: Annotated[tuple[StrictPostingRow, ...], Meta(max_length=MOST_ROWS)] | UnsetType = UNSET
    XYY: Page | UnsetType | None = UNSET


class PayerRow(Struct):
    GRZH: str
    FSEFEN: int


class StrictPayerRow(PayerRow, forbid_unknown_fields=True):
    GRZH: Account
    FSEFEN: FenAboveZero


class HoldRow(Struct):
    MXBH: str
    FSEFEN: int
    FKR: tuple[PayerRow, ...] | UnsetType = UNSET


class StrictHoldRow(HoldRow, forbid_unknown_fields=True):
    MXBH: ItemNumber
    FSEFEN: FenAboveZero
    FKR: Annotated[tuple[StrictPayerRow, ...], Meta(min_length=1, max_length=10)] | UnsetType = (
        UNSET
    )


class HoldsReply(Reply):
    QCNY: str | UnsetType = UNSET
    YHJC: str | UnsetType = UNSET
    ZY: tuple[HoldRow, ...] | UnsetType = UNSET
    XYY: str | UnsetType | None = UNSET


class StrictHoldsReply(StrictReply, HoldsReply, forbid_unknown_fields=True):
    QCNY: Month | UnsetType = UNSET
    YHJC: Bank | UnsetType = UNSET
    ZY: Annotated[tuple[StrictHoldRow, ...], Meta(max_length=MOST_ROWS)] | UnsetType = UNSET
    XYY: Page | UnsetType | None = UNSET


class StrictChangeRow(ChangeRow, forbid_unknown_fields=True):
    XH: FenAboveZero
    JLLX: Literal["GR", "DW"]
    JLBH: Annotated[str, Meta(min_length=1, max_length=20)]
    BGSJ: Moment
    ZD: dict[str, Annotated[str, Meta(max_length=255)]]


class StrictChangesReply(StrictReply, ChangesReply, forbid_unknown_fields=True):
    BG: Annotated[tuple[StrictChangeRow, ...], Meta(max_length=MOST_ROWS)] | UnsetType = UNSET
    GD: bool | UnsetType = UNSET


class StrictProbeReply(StrictReply, ProbeReply, forbid_unknown_fields=True):
    HXZT: Literal["01", "02"] | UnsetType = UNSET
    KJRQ: Day | UnsetType = UNSET


STRICT: dict[type[Reply], type[Reply]] = {
    CommandReply: StrictCommandReply,
    AccountsReply: StrictAccountsReply,
    PostingsReply: StrictPostingsReply,
    HoldsReply: StrictHoldsReply,
    ChangesReply: StrictChangesReply,
    ProbeReply: StrictProbeReply,
}
"""The strict form of each reply."""


class NotAsAgreed(Exception):
    """The strict types refuse it; the schema files say where."""


def strictly(kind: type[Reply], body: bytes) -> Reply:
    """The reply, if it is as the contract says; raises NotAsAgreed."""
    try:
        found = read_json(body, STRICT[kind])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAsAgreed from error
    if hollow(found):
        raise NotAsAgreed("a reply without its content")
    return found

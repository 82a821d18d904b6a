"""The registry's replies: as little of them as we can live on.

The schema files say where a reply differs from the contract; what is left is read with these.
"""

from msgspec import UNSET, Struct, UnsetType

from adapters.kit.core_calls import Reply


class ConflictRow(Struct):
    ZDM: str
    JZ: str
    XZ: str


class ApplicationRow(Struct):
    SQBH: str
    FHM: str
    FHXX: str
    SQZT: str
    DWZH: str = ""
    BJFEN: int | None = None
    LXFEN: int | None = None
    BJRQ: str = ""
    ZTDC: str = ""
    YZT: str = ""
    CY: tuple[ConflictRow, ...] = ()


class ApplicationsReply(Reply):
    SQ: tuple[ApplicationRow, ...] | UnsetType = UNSET


class PersonRow(Struct):
    GRZH: str
    DWZH: str
    XingMing: str
    ZJLX: str
    ZJHM: str
    GRZHZT: str
    GRZHYEFEN: int
    DJJEFEN: int
    ZYJEFEN: int

    def __repr__(self) -> str:  # a name or an ID must not reach a log by accident
        return f"PersonRow(****{self.GRZH[-4:]})"


class PersonsReply(Reply):
    ZH: tuple[PersonRow, ...] | UnsetType = UNSET

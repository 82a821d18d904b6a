"""The mock of 贵州农信 put together: a control port and a file server over one desk."""

from collections.abc import Mapping

from mocks.banks.gznx import inbox, outbox
from mocks.banks.gznx.desk import Desk
from mocks.banks.gznx.link import LinkService
from mocks.banks.gznx.words import strange
from mocks.kit.bank.books import Books
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.partner import BOTH, ROWS_ONLY, BankPartner
from mocks.kit.bank.partner import FAULTS as EVERY_BANK
from mocks.kit.faults import FaultKind
from mocks.kit.files import FILE_KINDS, FileStore
from mocks.kit.messages import Handler, Port, Service
from mocks.kit.partner import Partner, Site
from mocks.kit.tcp import FRAME_KINDS

FAULTS: Mapping[str, FaultKind] = {
    **EVERY_BANK,
    **FRAME_KINDS,
    **FILE_KINDS,
    **outbox.SPOILT,
    "twice": FaultKind("只入账一次，结果文件里出现两次", **ROWS_ONLY),
    "lost": FaultKind("已入账，结果文件里没有这一行，只有按号查证才知道", **ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **BOTH),
    "system_error": FaultKind("系统异常 E99999，行上是 5/F01998；when=before 不入账", **BOTH),
    "wrong_charset": FaultKind("应答写着 GB18030，实为 UTF-16"),
    "answer": FaultKind("照 answer 回答：RET_CODE、RET_MSG，核验 CHECK_CODE，行上各域", **BOTH),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Gznx(site)


class FileService(FileStore):
    """The folders, behind SFTP."""

    def __init__(self, site: Site, user: str, names: str) -> None:
        folders = (inbox.FOLDER, outbox.FOLDER, outbox.DONE)
        super().__init__(site.state / "files", folders)
        self._site = site
        self._user = user
        self._names = names

    def port(self, handle: Handler) -> Port:
        """SFTP, with keys drawn when the state is made."""
        from mocks.kit.sftp import SftpPort, SshKeys  # noqa: PLC0415  asyncssh takes half a second

        keys = SshKeys(self._site.state)
        return SftpPort(handle, self, keys, user=self._user, names=self._names)


class Gznx(BankPartner):
    """Books behind two endpoints."""

    def __init__(self, site: Site) -> None:
        contract = read_contract("gznx")
        books = Books(
            site, contract, bank="GZNX", payer=("ACC_NO", "ACC_NAME"),
            serial="{day}402{place:09d}", say=strange,
        )  # fmt: skip
        names = str(contract.raw["endpoints"]["files"]["sftp"]["names"])
        self._files = FileService(site, books.clients.client["SFTP_USER"], names)
        self._desk = Desk(books, self._files)
        self._files.arrived = self._desk.inbox.arrived
        services: Mapping[str, Service] = {"link": LinkService(self._desk), "files": self._files}
        super().__init__(books, services, FAULTS, "机构号、账户、SFTP 登录名")

    def reset(self) -> None:
        """As after loading; the folders are empty."""
        super().reset()
        self._desk.inbox.reset()
        self._desk.outbox.reset()
        self._files.reset()

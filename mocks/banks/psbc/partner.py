"""The mock of 邮储银行 put together: an open platform and a file server over one desk."""

from collections.abc import Mapping

from mocks.banks.psbc import inbox, outbox
from mocks.banks.psbc.desk import Desk
from mocks.banks.psbc.gate import Gate
from mocks.banks.psbc.traces import Traces
from mocks.banks.psbc.words import strange
from mocks.kit import sm2
from mocks.kit.bank.books import Books
from mocks.kit.bank.contract import read_contract
from mocks.kit.bank.partner import BOTH, ROWS_ONLY, BankPartner
from mocks.kit.bank.partner import FAULTS as EVERY_BANK
from mocks.kit.envelope import Envelope, Party
from mocks.kit.faults import FaultKind
from mocks.kit.files import FILE_KINDS, FileStore
from mocks.kit.messages import Handler, Port, Service
from mocks.kit.partner import Partner, Site

FAULTS: Mapping[str, FaultKind] = {
    **EVERY_BANK,
    **FILE_KINDS,
    **outbox.SPOILT,
    "twice": FaultKind("只入账一次，结果文件里出现两次", **ROWS_ONLY),
    "lost": FaultKind("已入账，结果文件里没有这一行，只有按号查证才知道", **ROWS_ONLY),
    "unknown_code": FaultKind("码表没有的码（code）；when=before 不入账", **BOTH),
    "system_error": FaultKind("系统异常 P0999，行上是 D/E99；when=before 不入账", **BOTH),
    "expired_token": FaultKind("商户公钥已停用 P0103；不入账"),
    "wrong_charset": FaultKind("密文里的报文实为 UTF-16"),
    "answer": FaultKind("照 answer 回答：respCode，核验 checkCode，行上各域", **BOTH),
}


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Psbc(site)


class FileService(FileStore):
    """The folders, behind SFTP."""

    def __init__(self, site: Site, user: str, names: str) -> None:
        super().__init__(site.state / "files", (inbox.FOLDER, inbox.BAD, outbox.FOLDER))
        self._site = site
        self._user = user
        self._names = names

    def port(self, handle: Handler) -> Port:
        """SFTP, with keys drawn when the state is made."""
        from mocks.kit.sftp import SftpPort, SshKeys  # noqa: PLC0415  asyncssh takes half a second

        keys = SshKeys(self._site.state)
        return SftpPort(handle, self, keys, user=self._user, names=self._names)


class Psbc(BankPartner):
    """Books behind two endpoints."""

    def __init__(self, site: Site) -> None:
        contract = read_contract("psbc")
        books = Books(
            site, contract, bank="PSBC", payer=("pay_acct", "pay_name"),
            serial="PS{day}{place:010d}", say=strange, own=("bank_secret",),
        )  # fmt: skip
        self._clients = books.clients
        self._clients.change({"bank_key": "04" + sm2.public_of(self._secret()).hex()})
        names = str(contract.raw["endpoints"]["files"]["sftp"]["names"])
        self._files = FileService(site, self._clients.client["sftp_user"], names)
        self._desk = Desk(books, self._files)
        spec = contract.raw["envelope"]
        traces = Traces(site.storage, int(spec["nonce_kept_s"]))
        gate = Gate(self._desk, Envelope(spec), self._party, traces)
        services: Mapping[str, Service] = {"api": gate, "files": self._files}
        super().__init__(books, services, FAULTS, "商户号、平台编号、账户、密钥、SFTP 登录名")

    def reset(self) -> None:
        """As after loading; the folders are empty."""
        super().reset()
        self._desk.outbox.reset()
        self._files.reset()

    def _party(self) -> Party:
        client = self._clients.client
        return Party(
            client["merchant_no"], client["platform_no"], self._secret(),
            sm2.public_of_cached(int(client["sign_key"], 16)), bytes.fromhex(client["sm4_key"]),
        )  # fmt: skip

    def _secret(self) -> int:
        return sm2.secret_of(self._clients.client["bank_secret"])

"""Contracts (接口规范) as data: what is said on a partner's wire, read from ``contracts_spec``.

A folder ``contracts_spec/<group>/<name>/`` holds ``contract.yaml`` and its schemas.  The file's
sections: ``interface name version partner wire endpoints timing limits numbers hours values
secrets transactions schemas layouts fields code_tables``; a contract may add sections of its own,
which are found in ``contract.extra``.

::

    contract = load_contract(folder)                  # frozen, cached; ContractBroken when unsound
    contract.timing.settle_after_s                    # seconds
    contract.limit("batch_rows")                      # int
    contract.numbers.idempotent                       # bool
    contract.endpoints["api"].path
    contract.endpoints["files"].sftp                  # SftpTerms of a door for files, else None
    contract.code("result", "7")                      # Code; a code nobody knows: status unknown,
                                                      # never final, known=False
    contract.field("RecAccNameCN").takes(text)        # counted in the wire's bytes
    contract.charset.encode(text) / .decode(data)     # the one place that knows GB18030
    contract.read_xml(data)                           # secure parse → element; BadDocument
    contract.validate_xml("PAYENT.reply", element_or_bytes)   # list[Drift], never raises
    contract.read_json(data)                          # BadDocument
    contract.validate_json("command.reply", obj)      # list[Drift], never raises
    contract.layout("batch").write(header, details)   # a fixed-width file; Unwritable
    contract.layout("batch").read(data)               # header, details, trailer; BadDocument
    contract_digest(contract.folder)                  # SM3 over all that the folder says

A ``Drift`` names the place (``PAYENT.reply/CMS/eb/out/rd/Result``), what the contract expects
there, and the *shape* of what was found: never the value, which may be somebody's name.
"""

from hub.contracts.charset import BadText, Charset
from hub.contracts.digest import contract_digest, contract_files
from hub.contracts.documents import BadDocument
from hub.contracts.layouts import FixedFile, Layout, Record, Unwritable
from hub.contracts.masking import shape
from hub.contracts.model import (
    Code,
    CodeRetry,
    CodeStatus,
    CodeTable,
    Contract,
    DeploymentKey,
    Endpoint,
    Field,
    Numbers,
    PartnerNames,
    SchemaFile,
    SftpTerms,
    Timing,
    Transaction,
    Wire,
    codes_told,
)
from hub.contracts.reading import ContractBroken, load_contract

__all__ = [
    "BadDocument",
    "BadText",
    "Charset",
    "Code",
    "CodeRetry",
    "CodeStatus",
    "CodeTable",
    "Contract",
    "ContractBroken",
    "DeploymentKey",
    "Endpoint",
    "Field",
    "FixedFile",
    "Layout",
    "Numbers",
    "PartnerNames",
    "Record",
    "SchemaFile",
    "SftpTerms",
    "Timing",
    "Transaction",
    "Unwritable",
    "Wire",
    "codes_told",
    "contract_digest",
    "contract_files",
    "load_contract",
    "shape",
]

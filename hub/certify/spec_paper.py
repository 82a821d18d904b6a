"""接口规范说明书 of an interface, with the digest that certificates carry and its test cases."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hub.certify.suite import NoScenarios, load_suite
from hub.contracts import Contract, contract_digest
from hub.papers import CENTRE, Extras, assumptions_of, specification


@dataclass(frozen=True, slots=True)
class SpecPaper:
    """The DOCX, and the digest of all that the contract says."""

    content: bytes
    digest: str


def spec_paper(contract: Contract, contracts: Path, centre: str = "") -> SpecPaper:
    """``contracts``: the folder with the register of assumptions.  Raises SchemaNotPrintable."""
    digest, cases = suite_of(contract)
    said = assumptions_of(contracts, contract.interface)
    extras = Extras(digest, said, cases, centre or CENTRE)
    return SpecPaper(specification(contract, extras), digest)


@lru_cache(maxsize=64)
def suite_of(contract: Contract) -> tuple[str, list[tuple[str, str, str, bool]]]:
    """Digest and test cases as (number, title, clause, mandatory), read once per process; without
    scenarios the contract's own digest and no case."""
    try:
        suite = load_suite(contract)
    except NoScenarios:
        return contract_digest(contract.folder), []
    return suite.digest, [(one.number, one.title, one.clause, one.mandatory) for one in suite.cases]

"""``scenarios.yaml`` to cases: which scenarios a contract holds, with this interface's own data.

A contract's file names its own cases and, from a file several contracts share, which of those
hold (``holds``), each with the clause it proves.  ``values`` fill the shared cases in: ``$name``
in a case is a value of the contract's file, ``$limits.batch_rows`` one of the contract's limits,
``$above.batch_rows`` one more than that; a case with ``each: NAME`` is there once for every entry
of that list (``$each.code``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hub.contracts import Contract, contract_digest
from hub.contracts.yaml_files import read_yaml
from hub.kernel.errors import Misconfigured, NotFound

FILE_NAME = "scenarios.yaml"
FORMAT = 1
_TOP = {
    "format", "port", "shared", "business_day", "values", "subjects", "crowd", "holds",
    "not_applicable", "arrangements", "tampers", "cases",
}  # fmt: skip
_CASE = {"title", "shows", "steps", "each", "clause", "mandatory"}
Plain = dict[str, Any]


class NoScenarios(NotFound):
    """This interface's contract has no scenarios."""

    code = "certify.no_scenarios"
    hint = "Put scenarios.yaml beside its contract.yaml (docs/how-to/certify-an-interface.md)."


class SuiteBroken(Misconfigured):
    """A scenarios.yaml cannot be used."""

    code = "certify.suite_broken"
    hint = "The message names file and place; correct it there."


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a case: its word, what it is given, what must come of it."""

    do: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    says: str


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario (测试案例)."""

    number: str
    title: str
    shows: str
    clause: str
    mandatory: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the partner's side must be made to do: by its control plane, or by a person's hand."""

    name: str
    by_hand: str
    control: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything of one interface's certificate.  ``digest`` is over the contract and all this."""

    contract: Contract
    port: str
    business_day: str
    cases: tuple[Case, ...]
    arrangements: Mapping[str, Arrangement]
    tampers: Mapping[str, Mapping[str, Any]]
    subjects: Mapping[str, Mapping[str, Any]]
    crowd: Mapping[str, Any]
    not_applicable: Mapping[str, str]
    digest: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def load_suite(contract: Contract) -> Suite:
    """Raises NoScenarios, SuiteBroken."""
    path = contract.folder / FILE_NAME
    if not path.is_file():
        raise NoScenarios(f"{contract.interface} has no {FILE_NAME} beside its contract")
    own = _read(path)
    shared_path = path.parent / str(own["shared"]) if "shared" in own else None
    shared = _read(shared_path) if shared_path is not None else {}
    files = [path] if shared_path is None else [shared_path]
    values = {**shared.get("values", {}), **own.get("values", {})}
    values["limits"] = dict(contract.limits)
    values["above"] = {name: most + 1 for name, most in contract.limits.items()}
    try:
        cases = tuple(sorted(_cases(own, shared, values), key=lambda case: case.number))
        suite = Suite(
            contract=contract,
            port=str(own["port"]),
            business_day=str(own.get("business_day") or shared["business_day"]),
            cases=cases,
            arrangements=_arrangements({**shared.get("arrangements", {}),
                                        **own.get("arrangements", {})}),
            tampers={**shared.get("tampers", {}), **own.get("tampers", {})},
            subjects=_filled({**shared.get("subjects", {}), **own.get("subjects", {})}, values),
            crowd=_filled({**shared.get("crowd", {}), **own.get("crowd", {})}, values),
            not_applicable=own.get("not_applicable", {}),
            digest=contract_digest(contract.folder, files),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SuiteBroken(f"{path}: {type(error).__name__}: {error}") from error
    _check(suite, shared)
    return suite


def suite_digest(contract: Contract) -> str:
    """What a certificate of this contract would carry.  Raises NoScenarios, SuiteBroken."""
    path = contract.folder / FILE_NAME
    if not path.is_file():
        raise NoScenarios(f"{contract.interface} has no {FILE_NAME} beside its contract")
    own = _read(path)
    shared = path.parent / str(own["shared"]) if "shared" in own else path
    return contract_digest(contract.folder, [shared])


def _read(path: Path) -> Plain:
    try:
        raw = read_yaml(path)
    except (OSError, yaml.YAMLError) as error:
        raise SuiteBroken(f"{path}: {error}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise SuiteBroken(f"{path}: format {FORMAT} is expected")
    strange = sorted(set(raw) - _TOP)
    if strange:
        raise SuiteBroken(f"{path}: there is no {strange[0]!r} in a scenarios file")
    return raw


def _cases(own: Plain, shared: Plain, values: Plain) -> Iterator[Case]:
    known = shared.get("cases", {})
    for number, held in own.get("holds", {}).items():
        if number not in known:
            raise SuiteBroken(f"holds: there is no shared case {number}")
        more = {"clause": held} if isinstance(held, str) else dict(held)
        yield from _expanded(number, {**known[number], **more}, values)
    for number, raw in own.get("cases", {}).items():
        yield from _expanded(number, raw, values)


def _expanded(number: str, raw: Plain, values: Plain) -> Iterator[Case]:
    strange = sorted(set(raw) - _CASE)
    if strange:
        raise SuiteBroken(f"case {number}: there is no {strange[0]!r} in a case")
    if "each" not in raw:
        yield _case(number, raw, values)
        return
    for place, each in enumerate(values[raw["each"]], start=1):
        yield _case(f"{number}-{each.get('case', place)}", raw, {**values, "each": each})


def _case(number: str, raw: Plain, values: Plain) -> Case:
    filled = _filled({k: v for k, v in raw.items() if k != "each"}, values)
    each = values.get("each", {})
    title = str(filled["title"])
    clause = str(each.get("clause") or filled["clause"])
    return Case(
        number=number,
        title=f"{title}：{each['title']}" if "title" in each else title,
        shows=str(filled["shows"]),
        clause=clause,
        mandatory=bool(filled.get("mandatory", True)),
        steps=tuple(_step(number, one) for one in filled["steps"]),
    )


def _step(number: str, raw: Plain) -> Step:
    if not isinstance(raw, dict) or "do" not in raw:
        raise SuiteBroken(f"case {number}: a step has no 'do'")
    given = {k: v for k, v in raw.items() if k not in {"do", "expect", "says"}}
    return Step(str(raw["do"]), given, raw.get("expect") or {}, str(raw.get("says", "")))


def _filled(raw: Any, values: Mapping[str, Any]) -> Any:
    """The same with every ``$name`` put in; a name nobody gave is an error."""
    match raw:
        case dict():
            return {key: _filled(value, values) for key, value in raw.items()}
        case list():
            return [_filled(value, values) for value in raw]
        case str() if raw.startswith("$"):
            found: Any = values
            for part in raw[1:].split("."):
                if part not in found:
                    raise SuiteBroken(f"{raw} is not given in the contract's values")
                found = found[part]
            return found
        case _:
            return raw


def _arrangements(raw: Plain) -> dict[str, Arrangement]:
    return {
        name: Arrangement(name, str(one["by_hand"]), tuple(one.get("control", ())))
        for name, one in raw.items()
    }


def _check(suite: Suite, shared: Plain) -> None:
    held = {case.number.split("-")[0] for case in suite.cases}
    silent = sorted(set(shared.get("cases", {})) - held - set(suite.not_applicable))
    if silent:
        raise SuiteBroken(
            f"{suite.contract.interface}: says neither that {silent[0]} holds nor why it does not"
        )
    for case in suite.cases:
        for step in case.steps:
            name = step.given.get("name") if step.do == "arrange" else None
            if name is not None and name not in suite.arrangements:
                raise SuiteBroken(f"case {case.number}: there is no arrangement {name!r}")
            tamper = step.given.get("tamper")
            if tamper is not None and tamper not in suite.tampers:
                raise SuiteBroken(f"case {case.number}: there is no tamper {tamper!r}")

"""The words of the query port's scenarios: those of ``door``, and ask about a firm."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

from hub.certify.acts import registry
from hub.certify.acts.door import BIG, BOM, ENDPOINTS, HTML, Door, DoorActs, open_door
from hub.certify.acts.stage import Plain, Untried
from hub.certify.expect import misses

__all__ = ["ENDPOINT", "ENDPOINTS", "Acts", "open_own", "write_data"]
ENDPOINT = Door
write_data = registry.write_data


class Acts(DoorActs):
    """One case under way at the door of 企业缴存公积金信息查询.

    ``ask`` is about ``firm`` (a subject).  ``facts``: what of the firm's own unit must be so (at an
    address: the subject's ``facts``, or what ``facts_named`` says); ``written: loosely``:
    half-width brackets, spaces, lower case.

    Answers ``code``, ``conforms`` to the contract, ``empty`` (no data); of data ``opened``,
    ``units``, ``keys`` of a unit, ``unit`` (the named firm's own), ``differs`` from the facts,
    ``fresh`` (as of within the contract's age).
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        sample = self.suite.contract.folder / "samples" / f"{self.query['request']}.json"
        self._sample = sample.read_text(encoding="utf-8")

    def path_of(self, given: Plain) -> str:
        """See DoorActs."""
        return str(self.query["path"]) + str(given.get("path", ""))

    def read(self, given: Plain, reply: bytes) -> Plain:
        """See DoorActs."""
        found = self._read(reply)
        if "firm" in given and found.get("units"):
            found |= self._of_firm(given, reply)
        return found

    def _read(self, reply: bytes) -> Plain:
        contract = self.suite.contract
        try:
            said = json.loads(reply)
        except ValueError:
            return {"code": "", "conforms": False}
        drifts = contract.validate_json(str(self.query["reply"]), said)
        data = said.get("data") if isinstance(said, dict) else None
        found: Plain = {
            "code": str(said.get("code", "")) if isinstance(said, dict) else "",
            "conforms": not drifts, "empty": data is None,
        }  # fmt: skip
        if isinstance(data, dict):
            as_of = f"{self.endpoint.clock.now() - self._age:%Y-%m-%d %H:%M:%S}"
            found |= {
                "opened": data["sfkh"], "units": len(data["dw"]),
                "keys": sorted({key for one in data["dw"] for key in one}),
                "fresh": data["sjsj"] >= as_of,
            }  # fmt: skip
        return found

    def _of_firm(self, given: Plain, reply: bytes) -> Plain:
        firm = self.subject(str(given["firm"]))
        units = json.loads(reply)["data"]["dw"]
        unit: Plain = next((one for one in units if one["dwmc"] == firm["unit_name"]), {})
        if "facts" not in given:
            return {"unit": unit}
        wanted = given["facts"]
        if self.own is None:
            name = str(given.get("facts_named", "facts"))
            if name not in firm:
                raise Untried(f"没有给出 {given['firm']} 的登记：写进 --arrange 文件的 {name}")
            wanted = firm[name]
        return {"unit": unit, "differs": misses(wanted, unit)}

    @property
    def _age(self) -> timedelta:
        return timedelta(seconds=int(self.query["max_age_s"]))

    def body_of(self, given: Plain) -> bytes:
        """See DoorActs."""
        match given.get("body"):
            case "html":
                return HTML
            case "big":
                return BIG
        said: Plain = json.loads(self._sample)
        if "firm" in given:
            firm = self.subject(str(given["firm"]))
            said |= {"tyshxydm": str(firm["uscc"]), "qymc": str(firm["unit_name"])}
        if given.get("written") == "loosely":
            name = said["qymc"].replace("（", "(").replace("）", ")")
            said |= {"tyshxydm": said["tyshxydm"].lower(), "qymc": f" {name[:2]} {name[2:]}"}
        said |= given.get("set", {})
        for name in given.get("drop", ()):
            del said[name]
        body = json.dumps(said, ensure_ascii=False).encode("utf-8")
        return BOM + body if given.get("body") == "bom" else body


open_own = partial(open_door, write_data, {})

"""The words of scenarios about a firm and its employees' accounts: staff, and those of ``case``.

A firm is a subject with a ``uscc``; its accounts are the subjects and the crowd of its unit.  The
centre's own people act as they would on the page, two of them where it takes two.
"""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from hub.app import acts, confirming
from hub.cases.errors import NoSuchCase
from hub.cases.tables import application
from hub.certify.acts import case
from hub.certify.acts.stage import Plain, Untried
from hub.certify.own import Own
from hub.kernel.secret import Secret
from hub.people import Party, Role
from hub.ports.registry import ApplicationKind

ENDPOINTS = case.ENDPOINTS
ENDPOINT = case.ENDPOINT
write_data = case.write_data
open_own = case.open_own
_DONE = "03"


class Acts(case.Acts):
    """One case of a firm under way at the receiving port."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._people: tuple[Secret, Secret] | None = None

    def do_push(self, given: Plain) -> Plain:
        """As ``case`` has it, of a ``firm``."""
        return super().do_push({"person": given.get("firm", ""), **given})

    def _applicant(self, name: str, *, item: bool) -> Plain:
        del item  # there is one form
        firm = self.subject(name)
        return {"uniscid": firm["uscc"], "entname": firm["unit_name"]}

    def do_core(self, given: Plain) -> Plain:
        """As ``case`` has it; ``answers``: to the next ``times`` applications to ``seal`` or
        ``unseal`` the ``account`` the core answers ``code``, and records nothing."""
        said = given.get("answers")
        if said is None:
            return super().do_core(given)
        account = self.refer(f"account.{said['account']}")
        rule = {
            "by": "row", "fault": "answer", "answer": {"code": str(said["code"])},
            "match": {"code": f"registry.account_{said['kind']}", "where": {"GRZH": account},
                      "first": int(said["times"])},
        }  # fmt: skip
        self._side(f"核心对账户 {account} 答 {said['code']}").core("/faults", rule)
        return {}

    def do_staff(self, given: Plain) -> Plain:
        """Somebody here orders ``act`` (approve, retry, close, unseal) of ``case``, with
        ``evidence``, and another confirms what takes two.  ``done``, or ``why_not``."""
        own = self._side(f"经办：{given['act']}")
        act, number = f"case.{given['act']}", self.refer(str(given["case"]))
        try:
            why_not = acts.look(own.hub, act, number).why_not
        except NoSuchCase as error:  # taken in, and not carried out yet
            return {"done": False, "why_not": error.code}
        if why_not is not None:
            return {"done": False, "why_not": why_not.code}
        first, second = self._pair(own)
        evidence = str(given.get("evidence", ""))
        try:
            asked = acts.order(own.hub, first, act, number, "符合性测试", evidence=evidence)
        except acts.NoEvidence:
            return {"done": False, "why_not": "no_evidence"}
        if asked.approval is not None:
            seen = confirming.see_waiting(own.hub, asked.approval).preview.digest
            confirming.confirm(own.hub, second, asked.approval, "符合性测试", seen)
        return {"done": True, "people": asked.preview.people}

    def do_applied(self, given: Plain) -> Plain:
        """Of the accounts of ``firm``: applications to seal (``all``), those the core has carried
        out (``sealed``, ``opened``), and the most that any account has of those (``most``)."""
        own = self._side("查看单位名下账户的申请")
        unit = self.subject(str(given["firm"]))["unit"]
        people = [one for one in self.suite.subjects.values() if "account" in one]
        mine = [one for one in [*people, *self.crowd()] if one["unit"] == unit]
        tokens = [own.hub.vault.tokens.whole("account", str(one["account"])) for one in mine]
        a = application.c
        with own.hub.store.read() as view:
            rows = view.execute(
                sa.select(a.kind, a.state, a.subject_token).where(a.subject_token.in_(tokens))
            ).all()
        seal, unseal = ApplicationKind.SEAL.value, ApplicationKind.UNSEAL.value
        done = Counter(row.kind for row in rows if row.state == _DONE)
        each = Counter(row.subject_token for row in rows if (row.kind, row.state) == (seal, _DONE))
        return {
            "all": sum(row.kind == seal for row in rows), "sealed": done[seal],
            "opened": done[unseal], "most": max(each.values(), default=0),
        }  # fmt: skip

    def _side(self, words: str) -> Own:
        own = self._own
        if own is None:
            raise Untried(f"须由中心安排：{words}")
        return own.side

    def _pair(self, own: Own) -> tuple[Secret, Secret]:
        """A handler and a reviewer of this case's own."""
        if self._people is None:
            with own.hub.store.write() as tx:
                made = [
                    own.hub.people.add(
                        tx, login=f"cert-{self.number(12)}", name="符合性测试", by=own.by,
                        party=Party.CENTRE, roles=(role,),
                    )
                    for role in (Role.HANDLER, Role.REVIEWER)
                ]  # fmt: skip
            self._people = made[0], made[1]
        return self._people

"""Two people: the same one never, another one once, and what they agreed to is what is done."""

import json
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub.audit.tables import audit_entry
from hub.people import ACTS, Approval, ApprovalState, Party, Role, digest_of
from hub.people.approvals import Payload
from hub.people.errors import (
    BadRequestForTwo,
    NobodyExecutes,
    NoSuchRequest,
    PayloadChanged,
    PeopleError,
    RequestClosed,
    RequestExpired,
    RoleMissing,
    SamePerson,
    TokenRefused,
    WrongParty,
)
from hub.people.tables import approval, person
from hub.store import Store
from tests.people.conftest import House

ACT = "hold.release"
SUBJECT = "item:20251010000000012345"
PAYLOAD: dict[str, str | int] = {"items": 1, "fen": 228414, "digest": "ab" * 32}


class Releases:
    """An executor that leaves a trace in the database, so that what is undone shows."""

    def __init__(self, house: House) -> None:
        self.table = sa.Table("released", sa.MetaData(), sa.Column("approval_id", sa.Integer))
        self.table.create(house.store.engine)
        self.seen: list[Approval] = []
        self.fails = False

    def __call__(self, tx: Connection, approval: Approval) -> None:
        self.seen.append(approval)
        tx.execute(sa.insert(self.table).values(approval_id=approval.id))
        if self.fails:
            raise RequestClosed("the item has moved on")

    def done(self, store: Store) -> list[int]:
        with store.read() as tx:
            return list(tx.execute(sa.select(self.table.c.approval_id)).scalars())


@pytest.fixture
def releases(house: House) -> Releases:
    executor = Releases(house)
    house.approvals.on(ACT, executor)
    return executor


def ask(house: House, login: str = "wang", payload: Payload = PAYLOAD, **other: str) -> int:
    actor = house.actor(login)
    with house.store.write() as tx:
        return house.approvals.request(
            tx, actor, act=other.get("act", ACT),
            subject=other.get("subject", SUBJECT), payload=payload,
            reason=other.get("reason", "银行已书面确认未入账"),
        )  # fmt: skip


def confirm(house: House, login: str, approval_id: int) -> Approval:
    actor = house.actor(login)
    with house.store.write() as tx:
        return house.approvals.confirm(tx, actor, approval_id, "同意")


def state(house: House, approval_id: int) -> ApprovalState:
    with house.store.read() as tx:
        return house.approvals.get(tx, approval_id).state


class TestConfirm:
    def test_another_person_confirms_and_it_is_done(self, house: House, releases: Releases) -> None:
        found = confirm(house, "li", approval_id := ask(house))
        assert found.state is ApprovalState.DONE
        assert (found.requested_by, found.confirmed_by, found.ended_why) == ("wang", "li", "同意")
        assert found.payload == PAYLOAD
        assert found.title == "人工解除占用"
        assert releases.done(house.store) == [approval_id]
        assert releases.seen[0].state is ApprovalState.CONFIRMED
        assert releases.seen[0].confirmed_by == "li"

    def test_the_same_person_is_refused(self, house: House, releases: Releases) -> None:
        house.add("both", Role.HANDLER, Role.REVIEWER, Role.APPROVER)
        approval_id = ask(house, "both")
        with pytest.raises(SamePerson) as caught:
            confirm(house, "both", approval_id)
        assert caught.value.code == "people.same_person"
        assert isinstance(caught.value, PeopleError)
        assert releases.done(house.store) == []
        assert state(house, approval_id) is ApprovalState.REQUESTED

    def test_another_token_of_the_same_person_is_the_same_person(
        self, house: House, releases: Releases
    ) -> None:
        house.add("both", Role.HANDLER, Role.REVIEWER)
        approval_id = ask(house, "both")
        root = house.actor("root")
        with house.store.write() as tx:
            house.tokens["both"] = house.people.renew(tx, login="both", by=root)
        with pytest.raises(SamePerson):
            confirm(house, "both", approval_id)

    def test_a_second_confirmation_is_refused(self, house: House, releases: Releases) -> None:
        approval_id = ask(house)
        confirm(house, "li", approval_id)
        with pytest.raises(RequestClosed, match=r"done \(li\)"):
            confirm(house, "li", approval_id)
        assert releases.done(house.store) == [approval_id]

    def test_of_two_confirmers_one_wins(self, house: House, releases: Releases) -> None:
        house.add("sun", Role.APPROVER)
        approval_id = ask(house)
        ends: list[str] = []
        together = threading.Barrier(2)

        def second(login: str) -> None:
            actor = house.actor(login)
            together.wait()
            try:
                with house.store.write() as tx:
                    found = house.approvals.confirm(tx, actor, approval_id)
                ends.append(found.state.value)
            except RequestClosed as error:
                ends.append(error.code)

        threads = [threading.Thread(target=second, args=(login,)) for login in ("li", "sun")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ends) == ["done", "people.request_closed"]
        assert releases.done(house.store) == [approval_id]

    def test_what_the_executor_refuses_is_undone_and_stays_open(
        self, house: House, releases: Releases
    ) -> None:
        approval_id = ask(house)
        releases.fails = True
        with pytest.raises(RequestClosed, match="moved on"):
            confirm(house, "li", approval_id)
        assert releases.done(house.store) == []
        assert state(house, approval_id) is ApprovalState.REQUESTED
        releases.fails = False
        assert confirm(house, "li", approval_id).state is ApprovalState.DONE

    def test_one_of_another_party_is_refused(self, house: House, releases: Releases) -> None:
        house.add("ops", *set(Role) - {Role.SECURITY, Role.AUDITOR}, party=Party.OPERATOR)
        with pytest.raises(WrongParty):
            confirm(house, "ops", ask(house))
        with pytest.raises(WrongParty):
            ask(house, "ops")

    def test_one_without_the_role_is_refused(self, house: House, releases: Releases) -> None:
        house.add("other", Role.HANDLER, Role.QUERY, Role.ADMINISTRATOR)
        approval_id = ask(house)
        for login in ("other", "root"):
            with pytest.raises(RoleMissing):
                confirm(house, login, approval_id)
        with pytest.raises(RoleMissing):
            ask(house, "li")

    def test_roles_are_those_of_now(self, house: House, releases: Releases) -> None:
        li = house.actor("li")
        approval_id = ask(house)
        with house.store.write() as tx:
            tx.execute(sa.update(person).where(person.c.login == "li").values(roles="query"))
        with pytest.raises(RoleMissing), house.store.write() as tx:
            house.approvals.confirm(tx, li, approval_id)

    def test_a_revoked_token_is_refused(self, house: House, releases: Releases) -> None:
        li, root = house.actor("li"), house.actor("root")
        approval_id = ask(house)
        with house.store.write() as tx:
            house.people.revoke(tx, login="li", by=root)
        with pytest.raises(TokenRefused), house.store.write() as tx:
            house.approvals.confirm(tx, li, approval_id)
        assert releases.done(house.store) == []

    def test_an_expired_request_is_refused(self, house: House, releases: Releases) -> None:
        approval_id = ask(house)
        with house.store.write() as tx:
            tx.execute(sa.update(approval).values(expires_us=approval.c.requested_us))
        with pytest.raises(RequestExpired):
            confirm(house, "li", approval_id)
        with house.store.write() as tx:
            assert house.approvals.open_requests(tx) == []
            assert house.approvals.expire(tx) == 1
            assert house.approvals.expire(tx) == 0
        with pytest.raises(RequestExpired):
            confirm(house, "li", approval_id)
        assert state(house, approval_id) is ApprovalState.EXPIRED
        assert ask(house) > approval_id

    def test_what_is_not_true_any_more_is_refused(self, house: House, releases: Releases) -> None:
        truth: dict[str, str | int] = dict(PAYLOAD)
        house.approvals.on(ACT, releases, truth=lambda _tx, _approval: truth)
        approval_id = ask(house)
        truth["fen"] = 228415
        with pytest.raises(PayloadChanged):
            confirm(house, "li", approval_id)
        assert releases.done(house.store) == []
        truth["fen"] = 228414
        assert confirm(house, "li", approval_id).state is ApprovalState.DONE

    def test_a_payload_altered_in_the_database_is_refused(
        self, house: House, releases: Releases
    ) -> None:
        approval_id = ask(house)
        with house.store.write() as tx:
            tx.execute(sa.update(approval).values(body=json.dumps(PAYLOAD | {"fen": 1})))
        with pytest.raises(PayloadChanged):
            confirm(house, "li", approval_id)

    def test_an_act_nobody_carries_out_is_refused(self, house: House) -> None:
        approval_id = ask(house)
        with pytest.raises(NobodyExecutes):
            confirm(house, "li", approval_id)
        assert state(house, approval_id) is ApprovalState.REQUESTED

    def test_a_number_that_is_none_is_not_found(self, house: House) -> None:
        with pytest.raises(NoSuchRequest):
            confirm(house, "li", 77)


class TestRequest:
    def test_the_same_request_answers_the_same_id(self, house: House) -> None:
        house.add("qian", Role.HANDLER)
        first = ask(house)
        assert ask(house) == first
        assert ask(house, "qian", payload=dict(reversed(PAYLOAD.items()))) == first
        assert ask(house, subject="item:2") != first

    def test_of_many_at_once_one_is_made(self, house: House) -> None:
        wang = house.actor("wang")
        found: list[int] = []
        together = threading.Barrier(4)

        def request() -> None:
            together.wait()
            with house.store.write() as tx:
                found.append(
                    house.approvals.request(
                        tx, wang, act=ACT, subject=SUBJECT, payload=PAYLOAD, reason="r"
                    )
                )

        threads = [threading.Thread(target=request) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        assert len(set(found)) == 1

    def test_another_payload_for_the_same_thing_takes_its_place(
        self, house: House, releases: Releases
    ) -> None:
        old = ask(house)
        new = ask(house, payload=PAYLOAD | {"fen": 1})
        assert state(house, old) is ApprovalState.WITHDRAWN
        with pytest.raises(RequestClosed):
            confirm(house, "li", old)
        confirm(house, "li", new)
        assert releases.done(house.store) == [new]

    def test_after_it_is_done_it_may_be_asked_again(self, house: House, releases: Releases) -> None:
        first = ask(house)
        confirm(house, "li", first)
        assert ask(house) > first

    def test_open_requests_are_listed(self, house: House, releases: Releases) -> None:
        first, second = ask(house), ask(house, subject="item:2")
        with house.store.read() as tx:
            assert [found.id for found in house.approvals.open_requests(tx)] == [first, second]
        confirm(house, "li", first)
        with house.store.read() as tx:
            assert [found.id for found in house.approvals.open_requests(tx)] == [second]

    @pytest.mark.parametrize("value", [1.5, True, None, ["x"]])
    def test_a_payload_holds_text_and_whole_numbers(self, house: House, value: object) -> None:
        with pytest.raises(BadRequestForTwo):
            ask(house, payload={"fen": value})  # type: ignore[dict-item]

    def test_it_needs_a_known_act_a_subject_and_a_reason(self, house: House) -> None:
        with pytest.raises(BadRequestForTwo):
            ask(house, act="money.print")
        with pytest.raises(BadRequestForTwo):
            ask(house, subject="")
        with pytest.raises(BadRequestForTwo):
            ask(house, reason=" \n")

    def test_a_reason_does_not_keep_a_card_or_an_id(self, house: House) -> None:
        approval_id = ask(house, reason="卡号6222083230853674213\n退回")
        with house.store.read() as tx:
            assert house.approvals.get(tx, approval_id).reason == "卡号****4213 退回"

    def test_the_digest_does_not_depend_on_order_and_does_on_types(self) -> None:
        assert digest_of({"a": 1, "b": "2"}) == digest_of({"b": "2", "a": 1})
        assert digest_of({"a": 1}) != digest_of({"a": "1"})


class TestSayingNo:
    def test_the_second_person_refuses(self, house: House, releases: Releases) -> None:
        approval_id, li = ask(house), house.actor("li")
        with house.store.write() as tx:
            found = house.approvals.refuse(tx, li, approval_id, "金额不对")
        assert (found.state, found.ended_by) == (ApprovalState.REFUSED, "li")
        assert found.confirmed_by == ""
        with pytest.raises(RequestClosed):
            confirm(house, "li", approval_id)

    def test_who_asked_withdraws_and_nobody_else(self, house: House, releases: Releases) -> None:
        approval_id, li, wang = ask(house), house.actor("li"), house.actor("wang")
        with pytest.raises(RoleMissing), house.store.write() as tx:
            house.approvals.withdraw(tx, li, approval_id, "x")
        with house.store.write() as tx:
            found = house.approvals.withdraw(tx, wang, approval_id, "重新核对")
        assert found.state is ApprovalState.WITHDRAWN
        assert releases.done(house.store) == []


class TestAudit:
    def test_who_asked_and_who_agreed_stand_in_the_audit(
        self, house: House, releases: Releases
    ) -> None:
        approval_id = ask(house)
        confirm(house, "li", approval_id)
        with house.store.read() as tx:
            entries = tx.execute(
                sa.select(audit_entry).where(audit_entry.c.subject == SUBJECT).order_by("id")
            ).all()
        assert [(row.act, row.actor, row.quantity, row.fen) for row in entries] == [
            ("hold.release.request", "wang", 1, 228414),
            ("hold.release.confirm", "li", 1, 228414),
        ]
        assert json.loads(entries[1].detail) == {
            "request": approval_id, "payload": digest_of(PAYLOAD), "reason": "同意",
        }  # fmt: skip

    def test_people_and_their_tokens_stand_in_the_audit(self, house: House) -> None:
        root = house.actor("root")
        with house.store.write() as tx:
            house.people.renew(tx, login="li", by=root)
            house.people.revoke(tx, login="li", by=root)
        with house.store.read() as tx:
            entries = tx.execute(sa.select(audit_entry).order_by("id")).all()
        assert [(row.act, row.actor, row.subject) for row in entries] == [
            ("person.add", "root", "root"), ("person.add", "root", "wang"),
            ("person.add", "root", "li"), ("person.renew", "root", "li"),
            ("person.revoke", "root", "li"),
        ]  # fmt: skip


class TestActs:
    def test_money_is_the_centres_and_takes_two_roles(self) -> None:
        assert set(ACTS) == {
            "agreement.end", "agreement.resume",
            "plan.approve", "message.resend_money", "difference.settle", "hold.release",
            "policy.change", "channel.resume", "restore.release", "message.unpark",
            "entry.claim", "item.repay", "session.remote", "case.unseal",
        }  # fmt: skip
        for act in ACTS.values():
            assert act.party is Party.CENTRE
            assert act.title
            if act.request_party is act.party:
                assert not act.request_roles & act.confirm_roles
        assert [one.code for one in ACTS.values() if one.request_party is not Party.CENTRE] == [
            "session.remote"
        ]

    def test_every_role_and_party_has_its_word(self) -> None:
        assert [role.label for role in Role] == [
            "查询", "经办", "复核", "审批", "系统管理员", "报文原文", "安全管理员", "审计管理员",
        ]  # fmt: skip
        assert [party.label for party in Party] == ["中心", "运维方", "监督"]

    def test_only_known_acts_get_executors(self, house: House) -> None:
        with pytest.raises(KeyError):
            house.approvals.on("money.print", lambda _tx, _approval: None)

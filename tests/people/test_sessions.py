"""Signing in: a password and a code open a session, and nothing else does."""

import base64
import re
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hub.kernel.secret import Secret
from hub.people import Party, Role
from hub.people.errors import (
    BadPerson,
    PasswordOld,
    PasswordWeak,
    RoleMissing,
    SessionOver,
    SignInRefused,
    TokenRefused,
    TooManyTries,
)
from hub.people.people import FREE_FAILURES, IDLE_US
from hub.people.sessions import PASSWORD_US, SESSION_US, Enrolment, Sessions
from hub.people.tables import person_secret, person_token
from hub.store import database_now_us
from tests.people.conftest import House

PASSWORD = Secret("Mountains-7-Rivers")


@dataclass
class Desk:
    """A house with sessions; ``wang`` has set a password and enrolled."""

    house: House
    sessions: Sessions
    asked: Enrolment
    session: Secret

    def code(self, ahead: int = 0) -> str:
        """The code of the step ``ahead`` of now, as wang's device shows it."""
        return code_of(self.house, self.asked, ahead)

    def sign_in(self, ahead: int = 1, password: Secret = PASSWORD) -> Secret:
        return self.sessions.sign_in("wang", password, self.code(ahead))

    def shift(self, **columns: int) -> None:
        """Move instants of wang's rows back, µs."""
        with self.house.store.write() as tx:
            for name, us in columns.items():
                table = person_secret if name in person_secret.c else person_token
                rows = table.c[name].is_not(None)
                tx.execute(sa.update(table).where(rows).values({name: table.c[name] - us}))


def code_of(house: House, asked: Enrolment, ahead: int = 0) -> str:
    """RFC 6238 by the key that the page shows."""
    key = base64.b32decode(asked.key.reveal())
    with house.store.read() as view:
        now = database_now_us(view) // 1_000_000
    return TOTP(key, 6, SHA1(), 30).generate(now + 30 * ahead).decode()


@pytest.fixture
def desk(house: House) -> Desk:
    sessions = Sessions(house.store, house.people._vault, house.people)
    asked = sessions.set_password(house.tokens["wang"], PASSWORD, "接口平台")
    session = sessions.enrol(asked.enrol, code_of(house, asked, -1))
    return Desk(house, sessions, asked, session)


class TestSignIn:
    def test_a_session_is_whoever_signed_in(self, desk: Desk) -> None:
        for session in (desk.session, desk.sign_in(0)):
            actor = desk.house.people.authenticate(session)
            assert (actor.login, actor.party) == ("wang", Party.CENTRE)
            assert actor.roles == {Role.HANDLER}
            with desk.house.store.read() as view:
                assert desk.house.people.current(view, actor) == actor

    def test_whatever_is_wrong_the_words_are_the_same(self, desk: Desk) -> None:
        for login, password, code in (
            ("nobody", PASSWORD, desk.code(1)),
            ("wang", Secret("Mountains-7-Riverz"), desk.code(1)),
            ("wang", PASSWORD, "000000" if desk.code(1) != "000000" else "000001"),
            ("wang", PASSWORD, ""),
            ("li", PASSWORD, desk.code(1)),  # who has not set a password
        ):
            with pytest.raises(SignInRefused) as said:
                desk.sessions.sign_in(login, password, code)
            assert said.value.message == SignInRefused().message

    def test_a_code_opens_once(self, desk: Desk) -> None:
        code = desk.code(1)
        desk.sessions.sign_in("wang", PASSWORD, code)
        with pytest.raises(SignInRefused):
            desk.sessions.sign_in("wang", PASSWORD, code)
        with pytest.raises(SignInRefused):  # nor an older one after it
            desk.sign_in(0)

    def test_a_code_of_another_minute_does_not(self, desk: Desk) -> None:
        with pytest.raises(SignInRefused):
            desk.sign_in(4)

    def test_after_wrong_ones_even_the_right_one_waits(self, desk: Desk) -> None:
        for _ in range(FREE_FAILURES):
            with pytest.raises(SignInRefused):
                desk.sign_in(password=Secret("wrong"))
        with pytest.raises(TooManyTries):
            desk.sign_in()
        desk.shift(wait_until_us=900_000_000)
        desk.sign_in()

    def test_an_old_password_is_to_be_changed(self, desk: Desk) -> None:
        desk.shift(set_us=PASSWORD_US + 1)
        with pytest.raises(PasswordOld):
            desk.sign_in()
        asked = desk.sessions.set_password(desk.house.tokens["wang"], PASSWORD, "x")
        desk.sessions.enrol(asked.enrol, code_of(desk.house, asked))


class TestEnds:
    def over(self, desk: Desk, session: Secret) -> None:
        actor = desk.house.actor("wang")
        with pytest.raises((SessionOver, TokenRefused)):
            desk.house.people.authenticate(session)
        assert desk.house.actor("wang") == actor  # the personal token goes on

    def test_unused(self, desk: Desk) -> None:
        desk.shift(created_us=IDLE_US, last_used_us=IDLE_US)
        self.over(desk, desk.session)

    def test_at_the_day_s_end_however_busy(self, desk: Desk) -> None:
        desk.house.people.authenticate(desk.session)
        desk.shift(until_us=SESSION_US)
        self.over(desk, desk.session)

    def test_signed_out(self, desk: Desk) -> None:
        other = desk.sign_in()
        desk.sessions.sign_out(desk.session)
        desk.sessions.sign_out(desk.session)
        self.over(desk, desk.session)
        assert desk.house.people.authenticate(other).login == "wang"

    def test_a_stranger_signs_nobody_out(self, desk: Desk) -> None:
        head = desk.session.reveal().rpartition("_")[0]
        desk.sessions.sign_out(Secret(f"{head}_{'a' * 32}"))
        assert desk.house.people.authenticate(desk.session).login == "wang"

    def test_with_a_new_password_or_token(self, desk: Desk) -> None:
        desk.sessions.set_password(desk.session, PASSWORD, "x")
        self.over(desk, desk.session)

    def test_when_the_person_s_tokens_are_revoked(self, desk: Desk) -> None:
        actor = desk.house.people.authenticate(desk.session)
        with desk.house.store.write() as tx:
            desk.house.people.revoke(tx, login="wang", by=desk.house.actor("root"))
        with pytest.raises(TokenRefused):
            desk.house.people.authenticate(desk.session)
        with pytest.raises(TokenRefused), desk.house.store.read() as view:
            desk.house.people.current(view, actor)
        with pytest.raises(SignInRefused):  # password and device are worth nothing any more
            desk.sign_in()

    def test_a_new_personal_token_takes_the_password_along(self, desk: Desk) -> None:
        """Whoever found the old one may have set a password with it."""
        with desk.house.store.write() as tx:
            fresh = desk.house.people.renew(tx, login="wang", by=desk.house.actor("root"))
        with pytest.raises(SignInRefused):
            desk.sign_in()
        asked = desk.sessions.set_password(fresh, PASSWORD, "x")
        session = desk.sessions.enrol(asked.enrol, code_of(desk.house, asked))
        assert desk.house.people.authenticate(session).login == "wang"

    def test_ended_by_the_security_administrator_alone(self, desk: Desk) -> None:
        guard = desk.house.add("guard", Role.SECURITY)
        with pytest.raises(RoleMissing):
            desk.sessions.end(login="wang", by=desk.house.actor("li"))
        with desk.house.store.read() as view:
            assert [one.login for one in desk.sessions.open_ones(view)] == ["wang"]
        assert desk.sessions.end(login="wang", by=guard) == 1
        self.over(desk, desk.session)
        with desk.house.store.read() as view:
            assert desk.sessions.open_ones(view) == []


class TestEnrolling:
    def test_the_pass_opens_nothing_but_the_session(self, house: House) -> None:
        sessions = Sessions(house.store, house.people._vault, house.people)
        asked = sessions.set_password(house.tokens["wang"], PASSWORD, "x")
        with pytest.raises(SessionOver):
            house.people.authenticate(asked.enrol)
        with pytest.raises(SignInRefused):  # not before the device was proved
            sessions.sign_in("wang", PASSWORD, code_of(house, asked))
        for enrol, code in ((asked.enrol, "12345"), (house.tokens["wang"], code_of(house, asked))):
            with pytest.raises(SignInRefused):
                sessions.enrol(enrol, code)
        session = sessions.enrol(asked.enrol, code_of(house, asked))
        assert house.people.authenticate(session).login == "wang"
        with pytest.raises(SignInRefused):  # the pass is used up
            sessions.enrol(asked.enrol, code_of(house, asked, 1))

    @pytest.mark.parametrize(
        "weak", ["", "Short-7a", "alllowercase", "ALL-UPPER-CASE", "Wang-wang-77", "x" * 129]
    )
    def test_weak_passwords(self, house: House, weak: str) -> None:
        sessions = Sessions(house.store, house.people._vault, house.people)
        with pytest.raises(PasswordWeak):
            sessions.set_password(house.tokens["wang"], Secret(weak), "x")

    def test_nothing_at_rest_opens_a_session(self, desk: Desk) -> None:
        with desk.house.store.read() as view:
            rows = [
                tuple(r) for t in (person_secret, person_token) for r in view.execute(t.select())
            ]
        text = repr(rows)
        for secret in (PASSWORD, desk.session, desk.asked.enrol, desk.asked.key):
            assert secret.reveal().rpartition("_")[2] not in text
        assert re.search(r"argon2id", text)


def test_three_administrators_are_three_people(house: House) -> None:
    for pair in (
        {Role.ADMINISTRATOR, Role.SECURITY}, {Role.SECURITY, Role.AUDITOR},
        {Role.ADMINISTRATOR, Role.AUDITOR, Role.QUERY},
    ):  # fmt: skip
        with pytest.raises(BadPerson):
            house.add("many", *pair)

"""Who acts: only tokens, never names; what is at rest tells nobody anything."""

import threading
import time

import pytest
import sqlalchemy as sa

from hub.kernel.secret import Secret
from hub.people import Party, Role, people, tokens
from hub.people.errors import (
    BadPerson,
    BootstrapOver,
    LoginTaken,
    NoSuchPerson,
    PeopleError,
    RoleMissing,
    TokenRefused,
    TooManyTries,
)
from hub.people.people import Actor
from hub.people.tables import person, person_token
from hub.store import database_now_us
from tests.people.conftest import House


def wrong(token: Secret) -> Secret:
    """The same id with another secret."""
    lookup = token.reveal().split("_")[1]
    return Secret(f"hubp_{lookup}_{'a' * 32}")


class TestTheFirst:
    def test_is_administrator_of_the_centre_whatever_is_asked(self, bare: House) -> None:
        with bare.store.write() as tx:
            token = bare.people.add(
                tx, login="root", name="郑琪", party=Party.OPERATOR, roles=[Role.QUERY], by=None
            )
        actor = bare.people.authenticate(token)
        assert actor.party is Party.CENTRE
        assert actor.roles == {Role.QUERY, Role.ADMINISTRATOR}

    def test_there_is_no_second_first(self, house: House) -> None:
        with pytest.raises(BootstrapOver), house.store.write() as tx:
            house.people.add(
                tx, login="mallory", name="x", party=Party.CENTRE, roles=[Role.APPROVER], by=None
            )

    def test_of_two_at_once_one_wins(self, bare: House) -> None:
        ends: list[object] = []
        together = threading.Barrier(2)

        def found(login: str) -> None:
            together.wait()
            try:
                with bare.store.write() as tx:
                    ends.append(
                        bare.people.add(
                            tx, login=login, name="x", party=Party.CENTRE, roles=[], by=None
                        )
                    )
            except BootstrapOver as error:
                ends.append(error)

        threads = [threading.Thread(target=found, args=(login,)) for login in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(type(end).__name__ for end in ends) == ["BootstrapOver", "Secret"]


class TestAdd:
    def test_only_an_administrator_adds(self, house: House) -> None:
        wang = house.actor("wang")
        with pytest.raises(RoleMissing), house.store.write() as tx:
            house.people.add(
                tx, login="zhao", name="赵", party=Party.CENTRE, roles=[Role.QUERY], by=wang
            )

    def test_an_actor_that_never_showed_a_token_is_nobody(self, house: House) -> None:
        forged = Actor("root", Party.CENTRE, frozenset(Role), token_id=0)
        with pytest.raises(TokenRefused), house.store.write() as tx:
            house.people.add(
                tx, login="zhao", name="赵", party=Party.CENTRE, roles=[Role.QUERY], by=forged
            )

    def test_somebody_elses_token_does_not_lend_a_name(self, house: House) -> None:
        wang = house.actor("wang")
        forged = Actor("root", Party.CENTRE, frozenset(Role), wang.token_id)
        with house.store.read() as tx, pytest.raises(TokenRefused):
            house.people.current(tx, forged)

    def test_a_login_is_one_persons_for_ever(self, house: House) -> None:
        root = house.actor("root")
        with house.store.write() as tx:
            house.people.revoke(tx, login="li", by=root)
        with pytest.raises(LoginTaken):
            house.add("li", Role.QUERY)

    @pytest.mark.parametrize(
        ("login", "name", "roles"),
        [
            ("", "x", [Role.QUERY]), ("Wang", "x", [Role.QUERY]), ("王", "x", [Role.QUERY]),
            ("1a", "x", [Role.QUERY]), ("a" * 33, "x", [Role.QUERY]), ("ok", " ", [Role.QUERY]),
            ("ok", "x" * 41, [Role.QUERY]), ("ok", "x", []),
        ],
    )  # fmt: skip
    def test_bad_data_is_refused(
        self, house: House, login: str, name: str, roles: list[Role]
    ) -> None:
        root = house.actor("root")
        with pytest.raises(BadPerson), house.store.write() as tx:
            house.people.add(tx, login=login, name=name, party=Party.CENTRE, roles=roles, by=root)

    def test_neither_name_nor_token_stand_in_clear(self, real_argon2: None, house: House) -> None:
        with house.store.read() as tx:
            rows = [repr(row) for table in (person, person_token)
                    for row in tx.execute(sa.select(table))]  # fmt: skip
            assert house.people.name(tx, "wang").reveal() == "欧阳国洋"
            with pytest.raises(NoSuchPerson):
                house.people.name(tx, "nobody")
        said = "".join(rows)
        assert "欧***" in said
        assert "欧阳" not in said
        for token in house.tokens.values():
            assert token.reveal().split("_")[2] not in said
        assert said.count("$argon2id$v=19$m=65536,t=3,p=4$") == 3


class TestAuthenticate:
    def test_a_token_is_its_person(self, house: House) -> None:
        actor = house.actor("li")
        assert (actor.login, str(actor), actor.party) == ("li", "li", Party.CENTRE)
        assert actor.roles == {Role.REVIEWER, Role.APPROVER}

    def test_blanks_around_it_do_not_matter(self, house: House) -> None:
        assert house.people.authenticate(Secret(f" {house.tokens['li'].reveal()}\n")).login == "li"

    @pytest.mark.parametrize("text", ["", "li", "root", "hubp__", "hubp_aaaaaaaa_" + "a" * 32])
    def test_what_is_no_token_is_refused(self, house: House, text: str) -> None:
        with pytest.raises(TokenRefused) as caught:
            house.people.authenticate(Secret(text))
        assert caught.value.code == "people.token_refused"
        assert isinstance(caught.value, PeopleError)

    def test_no_change_of_a_character_passes(self, house: House) -> None:
        text = house.tokens["li"].reveal()
        for place in (14, 30, len(text) - 1):
            other = "b" if text[place] == "a" else "a"
            with pytest.raises(TokenRefused):
                house.people.authenticate(Secret(text[:place] + other + text[place + 1 :]))

    def test_unknown_and_known_ids_cost_the_same_work(
        self, real_argon2: None, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verified: list[str] = []
        real = tokens._hasher.verify

        class Counting:
            def verify(self, hashed: str, secret: str) -> bool:
                verified.append(hashed)
                return real(hashed, secret)

        monkeypatch.setattr(tokens, "_hasher", Counting())
        for token in ("rubbish", "hubp_aaaaaaaa_" + "a" * 32, wrong(house.tokens["li"]).reveal()):
            with pytest.raises(TokenRefused):
                house.people.authenticate(Secret(token))
        assert len(verified) == 3
        assert {hashed.rsplit("$", 2)[0] for hashed in verified} == {
            "$argon2id$v=19$m=65536,t=3,p=4"
        }

    def test_a_verified_token_is_remembered_but_its_revocation_counts_at_once(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        actor, root = house.actor("li"), house.actor("root")
        monkeypatch.setattr(tokens, "fits", lambda *_: pytest.fail("argon2 was asked again"))
        assert house.actor("li") == actor
        with house.store.write() as tx:
            house.people.revoke(tx, login="li", by=root)
        with pytest.raises(TokenRefused):
            house.actor("li")
        with house.store.read() as tx, pytest.raises(TokenRefused):
            house.people.current(tx, actor)

    def test_it_is_forgotten_after_a_while(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.actor("li")
        later = time.monotonic() + people.REMEMBER_S + 1
        monkeypatch.setattr(people, "monotonic", lambda: later)
        monkeypatch.setattr(tokens, "fits", lambda *_: False)
        with pytest.raises(TokenRefused):
            house.actor("li")

    def test_a_renewed_token_replaces_the_old_one(self, house: House) -> None:
        root = house.actor("root")
        with house.store.write() as tx:
            fresh = house.people.renew(tx, login="li", by=root)
        with pytest.raises(TokenRefused):
            house.actor("li")
        assert house.people.authenticate(fresh).login == "li"

    def test_use_is_written_down(self, house: House) -> None:
        house.actor("wang")
        with house.store.read() as tx:
            listed = {row.login: row for row in house.people.list_people(tx)}
        assert sorted(listed) == ["li", "root", "wang"]
        assert listed["wang"].last_used_us
        assert (listed["wang"].tokens, listed["wang"].added_by) == (1, "root")
        assert listed["wang"].name_mask == "欧***"


class TestSlowDown:
    def test_after_some_wrong_secrets_the_right_one_waits_too(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "fits", lambda hashed, secret: secret != "a" * 32)
        for _ in range(people.FREE_FAILURES):
            with pytest.raises(TokenRefused):
                house.people.authenticate(wrong(house.tokens["li"]))
        with pytest.raises(TooManyTries) as caught:
            house.actor("li")
        assert caught.value.status == 429
        assert house.actor("wang").login == "wang"
        time.sleep(1.1)
        assert house.actor("li").login == "li"
        with house.store.read() as tx:
            failures = sa.select(sa.func.sum(person_token.c.failures))
            assert tx.execute(failures).scalar_one() == 0

    def test_the_wait_doubles_up_to_a_quarter_of_an_hour(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits = []
        lookup = house.tokens["li"].reveal().split("_")[1]
        for _ in range(people.FREE_FAILURES + 40):
            house.people._count_failure(lookup)
            with house.store.read() as tx:
                row = tx.execute(
                    sa.select(person_token).where(person_token.c.lookup == lookup)
                ).one()
                now_us = database_now_us(tx)
            waits.append(round((row.wait_until_us - now_us) / 1e6) if row.wait_until_us else 0)
        assert waits[: people.FREE_FAILURES - 1] == [0] * (people.FREE_FAILURES - 1)
        assert waits[people.FREE_FAILURES - 1 :][:4] == [1, 2, 4, 8]
        assert waits[-1] == people.MAX_WAIT_S

"""A policy comes into force by two people, and only for runs opened afterwards."""

import json
from pathlib import Path

import pytest

from hub.app.assembly import open_hub
from hub.app.policies import propose
from hub.app.steps import confirm
from hub.kernel.secret import Secret
from hub.kernel.settings import Settings
from hub.offset.policy import BadPolicy, Policy, choose_policy, current_policy, read_policy
from hub.people import Party, Role
from hub.people.errors import PayloadChanged, SamePerson
from hub.store.schema import upgrade


class Centre:
    """A hub without partners, and two people of it."""

    def __init__(self, home: Path, database_url: str) -> None:
        settings = Settings(home=home, environment="test", database_url=database_url)
        home.mkdir(exist_ok=True)
        self.hub = open_hub(settings)
        upgrade(self.hub.store)
        admin = self._add("admin", None, Role.ADMINISTRATOR)
        self.handler = self._add("handler", admin, Role.HANDLER)
        self.approver = self._add("approver", admin, Role.APPROVER, Role.HANDLER)

    def _add(self, login: str, by: Secret | None, *roles: Role) -> Secret:
        actor = None if by is None else self.hub.people.authenticate(by)
        with self.hub.store.write() as tx:
            return self.hub.people.add(
                tx, login=login, name="某某", party=Party.CENTRE, roles=roles, by=actor
            )

    def current(self) -> Policy:
        with self.hub.store.read() as view:
            return current_policy(view)


@pytest.fixture
def centre(tmp_path: Path, database_url: str) -> Centre:
    made = Centre(tmp_path / "home", database_url)
    yield made  # type: ignore[misc]
    made.hub.close()


def _file(folder: Path, cap: str) -> Path:
    path = folder / f"policy-{cap}.json"
    path.write_text(json.dumps({"default": {"cap": cap}}), encoding="utf-8")
    return path


def test_the_default_holds_until_two_people_choose_another(centre: Centre, tmp_path: Path) -> None:
    assert centre.current().digest == read_policy(None).digest
    number, wanted = propose(centre.hub, centre.handler, _file(tmp_path, "1000.00"), "限额")
    assert centre.current().digest == read_policy(None).digest
    confirm(centre.hub, centre.approver, number)
    assert centre.current().digest == wanted.digest
    assert centre.current().terms("ICBC").cap == 100_000


def test_the_one_who_proposes_cannot_approve(centre: Centre, tmp_path: Path) -> None:
    number, _ = propose(centre.hub, centre.approver, _file(tmp_path, "1000.00"), "限额")
    with pytest.raises(SamePerson):
        confirm(centre.hub, centre.approver, number)
    assert centre.current().digest == read_policy(None).digest


def test_a_proposal_answers_to_the_policy_it_was_made_against(
    centre: Centre, tmp_path: Path
) -> None:
    first, wanted = propose(centre.hub, centre.handler, _file(tmp_path, "1000.00"), "限额")
    confirm(centre.hub, centre.approver, first)
    again, _ = propose(centre.hub, centre.handler, _file(tmp_path, "2000.00"), "再改")
    with centre.hub.store.write() as tx:  # meanwhile another policy came into force
        asked = centre.hub.approvals.get(tx, again)
        assert asked.payload["replaces"] == wanted.digest
        choose_policy(
            tx, read_policy(None), asked_by="x", agreed_by="y", why="另一次变更", now_us=1
        )
    with pytest.raises(PayloadChanged):
        confirm(centre.hub, centre.approver, again)


def test_an_unusable_file_is_refused_before_anybody_is_asked(
    centre: Centre, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("default: {cap: 12.5}", encoding="utf-8")
    with pytest.raises(BadPolicy, match="quotes"):
        propose(centre.hub, centre.handler, path, "限额")

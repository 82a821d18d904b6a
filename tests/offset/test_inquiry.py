"""What nobody answered: asked about, sent again only when it may be, decided by the statement."""

import pytest

from hub.kernel.errors import HubError
from hub.ports.line import FileConflict, FileGrowing, FileMissing, ReplyUnreadable
from tests.offset.kit import Centre, Person


def unknown_batch(centre: Centre, *, when: str, idempotent: bool = True) -> str:
    """One batch whose sending broke; its item's number."""
    centre.add(Person("A0"), Person("A1"))
    centre.icbc.numbers_idempotent = idempotent
    centre.icbc.breaks = [when]
    centre.open()
    centre.planned()
    centre.approve()
    centre.until(lambda: centre.states("offset_batch") == {"unknown"})
    return centre.number("A0")


def ask(centre: Centre, times: int) -> None:
    for _ in range(times):
        centre.hurry()
        centre.tick(2)


class TestNotFound:
    def test_before_settle_after_nothing_is_sent_again(self, quick: Centre) -> None:
        unknown_batch(quick, when="before")
        ask(quick, 6)
        assert len(quick.icbc.bodies) == 1
        assert {s for s, _, _ in quick.items().values()} == {"unknown"}

    def test_an_answer_to_a_question_from_before_does_not_count(self, quick: Centre) -> None:
        """Asked before settle_after was over, answered after it: the request may lie between."""
        unknown_batch(quick, when="before")
        quick.hurry()
        quick.conductor.step()  # the question is written
        with quick.store.write() as tx:
            tx.exec_driver_sql("UPDATE bus_message SET created_us = created_us - 90000000")
        quick.wait_settle()
        quick.deliver()
        assert quick.states("offset_batch") == {"unknown"}
        ask(quick, 3)
        assert len(quick.icbc.bodies) == 2

    def test_after_it_the_same_body_goes_again(self, centre: Centre) -> None:
        unknown_batch(centre, when="before")
        centre.wait_settle()
        centre.until(centre.closed)
        first, second = centre.icbc.bodies
        assert first == second
        assert len(centre.icbc.entries) == 2

    def test_numbers_that_are_not_idempotent_are_never_sent_again(self, quick: Centre) -> None:
        unknown_batch(quick, when="before", idempotent=False)
        quick.wait_settle()
        ask(quick, 7)
        assert len(quick.icbc.bodies) == 1
        assert {s for s, _, _ in quick.items().values()} == {"unknown"}
        quick.next_day()  # the closed day's statement decides
        quick.until(quick.closed)
        assert len(quick.icbc.bodies) == 1
        assert set(quick.items().values()) == {("reconciled", "FAILED", "not_credited")}
        assert quick.states("bus_message") == {"delivered", "rejected"}
        assert "held" not in quick.core.states.values()

    def test_booked_all_the_same_is_found_by_number(self, quick: Centre) -> None:
        unknown_batch(quick, when="after", idempotent=False)
        quick.until(quick.closed)
        assert len(quick.icbc.bodies) == 1
        assert {o for _, o, _ in quick.items().values()} == {"SUCCEEDED"}

    def test_a_deaf_bank_is_overruled_by_its_statement(self, quick: Centre) -> None:
        quick.icbc.deaf = True
        unknown_batch(quick, when="after", idempotent=False)
        quick.wait_settle()
        ask(quick, 8)
        quick.until(quick.closed)
        assert {o for _, o, _ in quick.items().values()} == {"SUCCEEDED"}


class TestNotCredited:
    def never(self, centre: Centre) -> None:
        centre.add(Person("A0"), Person("A1"))
        centre.icbc.minds = {"LA0": "never"}
        centre.open()
        centre.planned()
        centre.approve()
        centre.until(lambda: centre.items()["A0"][0] == "unknown")

    def test_an_open_day_proves_nothing(self, quick: Centre) -> None:
        self.never(quick)
        ask(quick, 15)
        assert quick.items()["A0"][0] == "unknown"
        assert quick.core.states[quick.number("A0")] == "held"

    def test_a_closed_day_without_the_credit_does(self, centre: Centre) -> None:
        self.never(centre)
        ask(centre, 8)
        centre.next_day()
        centre.until(centre.closed)
        assert centre.items()["A0"] == ("reconciled", "FAILED", "not_credited")
        assert centre.items()["A1"] == ("reconciled", "SUCCEEDED", "")

    def test_a_stray_credit_of_that_amount_keeps_the_hold(self, quick: Centre) -> None:
        """The bank lost our number on the way: a person has to say whose credit it is."""
        self.never(quick)
        quick.icbc.book("", 100_000, account="6222A0")
        ask(quick, 8)
        quick.next_day()
        ask(quick, 15)
        assert quick.items()["A0"][0] == "unknown"
        assert quick.core.states[quick.number("A0")] == "held"
        assert {kind for kind, _ in quick.differences()} == {"unknown_instruction"}


class TestUnusableResults:
    @pytest.mark.parametrize("error", [FileMissing, FileGrowing, FileConflict, ReplyUnreadable])
    def test_by_number_the_bank_is_asked_instead(
        self, centre: Centre, monkeypatch: pytest.MonkeyPatch, error: type[HubError]
    ) -> None:
        """A result file that never comes, or never agrees with itself, is not waited for."""
        asked: list[str] = []

        def never(_line: object, batch: str) -> None:
            asked.append(batch)
            raise error

        monkeypatch.setattr(centre.icbc, "fetch_results", never)
        unknown_batch(centre, when="after")
        centre.until(centre.closed)
        assert len(asked) == 3
        assert len(centre.icbc.bodies) == 1  # nothing was learnt: nothing is sent again
        assert {s for s, _, _ in centre.items().values()} == {"reconciled"}

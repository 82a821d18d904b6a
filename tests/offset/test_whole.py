"""Whole months over fakes: each way an item can go, to the close."""

from tests.offset.kit import Centre, Person


class TestToTheClose:
    def test_every_way_in_one_run(self, centre: Centre) -> None:
        people = [Person(f"A{n:03d}") for n in range(9)]
        people[1].balance = 30_000  # partial
        people[2].balance = 1  # retain alone
        people[3].state = "05"  # not usable
        centre.add(*people)
        centre.icbc.minds |= {"LA004": "refuse", "LA005": "silent"}
        centre.finish()
        assert centre.items() == {
            "A000": ("reconciled", "SUCCEEDED", ""),
            "A001": ("reconciled", "SUCCEEDED", "partial"),
            "A004": ("reconciled", "FAILED", "account_closed"),
            "A005": ("reconciled", "SUCCEEDED", ""),
            "A006": ("reconciled", "SUCCEEDED", ""),
            "A007": ("reconciled", "SUCCEEDED", ""),
            "A008": ("reconciled", "SUCCEEDED", ""),
        }
        assert "held" not in centre.core.states.values()
        assert centre.differences() == {}

"""The banking calendar: seeded, imported whole or not at all, and missed before it is missing."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.tables import audit_entry
from hub.schedule import (
    BankingCalendar,
    CalendarUnknown,
    Shortage,
    calendar_shortage,
    import_calendar,
    load_calendar,
    seed_calendar,
)
from hub.schedule.calendar import BadCalendarFile
from hub.schedule.tables import banking_day
from hub.store import Store


def year_file(path: Path, year: int, *, without: date | None = None, extra: str = "") -> Path:
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range(366) if (first + timedelta(n)).year == year]
    rows = [f"{day},{int(day.weekday() < 5)}," for day in days if day != without]
    path.write_text("day,banking,why\n" + "\n".join(rows) + f"\n{extra}", encoding="utf-8-sig")
    return path


@pytest.fixture(scope="module")
def china(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankingCalendar]:
    """The seeded calendar, as values."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('china')}/hub.sqlite")
    banking_day.create(store.engine)
    audit_entry.create(store.engine)
    with store.write() as tx:
        seed_calendar(tx)
        yield load_calendar(tx)
    store.close()


class TestSeed:
    def test_2025_is_the_state_councils(self, store: Store) -> None:
        with store.write() as tx:
            years = seed_calendar(tx)
        with store.read() as tx:
            calendar = load_calendar(tx)
            rows = {row.on_day: row for row in tx.execute(sa.select(banking_day))}
        assert {2024, 2025, 2026} <= set(years)
        # 国办发明电〔2024〕12号: 1 to 8 October off, 28 September and 11 October worked.
        for day in range(1, 9):
            assert not calendar.is_banking_day(date(2025, 10, day))
        assert calendar.is_banking_day(date(2025, 9, 28))
        assert calendar.is_banking_day(date(2025, 10, 11))
        assert not calendar.is_banking_day(date(2025, 10, 12))
        assert (rows[20251001].why, rows[20250928].why) == ("国庆节", "国庆节调休")
        assert (rows[20251012].why, rows[20251013].why) == ("周末", "")
        assert rows[20251001].source.startswith("chinesecalendar 1.")
        assert sum(row.on_day // 10000 == 2025 for row in rows.values()) == 365

    def test_a_second_time_changes_nothing(self, store: Store) -> None:
        with store.write() as tx:
            seed_calendar(tx)
        with store.write() as tx:
            tx.execute(
                sa.update(banking_day).where(banking_day.c.on_day == 20251009).values(banking=0)
            )
            assert seed_calendar(tx) == []
            assert not load_calendar(tx).is_banking_day(date(2025, 10, 9))


class TestImport:
    def test_a_new_year_whole_then_single_days(self, store: Store, tmp_path: Path) -> None:
        with store.write() as tx:
            seed_calendar(tx)
            assert import_calendar(tx, year_file(tmp_path / "2027.csv", 2027), by="root") == 365
        one = tmp_path / "one.csv"
        one.write_text("day,banking,why\n2027-01-01,0,元旦\n2027-01-03,1,元旦调休\n")
        with store.write() as tx:
            assert import_calendar(tx, one, by="root") == 2
        with store.read() as tx:
            calendar = load_calendar(tx)
            acts = list(tx.execute(sa.select(audit_entry.c.act).order_by("id")).scalars())
        assert acts == ["calendar.seed", "calendar.import", "calendar.import"]
        assert calendar.knows_year(2027)
        assert not calendar.is_banking_day(date(2027, 1, 1))
        assert calendar.is_banking_day(date(2027, 1, 3))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "columns"),
            ("day,why,banking\n", "columns"),
            ("day,banking,why\n", "no rows"),
            ("day,banking,why\n2025-13-01,1,\n", "line 2"),
            ("day,banking,why\n2025-01-01,1,\n2025-01-02,yes,\n", "line 3"),
            ("day,banking,why\n2025-01-01,1,\n2025-01-01,0,\n", "twice"),
            ("day,banking,why\n2025-01-01,1\n", "line 2"),
            ("day,banking,why\n2025-01-01,1,x,y\n", "line 2"),
            ("day,banking,why\n2099-01-01,1,\n", "2099 is new"),
        ],
    )
    def test_what_cannot_be_used_changes_nothing(
        self, store: Store, tmp_path: Path, text: str, says: str
    ) -> None:
        path = tmp_path / "c.csv"
        path.write_text(text)
        with store.write() as tx:
            seed_calendar(tx)
            before = load_calendar(tx)
        with pytest.raises(BadCalendarFile, match=says), store.write() as tx:
            import_calendar(tx, path, by="root")
        with store.read() as tx:
            assert load_calendar(tx) == before

    def test_a_year_with_a_gap_is_refused(self, store: Store, tmp_path: Path) -> None:
        path = year_file(tmp_path / "c.csv", 2028, without=date(2028, 2, 29))
        with pytest.raises(BadCalendarFile, match="2028-02-29"), store.write() as tx:
            import_calendar(tx, path, by="root")

    def test_no_file_and_another_charset(self, store: Store, tmp_path: Path) -> None:
        odd = tmp_path / "odd.csv"
        odd.write_bytes("day,banking,why\n2025-01-01,0,元旦\n".encode("gb18030"))
        for path in (tmp_path / "none.csv", tmp_path, odd):
            with pytest.raises(BadCalendarFile), store.write() as tx:
                import_calendar(tx, path, by="root")


class TestCounting:
    def test_over_the_long_holiday(self, china: BankingCalendar) -> None:
        last, first = date(2025, 9, 30), date(2025, 10, 9)
        assert china.next_banking_day(last) == first
        assert china.previous_banking_day(first) == last
        assert china.on_or_after(date(2025, 10, 4)) == first
        assert china.on_or_before(date(2025, 10, 4)) == last
        assert china.on_or_after(first) == china.on_or_before(first) == first
        assert china.add_banking_days(last, 3) == date(2025, 10, 11)
        assert china.add_banking_days(first, -2) == date(2025, 9, 29)
        assert china.add_banking_days(date(2025, 10, 4), 0) == date(2025, 10, 4)
        assert china.banking_days_between(last, date(2025, 10, 31)) == 18

    @given(st.dates(date(2024, 6, 1), date(2026, 6, 1)), st.integers(1, 40))
    def test_forth_and_back(self, china: BankingCalendar, day: date, count: int) -> None:
        later = china.add_banking_days(day, count)
        assert china.is_banking_day(later)
        assert china.banking_days_between(day, later) == count
        assert china.add_banking_days(later, -count) == china.on_or_before(day)

    def test_a_year_that_is_not_known_is_not_guessed(self, china: BankingCalendar) -> None:
        end = max(china.days)
        assert (end.month, end.day) == (12, 31)
        for guess in (
            lambda: china.is_banking_day(end + timedelta(days=1)),
            lambda: china.next_banking_day(end),
            lambda: china.add_banking_days(end, 5),
            lambda: china.banking_days_between(end, end + timedelta(days=1)),
        ):
            with pytest.raises(CalendarUnknown) as caught:
                guess()
        assert caught.value.code == "schedule.calendar_unknown"

    def test_the_shortage_is_said_and_grows_urgent_in_december(
        self, china: BankingCalendar
    ) -> None:
        last = max(china.days).year
        assert calendar_shortage(china, date(last - 1, 12, 31)) is None
        assert calendar_shortage(china, date(last, 11, 30)) == Shortage(last + 1, urgent=False)
        assert calendar_shortage(china, date(last, 12, 1)) == Shortage(last + 1, urgent=True)
        assert calendar_shortage(china, date(last + 1, 1, 1)) == Shortage(last + 1, urgent=True)

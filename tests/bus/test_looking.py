"""Looking for messages: pages without gaps, and plans that an index drives on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bus import Effect, looking
from hub.bus.instants import NumberAt
from hub.bus.looking import MessageFilter, list_messages
from hub.bus.tables import message
from hub.store import Store
from tests.bus.kit import INTERFACE, make_bus, new
from tests.offset.kit import insert


@pytest.fixture
def full(empty_store: Store, tmp_path: Path) -> Store:
    """Some thousand messages of two interfaces; most have ended."""
    bus = make_bus(empty_store, tmp_path / "keys")
    with empty_store.write() as tx:
        bus.put(
            tx,
            [
                new(f"{n:06d}", effect=Effect.READ, kind="rare" if n % 500 == 7 else f"kind{n % 3}",
                    interface="core" if n % 10 == 0 else INTERFACE, group=f"run:{n % 4}")
                for n in range(3000)
            ],
        )  # fmt: skip
        tx.execute(
            sa.update(message)
            .where(message.c.id % 50 != 0)
            .values(state="delivered", ready_us=None)
        )
        tx.execute(sa.update(message).values(created_us=EPOCH + message.c.id * MINUTE))
    with empty_store.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE bus_message")  # ours: a database may be shared
    return empty_store


EPOCH, MINUTE = 1_760_000_000_000_000, 60_000_000
SPAN = {"since_us": EPOCH + 1000 * MINUTE, "until_us": EPOCH + 2000 * MINUTE}

FILTERS = (
    MessageFilter(),
    MessageFilter(interface="core"),
    MessageFilter(interface=INTERFACE, state="delivered"),
    MessageFilter(state="queued"),
    MessageFilter(kind="kind1"),
    MessageFilter(group="run:2"),
    MessageFilter(text="0001"),
    MessageFilter(**SPAN),
    MessageFilter(interface=INTERFACE, **SPAN),
    MessageFilter(kind="kind2", state="delivered", since_us=SPAN["since_us"]),
    MessageFilter(kind="rare"),
    MessageFilter(kind="rare", interface=INTERFACE, until_us=SPAN["until_us"]),
)


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_paging_shows_each_once_newest_first(
    full: Store, wanted: MessageFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "WINDOW", 400)  # so that windows end in the middle of pages
    monkeypatch.setattr(looking, "KEYS_MOST", 200)  # the rare kind is rare, the others are not
    with full.read() as view:
        everything = list_messages(view, wanted, size=10_000)
        whole = [one.id for one in everything.rows]
        paged: list[int] = []
        before: int | None = None
        while True:
            page = list_messages(view, wanted, before=before, size=37)
            paged += [one.id for one in page.rows]
            if page.older is None:
                break
            before = page.older
        query = sa.select(message.c.id).order_by(message.c.id.desc())
        for name, column in (
            ("interface", message.c.interface), ("kind", message.c.kind),
            ("state", message.c.state), ("group", message.c.msg_group),
        ):  # fmt: skip
            if getattr(wanted, name):
                query = query.where(column == getattr(wanted, name))
        if wanted.since_us:
            query = query.where(message.c.created_us >= wanted.since_us)
        if wanted.until_us:
            query = query.where(message.c.created_us < wanted.until_us)
        if wanted.text:
            query = query.where(message.c.msg_key.startswith(wanted.text, autoescape=True))
        straight = list(view.scalars(query))
    if wanted.text:  # "0001" is the number 1 too
        straight.append(1)
    assert straight
    assert paged == straight
    assert whole == straight[: len(whole)]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_no_look_runs_over_the_whole_table(full: Store, wanted: MessageFilter) -> None:
    said: list[str] = []

    def explain(connection, cursor, statement, parameters, *_) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT bus_message"):
            word = "EXPLAIN QUERY PLAN" if full.engine.dialect.name == "sqlite" else "EXPLAIN"
            cursor.execute(f"{word} {statement}", parameters)
            said.extend(str(row) for row in cursor.fetchall())

    sa.event.listen(full.engine, "before_cursor_execute", explain)
    try:
        with full.read() as view:
            if full.engine.dialect.name == "postgresql":
                # A few thousand rows are read faster whole; what matters is the way at 10^7.
                view.exec_driver_sql("SET LOCAL enable_seqscan = off")
            list_messages(view, wanted, size=50)
    finally:
        sa.event.remove(full.engine, "before_cursor_execute", explain)
    assert said
    for line in said:
        assert "Seq Scan on bus_message" not in line
        assert not ("SCAN bus_message" in line and "USING" not in line), line


@pytest.fixture(scope="module")
def one_table() -> Iterator[sa.Connection]:
    """Numbers and moments, emptied by each example."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        message.create(connection)
        yield connection
    engine.dispose()


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 40)), max_size=40),
    st.integers(-5, 2100),
)
def test_the_first_number_at_a_moment(
    one_table: sa.Connection, steps: list[tuple[int, int]], instant: int
) -> None:
    """Gaps between numbers, several put in one moment, moments before and after all."""
    one_table.execute(sa.delete(message))
    number, moment, rows = 0, 0, []
    for gap, later in steps:
        number, moment = number + gap, moment + later
        rows.append((number, moment))
        insert(one_table, message, id=number, created_us=moment, msg_key=f"k{number}")
    found = NumberAt(message.c.id, message.c.created_us).first(one_table, instant)
    at_or_after = [number for number, moment in rows if moment >= instant]
    before = [number for number, moment in rows if moment < instant]
    assert all(number >= found for number in at_or_after)
    assert all(number < found for number in before)

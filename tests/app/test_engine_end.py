"""An orderly end leaves nothing behind that only the next start would seal."""

from hub.app.assembly import start_engine
from hub.app.hub import Hub
from hub.audit import record
from hub.audit.verification import verify


def test_what_is_written_last_is_sealed_and_witnessed_at_the_end(hub: Hub) -> None:
    engine = start_engine(hub, workers=1)
    with hub.store.write() as tx:
        record(tx, act="test.last", actor="somebody", subject="the last thing before the end")
    engine.stop()
    with hub.store.read() as view:
        report = verify(view, hub.checkpoints.log(), hub.ring.signer.public)
    assert (report.unsealed, report.unanchored) == (0, 0)

"""A process that climbs and delivers until it is killed: ``python -m tests.app.climber URL HOME``.

Business time goes on a minute with every look, from where the file ``minute`` says.
"""

import sys
from datetime import timedelta
from pathlib import Path

from hub.store import Store
from tests.app.escalation_kit import BEGIN, Post

LAST = 30


def main(url: str, home: Path) -> None:
    """Climb to the last minute."""
    store = Store(url)
    post = Post(store, home)
    delivering = post.delivering()
    counter = home / "minute"
    for minute in range(int(counter.read_text()), LAST):
        post.clock.moment = BEGIN + timedelta(minutes=minute)
        print(minute, flush=True)
        post.escalating().turn(post.now_us)
        delivering.turn()
        fresh = home / "minute.new"
        fresh.write_text(str(minute + 1))
        fresh.replace(counter)
    while delivering.turn():
        pass
    delivering.stop()
    print("done", flush=True)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

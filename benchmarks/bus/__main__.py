"""``python -m benchmarks.bus``: durable messages a second against Huey, both with fsync.

Prints one line per case with its ratio; design.md §12 wants ≥ 1 with one message per
transaction from eight threads and ≥ 3 with 100 per transaction.  Order: yardstick, ours,
yardstick, ours; the better of each pair counts, since the machine is shared.
"""

import argparse
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from benchmarks.bus import hub_side, huey_side


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, nargs="+", default=[2400, 10_000])
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", choices=["hub", "huey"])
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("huey").setLevel(logging.ERROR)
    for size in chosen.messages:
        print(f"{size} messages, {chosen.threads} threads", flush=True)
        _report(size, _measure(size, chosen.threads, chosen.rounds, chosen.only or ""))


def _measure(n: int, threads: int, rounds: int, only: str) -> dict[str, tuple[float, float]]:
    """By case: seconds, and seconds of processor time, of the better round."""
    cases: dict[str, Callable[[Path], float]] = {
        "huey": lambda folder: huey_side.run(folder, n, threads),
        "hub, 1 per transaction": lambda folder: hub_side.run(folder, _url(folder), n, 1, threads),
        "hub, 100 per transaction": lambda folder: hub_side.run(
            folder, _url(folder), n, 100, threads
        ),
    }
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, case in cases.items():
            if not name.startswith(only):
                continue
            with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
                began = time.process_time()
                took = case(Path(folder))
                used = time.process_time() - began
            best[name] = min((took, used), best.get(name, (took, used)))
    return best


def _report(n: int, best: dict[str, tuple[float, float]]) -> None:
    for name, (took, used) in best.items():
        line = f"{name:26} {n / took:8.0f} messages/s  {used / n * 1000:6.2f} ms processor each"
        if "huey" in best and name != "huey":
            line += f"   ratio {best['huey'][0] / took:5.2f}"
        print(line, flush=True)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/hub.sqlite"


if __name__ == "__main__":
    main()

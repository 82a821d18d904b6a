"""A type's reader is made once, whoever comes first: msgspec's own way kills the process."""

import subprocess
import sys

SCRIPT = """
import sys, threading
import msgspec
from hub.kernel.typed import convert, read_json, read_msgpack

sys.setswitchinterval(1e-6)
AT_ONCE = 6
for place in range(150):
    row = msgspec.defstruct(f"Row{place}", [("a", int), ("b", str)])
    page = msgspec.defstruct(f"Page{place}", [("x", list[row]), ("y", str, "")])
    part = msgspec.defstruct(f"Part{place}", [("b", str)])
    other = msgspec.defstruct(f"Other{place}", [("x", list[part])])
    said = {"x": [{"a": 1, "b": "z"}], "y": "q"}
    text, packed = msgspec.json.encode(said), msgspec.msgpack.encode(said)
    together = threading.Barrier(AT_ONCE)

    def read() -> None:
        together.wait()
        assert convert(said, other).x[0].b == "z"
        assert read_json(text, page).x[0].b == read_msgpack(packed, page).x[0].b == "z"

    threads = [threading.Thread(target=read) for _ in range(AT_ONCE)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
print("read")
"""


def test_threads_that_read_a_new_type_at_once() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=60
    )
    assert (said.returncode, said.stdout) == (0, "read\n"), said.stderr[-500:]

"""Check an audit export without the hub: needs Python 3.9 or later and nothing else.

    python verify.py entries.jsonl --checkpoints checkpoints --key public.pem

Checks that every entry follows the one before (SM3), that the checkpoints are linked and the
last one is signed (SM2), and that the entries are the ones the checkpoints saw.  ``--copy``, as
often as wanted, is a copy of the checkpoints that was kept elsewhere: it must be the beginning of
the others, or they of it.  ``--proof`` is a Merkle proof that one item is part of an entry.

Prints one line for each thing that is wrong, its code first.  Exit status: 0 sound; 11 altered,
12 missing, 13 truncated, 14 rewritten, 15 older, 16 foreign, 17 witness, 18 proof; 1 when more
than one of these; 2 when the files cannot be read.

Written apart from the hub on purpose, from the same description (hub/audit/chain.py and
hub/audit/lines.py): it shares no code with what it judges.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER_ID = b"1234567812345678"
SM2_OID = bytes.fromhex("06082a811ccf5501822d")
FORMAT = "hub.audit.entries/2"
STATUS = {
    "altered": 11, "missing": 12, "truncated": 13, "rewritten": 14, "older": 15, "foreign": 16,
    "witness": 17, "proof": 18,
}  # fmt: skip
STANDING = {
    "older": "the database is as it was before the last checkpoint: a restored or cloned copy",
    "foreign": "the checkpoints are another database's, or some at their end are gone",
}
Line = dict[str, Any]
Loss = tuple[str, str, Any]
NEEDED = ("store", "seq", "chain", "kind", "mark", "former", "note", "signature")
FIELDS = ("id", "instant_us", "act", "actor", "subject", "quantity", "fen", "root", "detail")
WORD = 0xFFFFFFFF
IV = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600,
    0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip


def rotate(x: int, n: int) -> int:
    n %= 32
    return ((x << n) | (x >> (32 - n))) & WORD


def expand(block: bytes) -> "list[int]":
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
        x ^= rotate(x, 15) ^ rotate(x, 23)
        w.append(x ^ rotate(w[j - 13], 7) ^ w[j - 6])
    return w


def compress(state: "tuple[int, ...]", block: bytes) -> "tuple[int, ...]":
    """GB/T 32905-2016 §5.3.3."""
    words = expand(block)
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        t = 0x79CC4519 if j < 16 else 0x7A879D8A
        ss1 = rotate((rotate(a, 12) + e + rotate(t, j)) & WORD, 7)
        ss2 = ss1 ^ rotate(a, 12)
        if j < 16:
            ff, gg = a ^ b ^ c, e ^ f ^ g
        else:
            ff, gg = (a & b) | (a & c) | (b & c), (e & f) | (~e & WORD & g)
        tt1 = (ff + d + ss2 + (words[j] ^ words[j + 4])) & WORD
        tt2 = (gg + h + ss1 + words[j]) & WORD
        a, b, c, d = tt1, a, rotate(b, 9), c
        e, f, g, h = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17), e, rotate(f, 19), g
    return tuple(x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h)))  # noqa: B905


def plain_sm3(data: bytes) -> bytes:
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (len(data) * 8).to_bytes(8, "big")
    state: tuple[int, ...] = IV
    for at in range(0, len(padded), 64):
        state = compress(state, padded[at : at + 64])
    return b"".join(word.to_bytes(4, "big") for word in state)


def library_sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


try:
    sm3 = library_sm3 if library_sm3(b"abc") == plain_sm3(b"abc") else plain_sm3
except ValueError:
    sm3 = plain_sm3


def add(
    left: "tuple[int, int] | None", right: "tuple[int, int] | None"
) -> "tuple[int, int] | None":
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (
        (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if left == right else (y2 - y1) * pow(x2 - x1, -1, P)
    )
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(k: int, point: "tuple[int, int]") -> "tuple[int, int] | None":
    total = None
    step: tuple[int, int] | None = point
    while k:
        if k & 1:
            total = add(total, step)
        step, k = add(step, step), k >> 1
    return total


def verify_sm2(key: "tuple[int, int]", message: bytes, signature: bytes) -> bool:
    """GB/T 32918.2-2016 §7."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % N
    if len(signature) != 64 or not (0 < r < N and 0 < s < N) or t == 0:
        return False
    z = (len(USER_ID) * 8).to_bytes(2, "big") + USER_ID
    z += b"".join(value.to_bytes(32, "big") for value in (A, B, *G, *key))
    e = int.from_bytes(sm3(sm3(z) + message), "big")
    total = add(multiply(s, G), multiply(t, key))
    return total is not None and (e + total[0]) % N == r


def read_key(path: Path) -> "tuple[int, int]":
    body = "".join(path.read_text().split("-----")[2].split())
    data = base64.b64decode(body)
    x, y = int.from_bytes(data[-64:-32], "big"), int.from_bytes(data[-32:], "big")
    if SM2_OID not in data or (y * y - x * x * x - A * x - B) % P:
        raise ValueError(f"{path.name} holds no SM2 public key")
    return x, y


def lines_of(folder: Path) -> "list[bytes]":
    """The whole lines; a last one without its line feed counts as never written."""
    found: list[bytes] = []
    for path in sorted(folder.glob("checkpoints-*.jsonl")):
        found += path.read_bytes().split(b"\n")[:-1]
    return found


def read_checkpoints(
    raws: "list[bytes]", name: str, key: "tuple[int, int]", wrong: "list[str]"
) -> "list[Line]":
    """Every line, links and the last signature checked."""
    found: list[Line] = []
    previous = ""
    for number, raw in enumerate(raws, 1):
        try:
            line = json.loads(raw)
            linked = line["previous"] == previous and line["number"] == len(found) + 1
            [line[one] for one in NEEDED]
        except (ValueError, KeyError, TypeError):
            wrong.append(f"witness: {name} line {number} is not a checkpoint")
            previous = sm3(raw).hex()
            continue
        if not linked:
            wrong.append(f"witness: {name} line {number} does not follow the one before")
        previous = sm3(raw).hex()
        found.append(line)
    if found and not is_signed(found[-1], key):
        wrong.append(f"witness: {name} line {len(raws)} is not signed by this key")
    return found


def is_signed(line: "Line", key: "tuple[int, int]") -> bool:
    unsigned = {name: value for name, value in line.items() if name != "signature"}
    text = json.dumps(unsigned, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return verify_sm2(key, text.encode(), bytes.fromhex(line["signature"]))
    except ValueError:
        return False


def told_lines(detail: str) -> "tuple[int, int]":
    """What the entry of an accepted restore says: the last line there was, and the known one."""
    try:
        said = json.loads(detail)
        return int(said["last_line"]), int(said["known_line"])
    except (ValueError, KeyError, TypeError):
        return -1, -1


def bases(mine: "list[Line]") -> "list[int]":
    """The place of the line each one goes on from: a regular line from the one before, a restored
    one from the line whose mark is its former, -1 for none; never from one that saw further."""
    places: dict[str, int] = {"": -1}
    found: list[int] = []
    for at, line in enumerate(mine):
        base = at - 1
        if line["kind"] == "restored":
            base = places.get(line["former"], base)
            while base >= 0 and mine[base]["seq"] > line["seq"]:
                base = found[base]
        found.append(base)
        places.setdefault(line["mark"], at)
    return found


def back(base_of: "list[int]", at: int, to: int) -> "list[int]":
    """The places on the way back from a line to where another's way meets it."""
    found: list[int] = []
    while at != to:
        if at > to:
            found.append(at)
            at = base_of[at]
        else:
            to = base_of[to]
    return found


class Witness:
    """What all copies of the checkpoints together say."""

    def __init__(self, folders: "list[Path]", key: "tuple[int, int]", wrong: "list[str]") -> None:
        raws = [lines_of(folder) for folder in folders]
        logs = [read_checkpoints(*one, key, wrong) for one in zip(raws, map(str, folders))]  # noqa: B905
        longest = max(range(len(raws)), key=lambda at: len(raws[at]))
        self.lines = logs[longest]
        self.others: list[Line] = []
        for at, mine in enumerate(raws):
            pairs = zip(mine, raws[longest])  # noqa: B905
            parted = next((n for n, (one, other) in enumerate(pairs) if one != other), None)
            if parted is not None:
                both = f"{folders[at]} and {folders[longest]}"
                wrong.append(f"witness: {both} part at line {parted + 1}")
                self.others += logs[at][parted:]

    def history(self, store: str) -> "tuple[dict[int, set[str]], list[Loss]]":
        """seq → chain values seen by the lines that count (all that the last line goes on from,
        step by step), and what accepted restores lost."""
        mine = [line for line in self.lines if line["store"] == store]
        base_of, losses = bases(mine), []
        counted = set(back(base_of, len(mine) - 1, -1))
        for at, line in enumerate(mine):
            base, gone = base_of[at], back(base_of, at - 1, base_of[at])
            known, number = (mine[base]["seq"], mine[base]["number"]) if base >= 0 else (0, 0)
            seen = max((mine[one]["seq"] for one in gone), default=0)
            if seen > known:
                told = (line["number"] - 1, number) if at in counted else None
                losses.append((f"{known + 1} to {seen}", line["note"], told))
        anchors: dict[int, set[str]] = {}
        others = [line for line in self.others if line["store"] == store]
        for line in [mine[at] for at in counted] + others:
            anchors.setdefault(line["seq"], set()).add(line["chain"])
        return anchors, losses

    def standing(self, header: "Line") -> str:
        """Whether the database is the last line's (current), older, or another's (foreign)."""
        own, marks = header["store"], {header["mark"], header["former_mark"]}
        if not self.lines:
            return "foreign" if header["former_mark"] else "current"
        if self.lines[-1]["store"] != own:
            return "foreign"
        if self.lines[-1]["mark"] in marks:
            return "current"
        never = marks == {""}
        known = any(line["mark"] in marks for line in self.lines if line["store"] == own)
        return "older" if never or known else "foreign"


class Walk:
    """One pass over the entries."""

    def __init__(self, header: "Line", anchors: "dict[int, set[str]]", wrong: "list[str]") -> None:
        before = header["before"]
        if header["first"] == 1:
            before = sm3(b"hub.audit\n" + header["store"].encode()).hex()
        self.header, self.anchors, self.wrong = header, anchors, wrong
        self.seq, self.count = header["first"] - 1, 0
        self.chain: str | None = before
        self.roots: dict[int, str] = {}
        self.told: set[tuple[int, int]] = set()
        self.hold_against(before)

    def take(self, entry: "Line") -> None:
        seq, chain = entry["seq"], entry["chain"]
        self.count += 1
        if seq <= self.seq:
            self.wrong.append(f"altered: {seq} stands there again")
        elif seq != self.seq + 1:
            self.wrong.append(f"missing: {self.seq + 1} to {seq - 1}")
            self.chain = None
        values = [str(entry[name]) for name in FIELDS]
        body = "\n".join([self.chain or "", *values])
        clean = not any("\n" in value for value in values)
        if not clean or (self.chain is not None and sm3(body.encode()).hex() != chain):
            self.wrong.append(f"altered: {seq}")
        self.seq, self.chain = seq, chain
        if entry["act"] == "store.accept_restored":
            self.told.add(told_lines(entry["detail"]))
        if entry["root"]:
            self.roots[seq] = entry["root"]
        self.hold_against(chain)

    def hold_against(self, chain: str) -> None:
        if self.anchors.get(self.seq, {chain}) != {chain}:
            self.wrong.append(f"rewritten: entry {self.seq} is not the one its checkpoint saw")

    def close(self, standing: str, losses: "list[Loss]") -> None:
        """The end: held against the head the database names, and against the last checkpoint;
        and a loss is excused by an entry of the chain alone, where all of it is here."""
        head, last = self.header["head"], self.header["last"]
        for where, _, told in losses if last is None and self.header["first"] == 1 else []:
            if told and told not in self.told:
                self.wrong.append(f"rewritten: {where}, and no entry tells of a restore")
        once = max(self.anchors, default=0) if standing == "current" else 0
        wanted = max(head, once) if last is None else last
        if wanted > self.seq:
            self.wrong.append(f"truncated: {self.seq + 1} to {wanted}")
        elif last is None and self.seq > head:
            self.wrong.append(f"altered: {head + 1} stands beyond the head")
        elif last is None and self.chain != self.header["head_chain"]:
            self.wrong.append(f"altered: {self.seq} is not the head's")


def check_entries(path: Path, witness: Witness, wrong: "list[str]") -> "tuple[str, Walk]":
    """Walk the export; answers a line that tells what was seen."""
    with path.open(encoding="utf-8") as file:
        header = json.loads(file.readline())
        if header["format"] != FORMAT:
            raise ValueError(f"{header['format']} is not {FORMAT}")
        (anchors, losses), standing = witness.history(header["store"]), witness.standing(header)
        if standing != "current":
            wrong.append(f"{standing}: {STANDING[standing]}")
        walk, ended = Walk(header, anchors, wrong), False
        for text in file:
            entry = json.loads(text)
            if "entries" in entry:
                ended = entry["entries"] == walk.count
                break
            walk.take(entry)
    if ended:
        walk.close(standing, losses)
    else:
        wrong.append("truncated: the file ends early")
    covered = min(max(anchors, default=0), walk.seq)
    said = [
        f"{walk.count} entries to number {walk.seq}; {len(witness.lines)} checkpoints; "
        f"{walk.seq - covered} entries after the last; {header['unsealed']} were not sealed yet",
        *(f"{where} lost by an accepted restore: {note}" for where, note, _ in losses),
    ]
    return "\n".join(said), walk


def check_proof(path: Path, roots: "dict[int, str]") -> bool:
    """{"entry": seq, "item": text, "index": n, "size": n, "path": [hex …]}: RFC 6962 over SM3."""
    proof = json.loads(path.read_text(encoding="utf-8"))
    place, last = proof["index"], proof["size"] - 1
    steps = [bytes.fromhex(step) for step in proof["path"]]
    node = sm3(b"\x00" + sm3(proof["item"].encode()))
    if not 0 <= place <= last:
        return False
    while last:
        if place % 2 or place < last:
            if not steps:
                return False
            step = steps.pop(0)
            node = sm3(b"\x01" + (step + node if place % 2 else node + step))
        place, last = place // 2, last // 2
    return not steps and roots.get(proof["entry"]) == node.hex()


def main(arguments: "list[str] | None" = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    add = parser.add_argument
    add("entries", type=Path, help="the export (JSON lines)")
    add("--checkpoints", type=Path, required=True, help="the checkpoints' folder")
    add("--copy", type=Path, action="append", default=[], help="a copy of it from elsewhere")
    add("--key", type=Path, required=True, help="the public key (PEM)")
    add("--proof", type=Path, action="append", default=[], help="a Merkle proof (JSON)")
    given = parser.parse_args(arguments)
    wrong: list[str] = []
    try:
        missing = [one for one in (given.checkpoints, *given.copy) if not one.is_dir()]
        if missing:
            raise ValueError(f"{missing[0]} is not a folder")
        witness = Witness([given.checkpoints, *given.copy], read_key(given.key), wrong)
        said, walk = check_entries(given.entries, witness, wrong)
        for proof in given.proof:
            if not check_proof(proof, walk.roots):
                wrong.append(f"proof: {proof.name} does not lead to the root of its entry")
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        print(f"cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(said)
    for line in wrong[:100]:
        print(line)
    print("WRONG" if wrong else "sound")
    codes = {line.partition(":")[0] for line in wrong}
    return STATUS[codes.pop()] if len(codes) == 1 else min(len(codes), 1)


if __name__ == "__main__":
    sys.exit(main())

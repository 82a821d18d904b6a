"""Check an audit export without the hub: needs Python 3.9 or later and nothing else.

    python standalone.py entries.jsonl --checkpoints FOLDER --key signing.pub.pem

Checks that every entry follows the one before (SM3), that the checkpoints are linked and the
last one is signed (SM2), and that the entries are the ones the checkpoints saw.  Prints what it
found; exit code 0: sound, 1: something is wrong, 2: the files cannot be read.

Written apart from the hub on purpose, from the same description (hub/audit/chain.py and
hub/audit/lines.py): it shares no code with what it judges.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

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


def read_checkpoints(folder: Path, key: "tuple[int, int]", wrong: "list[str]") -> "list[dict]":  # type: ignore[type-arg]
    """Every line, links and the last signature checked."""
    found: list[dict] = []  # type: ignore[type-arg]
    previous = ""
    for path in sorted(folder.glob("checkpoints-*.jsonl")):
        for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
            try:
                line = json.loads(raw)
                linked = line["previous"] == previous and line["number"] == len(found) + 1
            except (ValueError, KeyError, TypeError):
                wrong.append(f"witness: {path.name} line {number} is not a checkpoint")
                continue
            if not linked:
                wrong.append(f"witness: {path.name} line {number} does not follow the one before")
            previous = sm3(raw).hex()
            found.append(line)
    if found:
        unsigned = {name: value for name, value in found[-1].items() if name != "signature"}
        text = json.dumps(unsigned, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        if not verify_sm2(key, text.encode(), bytes.fromhex(found[-1]["signature"])):
            wrong.append(f"witness: checkpoint {found[-1]['number']} is not signed by this key")
    return found


def anchors_of(lines: "list[dict]", store: str) -> "dict[int, set[str]]":  # type: ignore[type-arg]
    """seq → chain values; what an accepted restore lost does not count."""
    anchors: dict[int, set[str]] = {}
    for line in lines:
        if line["store"] != store:
            continue
        if line["kind"] == "restored":
            anchors = {seq: seen for seq, seen in anchors.items() if seq <= line["seq"]}
        anchors.setdefault(line["seq"], set()).add(line["chain"])
    return anchors


def check_entries(path: Path, lines: "list[dict]", wrong: "list[str]") -> str:  # type: ignore[type-arg]
    """Walk the export; answers a line that tells what was seen."""
    with path.open(encoding="utf-8") as file:
        header = json.loads(file.readline())
        anchors = anchors_of(lines, header["store"])
        if lines and lines[-1]["store"] != header["store"]:
            wrong.append("foreign: the checkpoints are another database's")
        if header["first"] == 1:
            header["before"] = sm3(b"hub.audit\n" + header["store"].encode()).hex()
        seq, chain, count, ended = header["first"] - 1, header["before"], 0, False
        for text in file:
            entry = json.loads(text)
            if "entries" in entry:
                ended = entry["entries"] == count
                break
            count += 1
            if entry["seq"] != seq + 1:
                wrong.append(f"missing: {seq + 1} to {entry['seq'] - 1}")
                chain = None
            values = [str(entry[name]) for name in FIELDS]
            body = "\n".join([chain or "", *values])
            clean = not any("\n" in value for value in values)
            if not clean or (chain is not None and sm3(body.encode()).hex() != entry["chain"]):
                wrong.append(f"altered: {entry['seq']}")
            seq, chain = entry["seq"], entry["chain"]
            if anchors.get(seq, {chain}) != {chain}:
                wrong.append(f"rewritten: entry {seq} is not the one its checkpoint saw")
    if not ended:
        wrong.append("truncated: the file ends early")
    if max(anchors, default=0) > seq:
        wrong.append(f"truncated: a checkpoint saw entry {max(anchors)}, the last here is {seq}")
    covered = min(max(anchors, default=0), seq)
    return (
        f"{count} entries to number {seq}; {len(lines)} checkpoints; "
        f"{seq - covered} entries after the last; {header['unsealed']} were not sealed yet"
    )


def main(arguments: "list[str] | None" = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("entries", type=Path, help="the export (JSON lines)")
    parser.add_argument("--checkpoints", type=Path, required=True, help="the checkpoints' folder")
    parser.add_argument("--key", type=Path, required=True, help="the public key (PEM)")
    given = parser.parse_args(arguments)
    wrong: list[str] = []
    try:
        lines = read_checkpoints(given.checkpoints, read_key(given.key), wrong)
        said = check_entries(given.entries, lines, wrong)
    except (OSError, ValueError, KeyError, IndexError) as error:
        print(f"cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(said)
    for line in wrong[:100]:
        print(line)
    print("WRONG" if wrong else "sound")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

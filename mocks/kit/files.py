"""A partner's folders, as a service: what its file server is asked, journalled like any request.

A :class:`Request` has the server's word as its method (``CONNECT`` ``STAT`` ``LIST`` ``GET``
``PUT`` ``RENAME`` ``REMOVE``) and a path below the root; ``PUT`` only opens a new file, nothing
has arrived before its ``RENAME`` (``to`` in the query).  An answer's status is 200, 403, 404 or
409; its body is the file, or JSON.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from mocks.kit.faults import FaultKind, Hits
from mocks.kit.messages import Answer, Call, Request

FILE_KINDS: Mapping[str, FaultKind] = {
    "half_file": FaultKind("文件只有前一部分（fraction，缺省 0.5），大小也这样说"),
    "growing_file": FaultKind("查看大小（STAT）时比读到的小：文件还在写"),
    "late_file": FaultKind("这一次查看还没有这个文件（match.first 次之后才有）"),
    "host_key_changed": FaultKind("连接（CONNECT）时出示另一把主机密钥"),
}
"""Faults of a file server beside the kit's; a partner with such a port lists them."""

OTHER_KEY = b"other"
"""The body of a CONNECT's answer when another host key is to be shown."""
Arrived = Callable[[str], None]


class Denied(Exception):
    """A path that leads out of the partner's folder."""


class FileStore:
    """Folders below ``root``; ``arrived`` hears the path of a file that got its final name."""

    def __init__(
        self, root: Path, folders: Sequence[str], arrived: Arrived = lambda _path: None
    ) -> None:
        self.root = root
        self._folders = folders
        self.arrived = arrived
        self._make()

    def local(self, path: str) -> Path:
        """Where a path lies on disk; :class:`Denied` for one that leads elsewhere."""
        parts = [part for part in PurePosixPath("/" + path.strip("/")).parts if part != "/"]
        if ".." in parts or "\0" in path:
            raise Denied(path)
        return self.root.joinpath(*parts)

    def describe(self, request: Request) -> Call:
        """The server's word as the code; the file's own name as the trace."""
        target = request.query.get("to") or request.path
        name, folder = PurePosixPath(target).name, str(PurePosixPath(target).parent)
        fields = {"path": request.path, "name": name, "folder": folder, **request.query}
        return Call(request.method, name or request.method, fields, {"path": target})

    def answer(self, request: Request, call: Call) -> Answer:
        """Do it."""
        acts: Mapping[str, Callable[[Request, Hits], Answer]] = {
            "CONNECT": _connect,
            "STAT": self._stat,
            "LIST": self._list,
            "GET": self._get,
            "PUT": self._put,
            "RENAME": self._rename,
            "REMOVE": self._remove,
        }
        if call.hits is None:
            raise TypeError("describe has not been called")
        try:
            return acts[request.method](request, call.hits)
        except Denied:
            return _refusal(403, "path")
        except (FileNotFoundError, NotADirectoryError):
            return _refusal(404, "no such file")

    def write(self, path: str, content: bytes) -> None:
        """The partner puts a file there itself, whole from its first moment."""
        place = self.local(path)
        fresh = place.with_name(place.name + ".new")
        fresh.write_bytes(content)
        fresh.replace(place)

    def read(self, path: str) -> bytes | None:
        """A file's bytes, None when there is none."""
        try:
            return self.local(path).read_bytes()
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """The files of a folder, by name."""
        return sorted(one.name for one in self.local(folder).iterdir() if one.is_file())

    def reset(self) -> None:
        """Empty folders."""
        for one in sorted(self.root.rglob("*"), reverse=True):
            if one.is_file():
                one.unlink()
        self._make()

    def _make(self) -> None:
        for folder in self._folders:
            self.local(folder).mkdir(parents=True, exist_ok=True)

    def _stat(self, request: Request, hits: Hits) -> Answer:
        place = self.local(request.path)
        found = place.stat()
        size = found.st_size
        if hits.first("late_file") is not None and place.is_file():
            raise FileNotFoundError(request.path)
        if hits.first("half_file") is not None:
            size = len(_half(place.read_bytes(), hits))
        if hits.first("growing_file") is not None:
            size = max(size - 1, 0)
        said = {"size": size, "modified": int(found.st_mtime), "folder": place.is_dir()}
        return Answer(json.dumps(said).encode(), summary=said)

    def _list(self, request: Request, hits: Hits) -> Answer:
        found = []
        for one in sorted(self.local(request.path).iterdir()):
            if hits.first("late_file") is None or one.is_dir():
                size, modified = one.stat().st_size, int(one.stat().st_mtime)
                found.append([one.name, size, modified, one.is_dir()])
        return Answer(json.dumps(found).encode(), summary={"entries": len(found)})

    def _get(self, request: Request, hits: Hits) -> Answer:
        if hits.first("late_file") is not None:
            raise FileNotFoundError(request.path)
        content = _half(self.local(request.path).read_bytes(), hits)
        return Answer(content, summary={"bytes": len(content)})

    def _put(self, request: Request, _: Hits) -> Answer:
        place = self.local(request.path)
        if place.exists():
            return _refusal(409, "exists")
        if not place.parent.is_dir():
            raise FileNotFoundError(request.path)
        return Answer(b"", summary={})

    def _rename(self, request: Request, _: Hits) -> Answer:
        old, new = self.local(request.path), self.local(request.query["to"])
        if new.exists():
            return _refusal(409, "exists")
        old.rename(new)
        self.arrived(request.query["to"])
        return Answer(b"", summary={"bytes": new.stat().st_size if new.exists() else None})

    def _remove(self, request: Request, _: Hits) -> Answer:
        self.local(request.path).unlink()
        return Answer(b"", summary={})


def _connect(_: Request, hits: Hits) -> Answer:
    other = hits.first("host_key_changed") is not None
    return Answer(OTHER_KEY if other else b"", summary={"other_key": other})


def _half(content: bytes, hits: Hits) -> bytes:
    rule = hits.first("half_file")
    if rule is None:
        return content
    return content[: int(len(content) * float(rule.parameters.get("fraction", 0.5)))]


def _refusal(status: int, why: str) -> Answer:
    return Answer(b"", status, summary={"refused": why})

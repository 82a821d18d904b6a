"""A folder from which anybody can verify the audit offline: entries, witnesses, key, verifier."""

import shutil
from pathlib import Path

from hub.app.hub import Hub
from hub.audit import export_entries, read_identity, standalone
from hub.kernel.errors import BadInput


class FolderInUse(BadInput):
    """The folder for the export holds something already."""

    code = "audit.folder_in_use"
    hint = "Give --out a folder that is empty or does not exist: packs are never mixed."


def write_pack(hub: Hub, out: Path, first: int) -> int:
    """Write the pack to an empty or new folder; answers how many entries it holds.

    Raises FolderInUse, NothingSealed, BadInput for a ``first`` that does not exist.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderInUse(f"{out} is not empty")
    out.mkdir(parents=True, exist_ok=True)
    witness = out / "checkpoints"
    witness.mkdir()
    (out / "public.pem").write_text(hub.checkpoints.public.pem(), encoding="ascii")
    shutil.copyfile(standalone.__file__, out / "verify.py")
    with hub.store.read() as view:
        with hub.checkpoints.still():
            for path in sorted(hub.checkpoints.folder.glob("checkpoints-*.jsonl")):
                shutil.copyfile(path, witness / path.name)
            read_identity(view)  # from here on the view shows what these lines were written for
        return export_entries(view, out / "entries.jsonl", first=first)

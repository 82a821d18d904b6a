"""The next edition of a contract: a copy of what holds, which begins on a day.

Nothing of the contract that holds is changed.  What the partner has announced is then written into
the copy; ``hub certify INTERFACE --edition VERSION`` tries it before its day.
"""

import re
import shutil
from datetime import date
from pathlib import Path

from hub.scaffold import AlreadyThere, BadScaffold

_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){2}")
_SAYS = re.compile(r'^version: *"?[0-9.]+"?.*$', re.MULTILINE)
_FILE = "contract.yaml"


def new_edition(folder: Path, version: str, begins: date) -> Path:
    """Copy a contract's folder to ``NAME@VERSION`` with its version and day; the new folder.

    Raises BadScaffold, AlreadyThere.
    """
    if _VERSION.fullmatch(version) is None:
        raise BadScaffold(f"{version[:20]!r} is no version such as 2.0.0")
    text = (folder / _FILE).read_text(encoding="utf-8")
    if "effective_from:" in text or len(_SAYS.findall(text)) != 1:
        raise BadScaffold(f"{folder.name}: is an edition itself, or says no version")
    target = folder.with_name(f"{folder.name}@{version}")
    if target.exists():
        raise AlreadyThere(target.name)
    fresh = folder.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(folder, fresh)
    said = f'version: "{version}"\neffective_from: {begins:%Y-%m-%d}    # 自此日零时起（北京时间）'
    (fresh / _FILE).write_text(_SAYS.sub(said, text, count=1), encoding="utf-8")
    fresh.rename(target)  # whole or not at all: a hub that starts meanwhile reads no half contract
    return target

"""The golden samples of the catalogue: asked and answered over the month that ships.

``python -m tests.province.samples`` writes them anew after a change that is meant.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hub.store import Store
from tests.province import by_hand
from tests.province.kit import CENTRE, PERIOD, SPEC, Site, core_over_the_month, site_on

FOLDER = SPEC / "samples"
_FEW = {"pageSize": 2, "pageNumber": 1}
_SPECIAL: dict[str, dict[str, Any]] = {
    "dzbfx/more_grid_cx": {
        "target": "0301003911", "dimension1": "bm_tqyy", "dimension2": "", "dimension3": "",
        "tjzq": "03", "rows": "", "order": "1,2,3,4", **PERIOD,
    },
    "dzbfx/more_target_cx": {"userid": "10001"},
}  # fmt: skip


def asked() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, path below /JG, body; every adapted function once."""
    catalogue = yaml.safe_load((SPEC / "catalogue.yaml").read_text(encoding="utf-8"))
    for one in catalogue["functions"]:
        if one.get("adaptation", "adapted") == "adapted" and "same_as" not in one:
            path = f"{one['module']}/{one['name']}"
            said = _SPECIAL.get(path, by_hand.ASKED.get(path, {}))
            few = _FEW if "pageSize" in said else {}
            yield one["name"], path, {"zjbzxbm": CENTRE, **said, **few}


def made(site: Site) -> Iterator[tuple[str, bytes]]:
    """File name and bytes of every sample."""
    for name, path, body in asked():
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        yield f"{name}.request.json", data
        reply = site.http.post(f"/JG/{path}.service", content=data, headers=site.headers())
        yield f"{name}.reply.json", reply.content
    data = json.dumps({"zjbzxbm": CENTRE, "xmbm": "0399000000", **PERIOD}, separators=(",", ":"))
    reply = site.http.post(
        "/JG/dzbfx/more_target_value_cx.service", content=data, headers=site.headers()
    )
    yield "more_target_value_cx.refused.reply.json", reply.content


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        mock = core_over_the_month(Path(folder) / "core")
        store = Store(f"sqlite:///{folder}/hub.sqlite")
        try:
            with site_on(store, Path(folder), mock) as site:
                for name, data in made(site):
                    (FOLDER / name).write_bytes(data)
        finally:
            mock.stop()


if __name__ == "__main__":
    main()

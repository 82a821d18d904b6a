"""Finding the partners: every ``mocks/<group>/<name>/manifest.yaml``; nothing central is edited."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from mocks.kit.guard import MockRefusal
from mocks.kit.partner import Manifest, Partner, Site
from mocks.kit.yaml_files import read_yaml

_MOCKS = Path(__file__).resolve().parents[1]


def manifests() -> Mapping[str, Manifest]:
    """Partner name → manifest, in order of name."""
    found = [_read(path) for path in _MOCKS.rglob("manifest.yaml")]
    return {one.partner: one for one in sorted(found, key=lambda one: one.partner)}


def _read(path: Path) -> Manifest:
    raw = cast("dict[str, Any]", read_yaml(path))
    scenarios: dict[str, Mapping[str, Any]] = {}
    if raw.get("scenarios"):
        listed = read_yaml(path.parent / raw["scenarios"])
        scenarios = {one["name"]: one for one in listed["scenarios"]}
    return Manifest(
        partner=raw["partner"],
        title=raw["title"],
        module=raw["module"],
        endpoints=tuple(raw["endpoints"]),
        folder=path.parent,
        scenarios=scenarios,
        also=tuple(raw.get("also", ())),
    )


def manifest(partner: str) -> Manifest:
    """The manifest of one partner by any of its names, or a refusal that lists those there are."""
    known = dict(manifests())
    for one in list(known.values()):
        known |= dict.fromkeys(one.also, one)
    if partner not in known:
        raise MockRefusal(f"没有挡板 {partner}；可用：{'、'.join(known)}")
    return known[partner]


def build(found: Manifest, site: Site) -> Partner:
    """Call the partner's ``build``."""
    module = importlib.import_module(found.module)
    builder = cast("Callable[[Site], Partner]", module.build)
    return builder(site)

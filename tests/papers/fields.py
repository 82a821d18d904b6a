"""What fields a contract has, read from its files by hand: no reader of the product's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"


def in_xsd(path: Path) -> set[str]:
    """Names of elements and, with an @, attributes that are declared in this file."""
    root = etree.parse(str(path)).getroot()
    names = {str(one.get("name")) for one in root.iter(XS + "element") if one.get("name")}
    marks = {f"@{one.get('name')}" for one in root.iter(XS + "attribute") if one.get("name")}
    return names | marks


def optional_in_xsd(path: Path) -> set[str]:
    """Names of elements that may be left out, wherever they stand outside of a choice."""
    root = etree.parse(str(path)).getroot()
    return {
        str(one.get("name"))
        for one in root.iter(XS + "element")
        if one.get("minOccurs") == "0" and one.getparent().tag != XS + "choice"  # type: ignore[union-attr]
    }


def in_json(path: Path) -> set[str]:
    """Every key of every ``properties`` in the file, unused definitions too."""
    return set(_keys(json.loads(path.read_text("utf-8"))))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "properties" and isinstance(one, dict):
                yield from one
            yield from _keys(one)
    elif isinstance(value, list):
        for one in value:
            yield from _keys(one)


def elsewhere(folder: Path) -> set[str]:
    """Fields of fixed-width files, of separated files, of records inside a field."""
    raw = yaml.safe_load((folder / "contract.yaml").read_text("utf-8"))
    names = set()
    for one in raw.get("layouts", {}).values():
        layout = yaml.safe_load((folder / one["file"]).read_text("utf-8"))
        names |= {f["name"] for record in layout["records"].values() for f in record["fields"]}
    for one in raw.get("files", {}).values():
        names |= {*one.get("header", ()), *one.get("columns", ())}
    for one in raw.get("columns", {}).values():
        names |= set(one["values"])
    return names


def everything(folder: Path) -> set[str]:
    """All of a contract's."""
    names = elsewhere(folder)
    for path in (folder / "schemas").iterdir():
        names |= in_xsd(path) if path.suffix == ".xsd" else set()
        names |= in_json(path) if path.suffix == ".json" else set()
    return names

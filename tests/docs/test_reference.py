"""The reference is current and whole: what the code knows, the docs say."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from hub.offset.totals import NAMES
from hub.offset.words import Outcome, Reason
from hub.ports.bank import RefusalReason

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current(generate: ModuleType) -> None:
    made: Callable[[], dict[str, str]] = generate.pages
    stale = [
        name for name, text in made().items()
        if not (REFERENCE / name).exists() or (REFERENCE / name).read_text("utf-8") != text
    ]  # fmt: skip
    assert not stale, "run `make docs` and commit"


def test_every_outcome_reason_and_total_is_explained() -> None:
    text = (REFERENCE / "outcomes.md").read_text(encoding="utf-8")
    words = {str(one) for kind in (Outcome, Reason, RefusalReason) for one in kind if one}
    assert not sorted(word for word in words | set(NAMES) if f"`{word}`" not in text)


def test_the_glossary_has_each_outcome() -> None:
    known = yaml.safe_load((ROOT / "contracts_spec/glossary.yaml").read_text(encoding="utf-8"))
    assert {one["code"] for one in known["outcomes"]} == {one.value for one in Outcome if one}


def test_one_word_for_one_thing() -> None:
    known = yaml.safe_load((ROOT / "contracts_spec/glossary.yaml").read_text(encoding="utf-8"))
    for key in ("en", "zh"):
        words = [term[key] for term in known["terms"]]
        assert len(words) == len(set(words))


def test_the_register_counts_to_21_both_ways() -> None:
    known = yaml.safe_load((ROOT / "contracts_spec/service_items.yaml").read_text(encoding="utf-8"))
    items = known["items"]
    assert [item["number"] for item in items] == list(range(1, known["total"] + 1))
    assert sum(item["kind"] == "build" for item in items) == 18
    assert len({code for item in items for code in item["interfaces"]}) == known["total"]
    assert all(item["clause"] and item["wording"] for item in items)


def test_every_adapter_serves_a_service_item() -> None:
    known = yaml.safe_load((ROOT / "contracts_spec/service_items.yaml").read_text(encoding="utf-8"))
    served = {code for item in known["items"] for code in item["interfaces"]}
    for path in (ROOT / "adapters").glob("*/*/manifest.yaml"):
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
        if manifest["port"] in ("core", "registry"):
            continue  # the core system is the centre's own
        # 1.(6), what else the centre is told to connect, is bought without a list; what is a part
        # of an item's interface is not counted by itself.
        counted = manifest.get("part_of", manifest["interface"])
        assert counted in served or manifest["service_item"] == "1-6", path


def _links() -> list[tuple[Path, str]]:
    found = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                found.append((page, target))
    return found


def test_links_lead_somewhere() -> None:
    assert not [f"{page.name}: {link}" for page, link in _links()
                if not (page.parent / link).exists()]  # fmt: skip

"""A key that stands twice in a file is told, for either value may be the one that was meant."""

from pathlib import Path

import pytest
import yaml

from hub.contracts.yaml_files import read_yaml
from hub.offset.policy import BadPolicy, read_policy


def test_a_key_that_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("a:\n  since: 1\n  until: 2\n  since: 3\nb: {since: 1}\n", "utf-8")
    with pytest.raises(yaml.YAMLError, match=r"'since' stands twice(.|\n)*line 4"):
        read_yaml(file)


def test_the_same_key_in_two_places_is_none_and_anchors_are_merged(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("a: &one {x: 1, y: 2}\nb: {<<: *one, y: 3}\n", "utf-8")
    assert read_yaml(file) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


def test_a_policy_that_names_a_bank_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("banks:\n  CCB: {partial: false}\n  CCB: {partial: true}\n", "utf-8")
    with pytest.raises(BadPolicy, match="CCB"):
        read_policy(file)

"""The mock of the market regulator's service of changes: files them, takes feedback."""

from mocks.kit.partner import Partner, Site
from mocks.one_thing.regulator.partner import Regulator


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return Regulator(site, "onething-change", "one_thing/change")

"""The mock of 省数据共享平台: its directory of resources."""

from mocks.kit.partner import Partner, Site
from mocks.province.site import DirectoryPlatform


def build(site: Site) -> Partner:
    """The partner of ``manifest.yaml``."""
    return DirectoryPlatform(site, "sharing")

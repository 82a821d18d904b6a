"""The words scenarios may use: one module for each kind of port, found by the port's name.

A module ``hub.certify.acts.<port>`` has ``Acts`` (a subclass of ``Stage``) and
``write_data(suite, folder)``, which writes the files a bundled mock is loaded from.
"""

import importlib
import importlib.util
from types import ModuleType

from hub.kernel.errors import Misconfigured


def acts_of(port: str) -> ModuleType:
    """The vocabulary of a port.  Raises Misconfigured for a port that has none yet."""
    name = f"{__name__}.{port}"
    if not port.isidentifier() or importlib.util.find_spec(name) is None:
        raise Misconfigured(f"there are no scenario words for the port {port!r} yet")
    return importlib.import_module(name)

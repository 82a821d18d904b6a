"""Every bank's calls under the numbers and nonces of its golden samples."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from adapters.banks.abc.channel import Channel as AbcChannel
from adapters.banks.bcm.channel import Channel as BcmChannel
from adapters.banks.bgz.channel import Channel as BgzChannel
from adapters.banks.boc.channel import Channel as BocChannel
from adapters.banks.ccb.channel import Channel as CcbChannel
from adapters.banks.gyb.channel import Channel as GybChannel
from adapters.banks.gznx.channel import Channel as GznxChannel
from adapters.banks.icbc.channel import Channel as IcbcChannel
from adapters.banks.psbc.channel import Channel as PsbcChannel
from adapters.kit import envelope
from tests.adapters.abc import bench as abc
from tests.adapters.bcm import bench as bcm
from tests.adapters.bgz import bench as bgz
from tests.adapters.boc import bench as boc
from tests.adapters.ccb import bench as ccb
from tests.adapters.gyb import bench as gyb
from tests.adapters.gznx import bench as gznx
from tests.adapters.icbc import bench as icbc
from tests.adapters.psbc import bench as psbc

NONCE = "0123456789abcdef0123456789abcdef"


@contextmanager
def frozen() -> Iterator[None]:
    """Calls get the numbers and nonces of the golden samples, so that bytes made beforehand
    answer them."""
    serials: tuple[tuple[type, str], ...] = (
        (AbcChannel, abc.SERIAL), (BcmChannel, bcm.SERIAL), (BocChannel, boc.SERIAL),
        (CcbChannel, ccb.SERIAL), (GybChannel, gyb.SERIAL), (GznxChannel, gznx.SERIAL),
        (IcbcChannel, icbc.GOLDEN_SERIAL), (PsbcChannel, psbc.SERIAL),
    )  # fmt: skip
    chance = SimpleNamespace(token_bytes=secrets.token_bytes, token_hex=lambda _count: NONCE)
    with ExitStack() as stack:
        for channel, serial in serials:
            stack.enter_context(patch.object(channel, "new_serial", always(serial)))
        stack.enter_context(patch.object(BgzChannel, "new_id", always(bgz.MESSAGE_ID)))
        stack.enter_context(patch.object(BgzChannel, "new_nonce", always(bgz.NONCE)))
        stack.enter_context(patch.object(envelope, "secrets", chance))
        yield


def always(text: str) -> Callable[..., str]:
    """A method that says this, whatever it is asked."""

    def said(*_: object) -> str:
        return text

    return said

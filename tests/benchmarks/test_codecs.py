"""The codecs' benchmark measures the same work on both sides, and nothing twice."""

from dataclasses import replace

import pytest

from benchmarks.codecs.banks import ccb_bank, every_bank, proven
from benchmarks.codecs.bare import read_xml
from benchmarks.codecs.timing import Meter, metered
from hub.app.discover import discover
from hub.kernel.settings import Settings
from tests.adapters.frozen import frozen


def test_every_bank_reads_and_writes_full_pages_and_batches_on_both_sides() -> None:
    measured = []
    with frozen():
        for bank in every_bank():
            proven(bank)
            measured.append(f"bank-{bank.name}")
    found = discover(Settings())
    assert len(measured) == len(set(measured)) >= 9
    assert set(measured) <= {n for n, one in found.items() if one.manifest.port == "bank"}


def test_a_side_that_does_less_is_not_timed() -> None:
    with frozen():
        bank = ccb_bank()
        with pytest.raises(AssertionError):
            proven(replace(bank, read_bare=lambda: bank.read_bare()[1:]))
        with pytest.raises(AssertionError):
            proven(replace(bank, read_sent=lambda line: bank.read_sent(line)[1:]))


def test_what_the_bare_loop_writes_is_what_it_was_given() -> None:
    with frozen():
        bank = ccb_bank()
        fields = proven(bank)
        assert read_xml(bank.write_bare(fields), "gb18030", "LIST") == fields


def test_a_part_within_a_part_counts_once() -> None:
    meter = Meter()
    inner = meter.around("base64", lambda: sum(range(100_000)))
    meter.around("crypto", inner)()
    assert meter.seconds["crypto"] > 0
    assert meter.seconds["base64"] == 0


def test_parts_are_seen_where_the_adapters_call_them() -> None:
    with frozen():
        seen, banks = set(), list(every_bank())
        for bank in banks:
            with metered() as meter:
                bank.port.fetch_dues(bank.due_line(), bank.batch.period, None)
                bank.port.instruct(bank.pay_line(), bank.batch)
            seen |= {(bank.name, part) for part, took in meter.seconds.items() if took > 0}
    every = {(one.name, part) for one in banks for part in ("schema", "checks")}
    sealed = {(name, part) for name in ("gyb", "psbc") for part in ("crypto", "base64")}
    # A file's SM3; a form's Base64; the nonce of WS-Security.
    assert seen == every | sealed | {("gznx", "crypto"), ("icbc", "base64"), ("bgz", "base64")}

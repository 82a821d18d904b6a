"""Defects in the partners' mocks: a partner that breaks its contract must not get a certificate,
and what it would do to money must be seen by the judge."""

from tests.defects.registry import Catch, Defect, Edit, certificate, day, tests

_LEDGER = "mocks/core/reference/ledger.py"
_BANK = certificate("bank-icbc")
_CORE = certificate("core")

DEFECTS = (
    Defect(
        "hold_expires",
        "占用过一会儿自己失效 · the core lets a hold go by time (seconds here, half an hour of business)",
        (
            Edit(
                _LEDGER,
                "    return _answer(item, move.code, known.state)\n\n\ndef _answer",
                "    if known.state is State.HELD:\n"
                "        _HELD_AT.setdefault(item.number, (time.monotonic(), _NOW_US[0]))\n"
                "    return _answer(item, move.code, known.state)\n\n\n"
                "_NOW_US = [0]\n_HELD_AT: dict[str, tuple[float, int]] = {}\n\n\n"
                "def _expired(number: str) -> bool:\n"
                "    since, since_us = _HELD_AT.get(number, (time.monotonic(), _NOW_US[0]))\n"
                "    return time.monotonic() - since > 5 or _NOW_US[0] - since_us > 1_800_000_000\n\n\n"
                "def _answer",
            ),
            Edit(
                _LEDGER,
                "    move = rules.decide(known.state, command, known.refusal)\n",
                "    if known.state is State.HELD and _expired(item.number):\n"
                "        if _carry_out(work, State.HELD, State.RELEASED, item):\n"
                "            known.state, known.changed = State.RELEASED, True\n"
                "    move = rules.decide(known.state, command, known.refusal)\n",
            ),
            Edit(
                _LEDGER,
                "        with storage.write():\n            work = _Work(",
                "        with storage.write():\n            _NOW_US[0] = self._now_us()\n            work = _Work(",
            ),
            Edit(_LEDGER, "import json\n", "import json\nimport time\n"),
        ),
        (
            Catch(
                day("bank: reset before booking"),
                "reset before booking",
                "credits without posting|it ended with 3",
            ),
            Catch(_CORE, "占用不过期", "done|已解除"),
        ),
    ),
    Defect(
        "bank_signature_unchecked",
        "银行不验签 · the bank takes a request whose signature is wrong",
        (
            Edit(
                "mocks/banks/icbc/codec.py",
                "        if not hmac.compare_digest(raw[:_DIGEST], self._digest(raw[_DIGEST:])):\n",
                "        if len(raw) < _DIGEST:\n",
            ),
        ),
        (
            Catch(
                tests("tests/mocks/test_icbc_payments.py::TestSignature"),
                "test_none_or_a_wrong_one_is_refused",
                "assert",
            ),
            Catch(_BANK, "签名被改动", "."),
        ),
    ),
    Defect(
        "core_signature_unchecked",
        "核心不验签 · the core takes a request whose signature is wrong",
        (
            Edit(
                "mocks/core/reference/gate.py",
                "        if not hmac.compare_digest(",
                "        if not wanted and not hmac.compare_digest(",
            ),
        ),
        (
            Catch(
                tests("tests/core/test_mock_wire.py::TestSignature"),
                "test_bad|test_covers_body_and_path",
                "assert",
            ),
            Catch(_CORE, "签名被改动|报文被改动|密钥不对", "."),
        ),
    ),
    Defect(
        "bank_credits_twice",
        "同一指令号、同一文件重复入账 · the bank credits a known number, a known file, again",
        (
            Edit(
                "mocks/kit/bank/payments.py",
                "            if order.number in standing or order.number in fresh:\n"
                "                continue\n",
                "            if order.number in fresh:\n"
                "                continue\n"
                "            if order.number in standing:\n"
                "                entry = self._ledger._credit(order.number)\n"
                "                self._ledger.book([entry] if entry else [], self._clock.now())\n"
                "                continue\n",
            ),
        ),
        (
            Catch(
                day("bank: booked, and not found until it is sent again"),
                "sent again",
                "instructions credited more than once|a loan paid twice",
            ),
            Catch(_BANK, "同号同文重复送|同一请求在网络上送达两次", "."),
            Catch(certificate("bank-gznx"), "同号同文重复送|送达两次", "."),
            Catch(certificate("bank-psbc"), "同号同文重复送|送达两次", "."),
        ),
    ),
    Defect(
        "late_hold_revives",
        "解除之后迟到的占用又生效 · a hold that comes after its release succeeds",
        (
            Edit(
                "mocks/core/reference/rules.py",
                "        case State.BARRED:\n            return Move(RELEASED_BEFORE)\n        case State.HELD |",
                "        case State.BARRED:\n            return None\n        case State.HELD |",
            ),
        ),
        (
            Catch(tests("tests/core/test_mock_model.py"), "test_any_order", "assert"),
            Catch(_CORE, "墓碑 × 占用|解除一条从未见过的明细", "."),
        ),
    ),
    Defect(
        "one_payer_of_two",
        "两人中一人不够也占用另一人 · a hold takes one payer where the other cannot pay",
        (
            Edit(
                _LEDGER,
                "    refusals = {_refusal(work.accounts.get(account), amount) for account, amount in item.payers}",
                "    refusals = {\n"
                "        _refusal(work.accounts.get(account), amount) for account, amount in item.payers[:1]\n"
                "    }",
            ),
        ),
        (Catch(_CORE, "一户不足则两户都不占", "."),),
    ),
)

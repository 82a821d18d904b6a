"""Defects in letting browsers in: each would let somebody in who must not be."""

from tests.defects.registry import Catch, Defect, Edit, tests

_ENTRY = "adapters/one_thing/home_purchase/entry.py"
_ASSERTION = "adapters/one_thing/home_purchase/assertion.py"
_OF_THE_ADAPTER = tests("tests/adapters/one_thing/test_home_purchase.py")
_OF_ENTERING = tests("tests/cases/test_entering.py")
_OF_THE_KIND = tests("tests/cases/test_home_purchase.py")

DEFECTS = (
    Defect(
        "entry_assertion_twice",
        "断言可以用两次 · an assertion is good more than once",
        (
            Edit(
                "hub/cases/visits.py",
                "mark=tokens.whole(_MARK, mark),",
                "mark=tokens.whole(_MARK, mark + key),",
            ),
        ),
        (Catch(_OF_ENTERING, "test_in_once_and_redeemed_once", "assert"),),
    ),
    Defect(
        "entry_key_twice",
        "一次性钥匙可以换两次 · a one-time key is redeemed again",
        (
            Edit(
                "hub/cases/entering.py",
                "        if found.redeemed_us is not None:\n"
                "            return RedeemWord.KEY_USED, None\n",
                "        if found.redeemed_us is not None:\n"
                "            return RedeemWord.REDEEMED, found\n",
            ),
        ),
        (Catch(_OF_ENTERING, "test_in_once_and_redeemed_once", "assert"),),
    ),
    Defect(
        "entry_key_for_ever",
        "一次性钥匙不过期 · a one-time key never expires",
        (
            Edit(
                "hub/cases/entering.py",
                "        if to_us(office.clock.now()) >= found.until_us:\n",
                "        if to_us(office.clock.now()) < 0:\n",
            ),
        ),
        (Catch(_OF_ENTERING, "test_a_key_s_thirty_minutes", "410"),),
    ),
    Defect(
        "entry_signature_unread",
        "断言的签名不看 · the assertion's signature is not looked at",
        (
            Edit(
                _ASSERTION,
                "    if not hmac.compare_digest(found, wanted) or not spelled:\n",
                "    if not spelled:\n",
            ),
        ),
        (Catch(_OF_THE_ADAPTER, "test_tampered", "DID NOT RAISE|assert"),),
    ),
    Defect(
        "entry_two_spellings",
        "同一签名的两种写法算两个 · one signature in two spellings counts as two",
        (
            Edit(
                _ASSERTION,
                "    if not hmac.compare_digest(found, wanted) or not spelled:\n",
                "    if not hmac.compare_digest(found, wanted):\n",
            ),
        ),
        (Catch(_OF_THE_ADAPTER, "test_two_spellings", "DID NOT RAISE"),),
    ),
    Defect(
        "entry_any_audience",
        "发给别人的断言也认 · an assertion meant for somebody else is believed",
        (
            Edit(
                _ENTRY,
                '        if named["audience"] != self._client:\n',
                '        if named["audience"] and not self._client:\n',
            ),
        ),
        (Catch(_OF_THE_ADAPTER, "test_meant_for_somebody_else", "DID NOT RAISE"),),
    ),
    Defect(
        "entry_old_assertion",
        "过期的断言也认 · an old assertion is believed",
        (Edit(_ENTRY, "        if ahead < -self._skew_ms:\n", "        if ahead < -10**15:\n"),),
        (Catch(_OF_THE_ADAPTER, "test_its_time", "DID NOT RAISE"),),
    ),
    Defect(
        "entry_foreign_host",
        "网厅源只比开头 · an address that only begins like the hall's is taken for the hall's",
        (Edit(_ENTRY, 'address.startswith(f"{one}/")', "address.startswith(one)"),),
        (Catch(_OF_THE_ADAPTER, "test_a_foreign_target", "DID NOT RAISE"),),
    ),
    Defect(
        "entry_unredeemed_visit",
        "没有换过钥匙的进门也能申请 · a visit whose key was never redeemed may apply",
        (
            Edit(
                "hub/cases/visits.py",
                "            visit.c.redeemed_us.is_not(None),\n",
                "            visit.c.came_us.is_not(None),\n",
            ),
        ),
        (Catch(_OF_THE_KIND, "test_a_key_that_was_never_redeemed", "assert"),),
    ),
    Defect(
        "entry_somebody_else_applies",
        "登录的不是申请人也受理 · whoever signed in may apply for somebody else",
        (
            Edit(
                "hub/cases/kinds/home_purchase.py",
                '    return "" if theirs == applicant else "not_the_applicant"\n',
                '    return "" if theirs else "not_the_applicant"\n',
            ),
        ),
        (Catch(_OF_THE_KIND, "test_who_did_not_come_cannot_apply", "assert"),),
    ),
)

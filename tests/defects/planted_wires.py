"""Defects on the banks' wires, one of each kind, most caught by the bank's own certificate."""

from tests.defects.registry import Catch, Defect, Edit, certificate, tests

DEFECTS = (
    Defect(
        "ccb_fen_for_yuan",
        "建行：以分充元 · 分 written where the wire has 元",
        (
            Edit(
                "adapters/banks/ccb/rows.py",
                '        "AMOUNT": format_yuan(row.amount),\n',
                '        "AMOUNT": f"{row.amount}.00",\n',
            ),
        ),
        (Catch(certificate("bank-ccb"), "一笔划款|最小金额", "."),),
    ),
    Defect(
        "gznx_width_in_characters",
        "农信：按字数而不按字节补齐 · a width counted in characters, not in bytes",
        (
            Edit(
                "hub/contracts/layouts.py",
                '        return raw.ljust(self.width) if self.pad == "right" else raw.rjust(self.width)\n',
                '        if self.pad == "right":\n'
                "            return raw + b' ' * (self.width - len(text))\n"
                "        return raw.rjust(self.width)\n",
            ),
        ),
        (Catch(certificate("bank-gznx"), "一笔划款|四字节字", "."),),
    ),
    Defect(
        "abc_length_in_characters",
        "农行：报文长度按字数 · a frame's length counted in characters",
        (
            Edit(
                "adapters/banks/abc/codec.py",
                "    return _PLAIN + str(len(body)).encode().ljust(HEAD - 1) + body\n",
                '    size = len(body.decode("gb18030"))\n'
                "    return _PLAIN + str(size).encode().ljust(HEAD - 1) + body\n",
            ),
        ),
        # A certificate would wait out its time at every call: the bank waits for the rest.
        (
            Catch(
                tests("tests/adapters/abc/test_requests.py"),
                "test_the_length_counts_bytes_not_characters",
                "assert",
            ),
        ),
    ),
    Defect(
        "boc_token_not_renewed",
        "中行：令牌失效后不再签到 · a token that is gone is not got again",
        (
            Edit(
                "adapters/banks/boc/channel.py",
                '        if said.extra.get("sign_in") == "again":\n',
                '        if said.extra.get("sign_in") == "never":\n',
            ),
        ),
        (Catch(certificate("bank-boc"), "签到令牌中途失效", "."),),
    ),
    Defect(
        "boc_due_page_dropped",
        "中行：应还明细只读第一页 · the due list's second page is dropped",
        (
            Edit(
                "adapters/banks/boc/adapter.py",
                '            next_page=None if following is None else f"{following}:{version}",\n',
                "            next_page=None,\n",
            ),
        ),
        (Catch(certificate("bank-boc"), "应还明细多于一页", "."),),
    ),
    Defect(
        "gyb_reply_signature_unchecked",
        "贵阳银行：不验应答的签名 · a reply whose signature is wrong is believed",
        (
            Edit(
                "adapters/kit/envelope.py",
                "        if signature is None or not self._keys.partner.verify(\n",
                "        if signature is None and not self._keys.partner.verify(\n",
            ),
        ),
        (Catch(certificate("bank-gyb"), "应答的签名不符", "."),),
    ),
    Defect(
        "psbc_digest_unchecked",
        "邮储：不核文件摘要 · a file is read whose digest is another than the one told",
        (
            Edit(
                "adapters/banks/psbc/files.py",
                "            if sm3_hex(content) != told.digest:\n",
                "            if not told.digest:\n",
            ),
        ),
        (Catch(certificate("bank-psbc"), "摘要", "."),),
    ),
    Defect(
        "bcm_accepted_is_success",
        "交行：已受理当作成功 · a row that was only accepted is taken for a success",
        (
            Edit(
                "contracts_spec/banks/bcm/contract.yaml",
                '      "4": {text: 已受理，待处理, status: processing, final: false, retry: inquire_first}\n',
                '      "4": {text: 已受理，待处理, status: done, final: true, retry: never}\n',
            ),
        ),
        (Catch(certificate("bank-bcm"), "只受理", "."),),
    ),
    Defect(
        "bgz_not_found_is_failed",
        "贵州银行：查无当作失败 · the code table calls not found a final refusal",
        (
            Edit(
                "contracts_spec/banks/bgz/contract.yaml",
                "      NONE: {text: 查无此指令, status: not_found, final: false, retry: inquire_first,",
                "      NONE: {text: 查无此指令, status: refused, final: true, retry: never,",
            ),
        ),
        (Catch(certificate("bank-bgz"), "查无之后才入账|从未发出的号", "."),),
    ),
)

"""Defects in the offset and the bank's adapter: what would pay twice, too much, or lose money."""

from tests.defects.registry import Catch, Defect, Edit, certificate, day, tests

_RESULTS = "hub/offset/results.py"
_INSTRUCT = "hub/offset/instruct.py"
_INQUIRY = "hub/offset/inquiry.py"
_ROWS = "adapters/banks/icbc/rows.py"
_BANK = "adapters/banks/icbc/adapter.py"
_ITEMS = tests("tests/offset/test_item_machine.py")

DEFECTS = (
    Defect(
        "yuan_for_fen",
        "元 for 分：划款金额写成了元 · instructions carry yuan where the contract says 分",
        (
            Edit(_ROWS, '"PayAmt": str(row.amount),', '"PayAmt": str(row.amount // 100),'),
            Edit(
                _BANK,
                '"TotalAmt": str(batch.total),',
                '"TotalAmt": str(sum(row.amount // 100 for row in batch.rows)),',
            ),
        ),
        (
            Catch(day("nothing happens"), "nothing happens", "credits without posting|told other"),
            Catch(certificate("bank-icbc"), "一笔划款|最小金额|一批到上限", "."),
        ),
    ),
    Defect(
        "fen_for_yuan_in_dues",
        "应还金额多乘了一百 · the due list's 分 are taken for yuan",
        (
            Edit(
                _ROWS,
                'amount = self._amount(row, "DQYHJE", noted=False)',
                'amount = self._amount(row, "DQYHJE", noted=False)\n'
                "        amount = None if amount is None else Fen(amount * 100)",
            ),
        ),
        (
            Catch(
                day("nothing happens"), "nothing happens", "outcomes not as expected|did not|ended"
            ),
        ),
    ),
    Defect(
        "new_number_on_resend",
        "重发换了新指令号 · a resend carries new instruction numbers",
        (
            Edit(
                _INSTRUCT,
                "        return _Said(order.batch, port.instruct(delivery.line, order.as_batch()))",
                "        tried = delivery.message.try_no - 1\n"
                "        rows = [(str((int(r[0]) + tried) % 10**20).zfill(20), *r[1:]) for r in order.rows]\n"
                "        body = InstructOrder(str(int(order.batch) + tried).zfill(20), order.period, rows)\n"
                "        return _Said(order.batch, port.instruct(delivery.line, body.as_batch()))",
            ),
        ),
        (
            Catch(
                day("bank: booked, and not found until it is sent again"),
                "sent again",
                "a loan paid twice|credits the core never held",
            ),
        ),
    ),
    Defect(
        "new_batch_number_on_resend",
        "重发换了新批次号 · a resend carries the same rows under a new batch number",
        (
            Edit(
                _INSTRUCT,
                "        return _Said(order.batch, port.instruct(delivery.line, order.as_batch()))",
                "        tried = delivery.message.try_no - 1\n"
                "        number = str(int(order.batch) + tried).zfill(20)\n"
                "        body = InstructOrder(number, order.period, order.rows)\n"
                "        return _Said(order.batch, port.instruct(delivery.line, body.as_batch()))",
            ),
        ),
        (
            Catch(
                day("bank: booked, and not found until it is sent again"),
                "sent again",
                "cut into a second batch",
            ),
        ),
    ),
    Defect(
        "batch_cut_again",
        "重启后把没有回音的批次重新组批 · what is not heard of is put into a new batch",
        (
            Edit(
                _INSTRUCT,
                '        self._mark_sent(tx, message, "unknown")\n',
                '        self._mark_sent(tx, message, "unknown")\n'
                "        again = sa.and_(\n"
                '            item.c.batch == message.key, item.c.state.in_(["held", "instructed"])\n'
                "        )\n"
                "        tx.execute(\n"
                '            sa.update(item).where(again).values(state="held", asked="", batch=None)\n'
                "        )\n"
                "        return\n",
            ),
            Edit(
                _INSTRUCT,
                "    number = batch_number(period, [row.number for row in rows])\n",
                "    number = batch_number(period, [row.number for row in rows] + [str(office.now_us())])\n",
            ),
        ),
        (
            Catch(
                day("bank: reset after booking"), "reset after booking", "cut into a second batch"
            ),
        ),
    ),
    Defect(
        "release_on_unknown",
        "结果不明就解除占用 · an unknown outcome is taken for a failure and the hold let go",
        (
            Edit(
                _INSTRUCT,
                "            .values(state=ItemState.UNKNOWN.value, outcome=Outcome.UNKNOWN.value)",
                "            .values(state=ItemState.FAILED.value, outcome=Outcome.FAILED.value,\n"
                '                    reason="bank_error", live_key=None)',
            ),
        ),
        (
            Catch(
                day("bank: reset after booking"),
                "reset after booking",
                "credits without posting|told otherwise than the bank credited",
            ),
            Catch(_ITEMS, "runTest", "credited, and at the core|undone|live_key"),
        ),
    ),
    Defect(
        "not_found_is_failed",
        "查无就当失败 · not found is taken for a refusal",
        (
            Edit(
                _RESULTS,
                "        case RowStatus.NOT_FOUND | RowStatus.UNKNOWN:\n",
                "        case RowStatus.NOT_FOUND if state in OPEN:\n"
                "            return _change(\n"
                '                found, ItemState.FAILED, Outcome.FAILED, result, now_us, "bank_error"\n'
                "            )\n"
                "        case RowStatus.NOT_FOUND | RowStatus.UNKNOWN:\n",
            ),
        ),
        (
            Catch(
                day("bank: booked only after an inquiry was answered not found"),
                "booked only after",
                "credits without posting|told otherwise than the bank credited|outcomes not as",
            ),
        ),
    ),
    Defect(
        "released_by_time",
        "没等到银行关账就按时间判为未入账 · open days are taken for closed ones",
        (
            Edit(
                "hub/offset/reconcile.py",
                "    return sa.and_(read.exists(), ~unread.exists())",
                "    return sa.or_(read.exists(), day.id.is_(None), sa.true())",
            ),
        ),
        (
            Catch(
                tests("tests/offset/test_inquiry.py::TestNotCredited"),
                "test_an_open_day_proves_nothing",
                "AssertionError|assert",
            ),
        ),
    ),
    Defect(
        "settle_after_ignored",
        "不等查证期满就重发 · sent again at the first not found",
        (Edit(_INQUIRY, "            elif asked_us >= ripe_us:\n", "            else:\n"),),
        (
            Catch(
                tests("tests/offset/test_inquiry.py::TestNotFound"),
                "test_before_settle_after_nothing_is_sent_again",
                "assert",
            ),
        ),
    ),
    Defect(
        "repeat_without_promise",
        "合同没有承诺同号只入账一次也重发 · sent again where the contract promises nothing",
        (
            Edit(
                _INQUIRY,
                "        if not self._office.seat(bank).port.numbers_idempotent:\n            return",
                "        if not self._office.seat(bank).port.numbers_idempotent:\n            pass",
            ),
        ),
        (
            Catch(
                tests("tests/offset/test_inquiry.py::TestNotFound"),
                "test_numbers_that_are_not_idempotent_are_never_sent_again",
                "assert",
            ),
        ),
    ),
    Defect(
        "statement_page_dropped",
        "对账单只读第一页 · a statement's second page is dropped",
        (
            Edit(
                "hub/offset/statement.py",
                "        if page.next_page is not None:\n",
                "        if page.next_page is not None and ask.page_no < 1:\n",
            ),
        ),
        (Catch(day("bank: small pages"), "small pages", "the run is not closed|it ended with 3"),),
    ),
    Defect(
        "statement_tag_dropped",
        "适配器丢掉对账单的下页标识 · the adapter drops a statement's tag for its next page",
        (
            Edit(
                _BANK,
                "            next_page = _next(code, said, page)\n",
                "            next_page = None\n",
            ),
        ),
        (
            Catch(day("bank: small pages"), "small pages", "the run is not closed|it ended with 3"),
            Catch(certificate("bank-icbc"), "当日明细多于一页|历史明细多于一页", "."),
        ),
    ),
    Defect(
        "not_found_is_final_by_table",
        "码表把“查无”写成最终拒绝 · the code table calls not found a final refusal",
        (
            Edit(
                "contracts_spec/banks/icbc/contract.yaml",
                "      B0116: {text: 查无此指令, status: not_found, final: false, retry: inquire_first,",
                "      B0116: {text: 查无此指令, status: refused, final: true, retry: never,",
            ),
        ),
        (Catch(certificate("bank-icbc"), "查无之后才入账|从未发出的号", "."),),
    ),
    Defect(
        "any_code_is_final",
        "整包返回码一律当最终拒绝 · every refusal of the whole batch is taken for final",
        (
            Edit(
                "adapters/kit/replies.py",
                'raise PartnerRefused(code.shown, code.text or "码表里没有的返回码", final=code.final)',
                'raise PartnerRefused(code.shown, code.text or "码表里没有的返回码", final=True)',
            ),
        ),
        (
            Catch(day("bank: B9999, booked"), "B9999", "credits without posting|told otherwise"),
            Catch(certificate("bank-icbc"), "整包返回码不是最终的|读不懂的应答", "."),
        ),
    ),
    Defect(
        "due_page_dropped",
        "应还明细的总数不核对 · a due list that lacks its last page is taken for whole",
        (
            Edit(
                _BANK,
                '            own(_out("QDKDUE", "Month"), said.get("Month"), period.compact)\n'
                '            next_page = _next("QDKDUE", said, page)\n',
                '            own(_out("QDKDUE", "Month"), said.get("Month"), period.compact)\n'
                "            next_page = None\n",
            ),
        ),
        (
            Catch(day("bank: small pages"), "small pages", "it ended with|outcomes"),
            Catch(certificate("bank-icbc"), "应还明细多于一页", "."),
        ),
    ),
    Defect(
        "result_applied_twice",
        "同一结果记两次 · a repeated result starts the posting anew",
        (
            Edit(
                _RESULTS,
                '    if state in OPEN:\n        reason = "partial"',
                "    if state in (*OPEN, ItemState.SUCCEEDED, ItemState.POSTED):\n"
                '        reason = "partial"',
            ),
        ),
        (
            # The core answers a second posting as it did the first: only the item shows it.
            Catch(
                tests("tests/offset/test_results.py::TestOneByOne"),
                "test_a_repeat_after_the_posting_does_not_begin_it_anew",
                "assert",
            ),
        ),
    ),
    Defect(
        "live_key_freed_early",
        "结果不明就让出同贷款同期的唯一键 · an unknown item frees its loan and period",
        (
            Edit(
                _RESULTS,
                "change[1] == Outcome.FAILED.value]",
                "change[1] != Outcome.SUCCEEDED.value]",
            ),
            Edit(
                _RESULTS,
                "one[1] != Outcome.FAILED.value]",
                "one[1] == Outcome.SUCCEEDED.value]",
            ),
        ),
        (
            Catch(tests("tests/offset/test_results.py::TestResults"), "runTest", "live_key"),
            Catch(_ITEMS, "runTest", "live_key"),
        ),
    ),
    Defect(
        "frozen_item_moves",
        "有差异的明细照样记账 · an item that a difference has frozen is posted and released",
        (
            Edit(
                "hub/offset/booking.py",
                "            item.c.state == _WANTED[kind].value, item.c.disputed == 0,\n",
                "            item.c.state == _WANTED[kind].value,\n",
            ),
        ),
        (
            Catch(
                tests("tests/offset/test_reconcile.py::test_a_frozen_item_is_booked_no_further"),
                "test_a_frozen_item_is_booked_no_further",
                "assert",
            ),
        ),
    ),
    Defect(
        "last_result_wins",
        "后来的结果盖掉先来的终态 · a later final result takes the place of the first",
        (
            Edit(
                _RESULTS,
                "    if state in OPEN:\n        reason = result.reason.value",
                "    if state in (*OPEN, ItemState.SUCCEEDED):\n        reason = result.reason.value",
            ),
        ),
        (Catch(_ITEMS, "runTest", "a success undone|→"),),
    ),
    Defect(
        "other_amount_is_success",
        "金额不符也算成功 · a credit of another amount counts as a success",
        (
            Edit(
                _RESULTS,
                "    done = result.status is RowStatus.DONE\n    return done and",
                "    done = False\n    return done and",
            ),
        ),
        (
            Catch(
                day("bank: credits one fen more"),
                "one fen more",
                "differences are|posted otherwise|told otherwise|ended with",
            ),
        ),
    ),
    Defect(
        "stale_reading",
        "拿记账前的旧读数对账 · books read before the last booking are matched",
        (
            Edit(
                "hub/offset/closing.py",
                "        stale = (here.moved_us or 0) >= (here.asked_us or 0)\n",
                "        stale = False\n",
            ),
        ),
        (
            Catch(
                day("bank: reset before booking"),
                "reset before booking",
                "it ended with|the run is not closed",
            ),
        ),
    ),
)

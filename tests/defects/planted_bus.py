"""Defects in the bus: what would send twice, send after a stop, or let two workers write one end."""

from tests.defects.registry import Catch, Defect, Edit, tests

_LEASES = "hub/bus/leases.py"
_MOVES = "hub/bus/moves.py"
_MACHINE = tests("tests/bus/test_machine.py")

DEFECTS = (
    Defect(
        "epoch_not_checked_on_finish",
        "收尾时不核对租约号 · a stale lease may finish what its successor holds",
        (
            Edit(
                _MOVES,
                '        message.c.epoch == sa.bindparam("b_epoch"),\n',
                '        message.c.epoch >= sa.bindparam("b_epoch"),\n',
            ),
        ),
        (Catch(_MACHINE, "test_any_order_of_events", "was not theirs|assert"),),
        ci=True,
    ),
    Defect(
        "epoch_not_checked_on_extend",
        "续租时不核对租约号 · a stale lease may be prolonged",
        (Edit(_LEASES, "        message.c.epoch == one.message.epoch,\n", ""),),
        (Catch(_MACHINE, "test_any_order_of_events", "mine|assert"),),
    ),
    Defect(
        "stop_unseen_by_claim",
        "停发开关只停新报文 · a claim does not look at the stop switch",
        (Edit(_LEASES, "stopped=bool(row.stopped)", "stopped=row.stopped < 0"),),
        (Catch(_MACHINE, "test_any_order_of_events", "model.stopped|assert"),),
    ),
    Defect(
        "lease_margin_ignored",
        "租期不够一次调用也发 · a call starts that its lease cannot outlast",
        (
            Edit(
                "hub/bus/recorder.py",
                "        if self._deadline - monotonic() < wanted:\n",
                "        if self._deadline - monotonic() < wanted - 10**6:\n",
            ),
        ),
        (
            Catch(
                tests(
                    "tests/bus/test_leases.py::TestEpoch::test_no_send_starts_when_the_lease_cannot_outlast_it"
                ),
                "test_no_send_starts_when_the_lease_cannot_outlast_it",
                "assert",
            ),
        ),
    ),
    Defect(
        "dead_workers_money_is_repeated",
        "进程死后直接重发划款 · money that died in flight waits for its repeat",
        (
            Edit(
                "hub/bus/attempts.py",
                "        case Verdict.UNKNOWN if money:\n            return MessageState.UNKNOWN\n",
                "        case Verdict.UNKNOWN if money:\n            return MessageState.WAITING\n",
            ),
        ),
        (Catch(_MACHINE, "test_any_order_of_events", "assert"),),
        ci=True,
    ),
    Defect(
        "refused_repeat_is_final",
        "重发被拒就算没付过 · a refused repeat is taken to speak for the first attempt too",
        (
            Edit(
                "hub/bus/attempts.py",
                "            doubtful = money and message.maybe_sent\n"
                "            return MessageState.UNKNOWN if doubtful else MessageState.REJECTED\n",
                "            return MessageState.REJECTED\n",
            ),
        ),
        (Catch(_MACHINE, "test_any_order_of_events", "assert"),),
    ),
    Defect(
        "sent_before_it_is_stored",
        "先发后记 · the call goes out before its attempt is committed",
        (
            Edit(
                "hub/bus/worker.py",
                "                found = self._bus.claim(tx, self.holder, lanes, self._handlers.keys())\n",
                "                found = self._bus.claim(tx, self.holder, lanes, self._handlers.keys())\n"
                "                for claim in found:\n"
                "                    self.send(claim)\n",
            ),
        ),
        (
            Catch(
                tests("tests/bus/test_life.py::TestVerdicts::test_delivered"),
                "test_delivered",
                "assert",
            ),
        ),
    ),
    Defect(
        "result_lost_on_apply_error",
        "结果没记进账也算送达 · a result its handler could not take in counts as delivered",
        (
            Edit(
                "hub/bus/finishing.py",
                "        state = _instead(bus, tx, handler, after, outcome=outcome, now=now)\n",
                '        log.info("bus.not_applied", message=after.id)\n',
            ),
        ),
        (Catch(_MACHINE, "test_any_order_of_events", "assert"),),
    ),
)

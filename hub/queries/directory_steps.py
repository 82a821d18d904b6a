"""Bus handler of one step on a directory: its receipt lets the next one go."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hub import audit
from hub.bus import Bus, Delivery, Message, Rung
from hub.crypto import sm3
from hub.kernel.logs import mask_text
from hub.kernel.typed import read_json
from hub.ports.directory import DirectoryPort, DirectoryReceipt, DirectoryStage, Review
from hub.ports.line import PartnerRefused
from hub.queries.directory import Directory
from hub.queries.directory_tables import directory_resource, directory_step
from hub.queries.directory_words import ResourceState, StepLetter, StepState, Target
from hub.queries.resources import encoded
from hub.store import database_now_us

_r, _s = directory_resource.c, directory_step.c


class StepHandler:
    """Sends one step; its receipt lets the next one go."""

    def __init__(self, directory: Directory, bus: Bus) -> None:
        self._directory, self._bus = directory, bus

    def send(self, delivery: Delivery) -> tuple[StepLetter, DirectoryReceipt, float]:
        letter = read_json(delivery.payload, StepLetter)
        port: DirectoryPort = delivery.port
        return letter, port.step(delivery.line, letter.step()), port.review_again_s

    def apply(
        self, tx: Connection, message: Message, result: tuple[StepLetter, DirectoryReceipt, float]
    ) -> None:
        letter, said, again_s = result
        target = Target(message.interface, message.contract_version)
        if said.review is Review.PENDING:
            self._ask_again(tx, target, letter, said, again_s)
            return
        rejected = said.review is Review.REJECTED
        state = StepState.REFUSED if rejected else StepState.RECEIPTED
        if not _ended(tx, letter, state, said.receipt, said.remark):
            return
        self._bus.climb(tx, [message.id], Rung.RECEIPTED)
        _evidence(tx, letter, "rejected" if rejected else "receipted", said.receipt, said.remark)
        if rejected:
            _drop(tx, letter, ResourceState.REJECTED, said.remark)
            return
        _move(tx, letter)
        self._directory.send_next(tx, target, letter.code)

    def refused(self, tx: Connection, message: Message, refusal: PartnerRefused) -> None:
        """The platform will not have this step: nothing after it is sent."""
        letter = read_json(self._bus.payload(tx, message.id), StepLetter)
        text = f"{refusal.partner_code} {refusal.text}"[:200]
        if _ended(tx, letter, StepState.REFUSED, "", text):
            _evidence(tx, letter, "refused", "", text)
            _drop(tx, letter, ResourceState.REFUSED, text)

    def unknown(self, tx: Connection, message: Message) -> None:
        """Cannot be: only money messages end unknown."""

    def died(self, tx: Connection, message: Message) -> None:
        """Cannot be: it has no ceiling."""

    def _ask_again(
        self, tx: Connection, target: Target, letter: StepLetter, said: DirectoryReceipt,
        again_s: float,
    ) -> None:  # fmt: skip
        tx.execute(
            sa.update(directory_step)
            .where(_s.number == letter.number, _s.state == StepState.SENT.value)
            .values(asks=_s.asks + 1, receipt=said.receipt)
        )
        step = tx.execute(
            sa.select(directory_step).where(
                _s.number == letter.number, _s.state == StepState.SENT.value
            )
        ).one_or_none()
        if step is not None:
            self._directory.put(tx, target, step, letter.content, again_s)


def _ended(tx: Connection, letter: StepLetter, state: StepState, receipt: str, remark: str) -> bool:
    done = tx.execute(
        sa.update(directory_step)
        .where(_s.number == letter.number, _s.state == StepState.SENT.value)
        .values(
            state=state.value, receipt=receipt[:40], remark=remark[:400],
            done_us=database_now_us(tx),
        )
    )  # fmt: skip
    return done.rowcount == 1


def _move(tx: Connection, letter: StepLetter) -> None:
    match DirectoryStage(letter.stage):
        case DirectoryStage.PUBLISH:
            _stand(tx, letter, ResourceState.UP, "", up_content=_r.content)
        case DirectoryStage.WITHDRAW:
            _stand(tx, letter, ResourceState.DOWN, "", up_content=None)
        case _:
            _stand(tx, letter, ResourceState.ON_WAY, "")


def _drop(tx: Connection, letter: StepLetter, state: ResourceState, remark: str) -> None:
    tx.execute(
        sa.update(directory_step)
        .where(
            _s.target == letter.target, _s.code == letter.code, _s.round == letter.round,
            _s.state == StepState.WAITING.value,
        )
        .values(state=StepState.DROPPED.value)
    )  # fmt: skip
    _stand(tx, letter, state, remark)


def _stand(
    tx: Connection, letter: StepLetter, state: ResourceState, remark: str, **more: Any
) -> None:
    tx.execute(
        sa.update(directory_resource)
        .where(
            _r.target == letter.target, _r.code == letter.code, _r.round == letter.round
        )
        .values(
            stage=letter.stage, state=state.value, remark=remark[:400],
            moved_us=database_now_us(tx), **more,
        )
    )  # fmt: skip


def _evidence(tx: Connection, letter: StepLetter, word: str, receipt: str, remark: str) -> None:
    """The receipt in the audit chain, over the very content that was sent."""
    audit.record(
        tx, act=f"directory.{word}", actor="hub",
        subject=f"directory:{letter.target}:{letter.code}"[:120],
        detail={
            "stage": letter.stage, "number": letter.number, "version": letter.version,
            "receipt": receipt, "remark": mask_text(remark)[:150],
        },
        count=1, root=sm3(encoded(letter.content)).hex(),
    )  # fmt: skip

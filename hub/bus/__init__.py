"""The bus: messages out and in, each stored before anything is sent or answered.

A message (the intent) is put in the transaction of the business change that causes it.  Workers
claim under leases with an epoch, send outside any transaction, and finish in one: the attempt,
what was said on the wire, the message's state and the handler's own books together.
"""

from hub.bus.attempts import Outcome
from hub.bus.bus import Bus, Tally
from hub.bus.inbox import Inbox, Receipt, Received, Taken
from hub.bus.inbox_worker import InboxWorker
from hub.bus.orders import Stopped
from hub.bus.policy import ChannelPolicy
from hub.bus.reaper import Reaper
from hub.bus.reception import NoticeUser, Reception, Seat
from hub.bus.values import (
    Claim,
    Delivery,
    Handler,
    InquiryFirst,
    Lane,
    LeaseLost,
    Message,
    NewMessage,
    NoSuchMessage,
    OpenPartner,
    Partners,
    SameKeyOtherBody,
    WrongState,
)
from hub.bus.words import Cause, Effect, MessageState, Rung, Verdict
from hub.bus.worker import Worker

__all__ = [
    "Bus",
    "Cause",
    "ChannelPolicy",
    "Claim",
    "Delivery",
    "Effect",
    "Handler",
    "Inbox",
    "InboxWorker",
    "InquiryFirst",
    "Lane",
    "LeaseLost",
    "Message",
    "MessageState",
    "NewMessage",
    "NoSuchMessage",
    "NoticeUser",
    "OpenPartner",
    "Outcome",
    "Partners",
    "Reaper",
    "Receipt",
    "Received",
    "Reception",
    "Rung",
    "SameKeyOtherBody",
    "Seat",
    "Stopped",
    "Taken",
    "Tally",
    "Verdict",
    "Worker",
    "WrongState",
]

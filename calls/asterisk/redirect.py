"""Redirect over AMI: a call leaves the voice and is put through to a person (deploy/asterisk/extensions.conf)."""

from dataclasses import dataclass
from uuid import UUID

from calls.asterisk.ami_client import AmiClient
from calls.asterisk.dialer import E164, BadOrder
from calls.asterisk.originate import CHANNEL
from calls.asterisk.signals import TRANSFER_CONTEXT


@dataclass(frozen=True, slots=True)
class TransferOrder:
    """`number` is E.164; `dial_string` is that of the trunk by which the call itself went out."""

    call_id: UUID
    number: str
    dial_string: str
    ring_seconds: int


async def put_through(client: AmiClient, order: TransferOrder) -> None:
    """Rings the person for the callee. Sends Redirect once.

    The dialplan can dial nothing but what is set here. Raises BadOrder, AmiUnavailable, AmiTimeout, AmiRefused.
    """
    if not E164.fullmatch(order.number):
        raise BadOrder("The number to put the callee through to is not in international form.")
    destination = order.dial_string.replace("{number}", order.number)
    if not CHANNEL.fullmatch(destination):
        raise BadOrder("The trunk's dial string makes no usable channel, like PJSIP/{number}@trunk.")
    await _set(client, order.call_id, "OPENDEEP_TRANSFER_TO", destination)
    await _set(client, order.call_id, "OPENDEEP_TRANSFER_SECONDS", str(order.ring_seconds))
    place = [("Context", TRANSFER_CONTEXT), ("Exten", "s"), ("Priority", "1")]
    await client.request("Redirect", [("Channel", str(order.call_id)), *place])


async def _set(client: AmiClient, call_id: UUID, name: str, value: str) -> None:
    await client.request("Setvar", [("Channel", str(call_id)), ("Variable", name), ("Value", value)])

"""Compares the PBX's channels with our calls: after a login, after lost events, and from time to time."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from calls.asterisk.ami_client import AmiClient, AmiRefused, AmiTimeout, AmiUnavailable
from calls.asterisk.signals import Appeared, Vanished, call_id_of, state_of, whereabouts_of
from calls.control.database import in_database
from calls.control.news import News, hang_up_unwanted
from calls.services import channels, transfers
from opendeep.core.clock import now

log = structlog.get_logger(__name__)

EVERY_SECONDS = 30.0
AFTER_OVERRUN_SECONDS = 1.0
"""News that come too fast are let pass for so long; reconciling in the middle of them would only add to them."""
GRACE = timedelta(seconds=5)
"""Between the commit of `dialing` and the channel: Originate is sent within 3 s of the commit, or not at all."""


async def reconcile(client: AmiClient, news: News) -> None:
    """Raises AmiUnavailable, AmiTimeout, AmiRefused when the PBX does not list its channels."""
    asked_at = now()
    listed = {call_id_of(item.get("Uniqueid")): item for item in await client.request_list("CoreShowChannels")}
    ours = {call_id: item for call_id, item in listed.items() if call_id is not None}
    unwanted = set(await in_database(channels.unwanted, ours.keys(), pbx=news.pbx))
    put_through = set(await in_database(transfers.ringing, ours.keys()))
    for call_id, item in ours.items():
        if call_id not in unwanted:
            await news.put_in_time(Appeared(call_id, item.get("Channel")[:120]))
        state = state_of(item)
        if state is not None:  # an answer that came while nobody listened
            await news.put_in_time(state)
        whereabouts = whereabouts_of(item, asked_at=asked_at - GRACE) if call_id in put_through else None
        if whereabouts is not None:
            await news.put_in_time(whereabouts)
    for call_id in await in_database(channels.gone, ours.keys(), dialled_before=asked_at - GRACE, pbx=news.pbx):
        log.warning("call_vanished", call_id=str(call_id))
        await news.put_in_time(Vanished(call_id))
    for call_id in unwanted:
        await hang_up_unwanted(client, Appeared(call_id, ours[call_id].get("Channel")[:120]), pbx=news.pbx)


async def reconcile_forever(client: AmiClient, news: News, every: float = EVERY_SECONDS) -> None:
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await news.overrun.wait()
                await asyncio.sleep(AFTER_OVERRUN_SECONDS)
        news.overrun.clear()
        try:
            await reconcile(client, news)
        except AmiUnavailable:
            continue  # the next login reconciles
        except (AmiTimeout, AmiRefused) as error:
            log.warning("not_reconciled", reason=str(error))

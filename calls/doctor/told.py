"""Whether call events reach callcontrol: what a PBX told of the last calls. Reading is all that can show it."""

from calls.doctor.findings import Finding, missing, note, ok
from calls.models import Call
from calls.states import State

LAST = 20
TELLING = 3
"""Fewer calls of whose end nothing was heard may have other reasons."""


def finding(pbx: str) -> Finding:
    part = "call events"
    dialled = Call.objects.filter(pbx=pbx, state=State.ENDED, originate_sent_at__isnull=False)
    causes = list(dialled.order_by("-ended_at").values_list("hangup_cause", flat=True)[:LAST])
    if any(cause is not None for cause in causes):
        return ok(part, f"The PBX told of the end of {sum(cause is not None for cause in causes)} of the last calls.")
    if len(causes) >= TELLING:
        return missing(
            part,
            f"The PBX told nothing of the last {len(causes)} calls. Compare `read` and `eventfilter` of callcontrol's "
            "account in deploy/asterisk/manager.conf.",
        )
    return note(part, "Whether callcontrol's account may read them (`read = call,user`) only a call can show.")

"""The socket of one call's page."""

from calls.models import Call
from opendeep.accounts.models import Organization
from opendeep.accounts.sockets import HintConsumer
from opendeep.core.live import call_group


class CallConsumer(HintConsumer):
    def groups_to_join(self) -> list[str]:
        return [call_group(self.object_id)]

    def may_watch(self, organization: Organization) -> bool:
        return Call.objects.filter(pk=self.object_id, organization=organization).exists()

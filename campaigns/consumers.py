"""The sockets of the chat, of one campaign's page, and of everything that concerns the signed-in user."""

from uuid import UUID

from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Conversation
from opendeep.accounts.models import Organization
from opendeep.accounts.sockets import HintConsumer
from opendeep.core.live import batch_group, campaign_group, conversation_group, organization_group, user_group


class ConversationConsumer(HintConsumer):
    def groups_to_join(self) -> list[str]:
        return [conversation_group(self.object_id)]

    def may_watch(self, organization: Organization) -> bool:
        return Conversation.objects.filter(pk=self.object_id, organization=organization).exists()


class CampaignConsumer(HintConsumer):
    """Hears of the campaign's tasks, and of the calls that are made for them."""

    def groups_to_join(self) -> list[str]:
        return [campaign_group(self.object_id), batch_group(campaign_group_key(self.object_id))]

    def may_watch(self, organization: Organization) -> bool:
        return Campaign.objects.filter(pk=self.object_id, organization=organization).exists()


class UserConsumer(HintConsumer):
    """Hears of the signed-in user and of their organization, for example of what agents ask it."""

    _organization_id: UUID | None = None

    def groups_to_join(self) -> list[str]:
        of_all = [organization_group(self._organization_id)] if self._organization_id else []
        return [user_group(self.user_id), *of_all]

    def may_watch(self, organization: Organization) -> bool:
        """Whoever works for another organization by now opens another socket."""
        self._organization_id = self._organization_id or organization.pk
        return self._organization_id == organization.pk

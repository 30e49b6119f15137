"""The sockets of the chat, of one campaign's page, and of everything that concerns the signed-in user."""

from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Conversation
from opendeep.accounts.models import Organization
from opendeep.accounts.sockets import HintConsumer
from opendeep.core.live import batch_group, campaign_group, conversation_group, user_group


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
    def groups_to_join(self) -> list[str]:
        return [user_group(self.user_id)]

    def may_watch(self, organization: Organization) -> bool:
        return True

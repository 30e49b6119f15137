"""The sockets of the chat, of one campaign's page, and of everything that concerns the signed-in user."""

from campaigns.models import Campaign, Conversation
from opendeep.accounts.models import Organization
from opendeep.accounts.sockets import HintConsumer
from opendeep.core.live import campaign_group, conversation_group, user_group


class ConversationConsumer(HintConsumer):
    def group(self) -> str:
        return conversation_group(self.object_id)

    def may_watch(self, organization: Organization) -> bool:
        return Conversation.objects.filter(pk=self.object_id, organization=organization).exists()


class CampaignConsumer(HintConsumer):
    def group(self) -> str:
        return campaign_group(self.object_id)

    def may_watch(self, organization: Organization) -> bool:
        return Campaign.objects.filter(pk=self.object_id, organization=organization).exists()


class UserConsumer(HintConsumer):
    def group(self) -> str:
        return user_group(self.user_id)

    def may_watch(self, organization: Organization) -> bool:
        return True

"""The seed's two endpoints: the chat with the assistant, and the confirmation of its plan."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.rest.serializers import ChatInput, ChatOutput, ExecuteInput, ExecuteOutput
from campaigns.selectors import conversation_for
from campaigns.services import chat, launch
from campaigns.services.outlook import who_cannot_be_called
from opendeep.accounts.rest import person, tenant
from opendeep.core.clock import now
from opendeep.core.rest import validated


class ChatInteraction(APIView):
    @extend_schema(request=ChatInput, responses=ChatOutput, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Says something to the assistant and waits for its answer; without `conversation_id` a new task begins."""
        organization = tenant(request)
        given = validated(ChatInput, request)
        conversation_id = given.get("conversation_id")
        conversation = conversation_for(organization, conversation_id) if conversation_id else None
        message, answers = given.get("message"), given.get("answers")
        if conversation is not None and message is None and answers is None:
            reply = chat.retry(conversation, person(request), at=now())
        else:
            reply = chat.say(conversation, person(request), organization, message=message, answers=answers, at=now())
        of_plan = _of_plan(request, reply.conversation_id) if reply.plan is not None else NO_PLAN
        return Response(ChatOutput(reply, context=of_plan).data)


class ExecuteCampaign(APIView):
    @extend_schema(request=ExecuteInput, responses={201: ExecuteOutput, 200: ExecuteOutput}, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Confirms the plan: the calls begin. Confirming again answers 200 with the same campaign."""
        given = validated(ExecuteInput, request)
        conversation = conversation_for(tenant(request), given["conversation_id"])
        launched = launch.execute(conversation, given.get("campaign_plan"), person(request), at=now())
        code = status.HTTP_201_CREATED if launched.created else status.HTTP_200_OK
        return Response(ExecuteOutput(launched, context=_of_plan(request, conversation.pk)).data, status=code)


NO_PLAN: Mapping[str, Any] = {"cannot_be_called": []}


def _of_plan(request: Request, conversation_id: UUID) -> Mapping[str, Any]:
    """What the outputs tell of the conversation's plan beside its words."""
    conversation = conversation_for(tenant(request), conversation_id)
    zone = ZoneInfo(person(request).time_zone)
    return {"cannot_be_called": who_cannot_be_called(conversation, zone, now())}

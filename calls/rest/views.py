"""Calls over HTTP, for one organization."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls.models import Call
from calls.rest.serializers import (
    CallDetailOutput,
    CallOutput,
    EventsOutput,
    TranscriptOutput,
)
from calls.selectors import calls_of_organization, events_of, transcript_of
from calls.services.hangup import cancel_call
from calls.services.recordings import file_of_recording
from opendeep.accounts.rest import tenant
from opendeep.core.byte_ranges import ranged_file
from opendeep.core.clock import now
from opendeep.core.errors import NotFound


def call_for(request: Request, call_id: UUID) -> Call:
    """Raises NotFound, also for a call of another organization."""
    call = calls_of_organization(tenant(request).pk).filter(pk=call_id).first()
    if call is None:
        raise NotFound("There is no such call.")
    return call


@extend_schema(tags=["calls"])
class CallList(ListAPIView[Call]):
    """The organization's calls, youngest first."""

    serializer_class = CallOutput
    queryset = Call.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[Call]:
        return calls_of_organization(tenant(self.request).pk).defer("brief", "figures")


class CallDetail(APIView):
    @extend_schema(responses=CallDetailOutput, tags=["calls"])
    def get(self, request: Request, call_id: UUID) -> Response:
        return Response(CallDetailOutput(call_for(request, call_id)).data)


class Transcript(APIView):
    @extend_schema(responses=TranscriptOutput, tags=["calls"])
    def get(self, request: Request, call_id: UUID) -> Response:
        """What was said, in the order of the conversation."""
        call = call_for(request, call_id)
        return Response(TranscriptOutput({"call_id": call.pk, "turns": transcript_of(call.pk)}).data)


class Events(APIView):
    @extend_schema(responses=EventsOutput, tags=["calls"])
    def get(self, request: Request, call_id: UUID) -> Response:
        """What happened to the call, in order."""
        call = call_for(request, call_id)
        return Response(EventsOutput({"call_id": call.pk, "events": events_of(call.pk)}).data)


class WhateverIsAccepted(DefaultContentNegotiation):
    """Sound for whoever accepts sound; errors are JSON for them too."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class Recording(APIView):
    content_negotiation_class = WhateverIsAccepted

    @extend_schema(responses={(200, "audio/wav"): OpenApiTypes.BINARY}, tags=["calls"])
    def get(self, request: Request, call_id: UUID) -> HttpResponseBase:
        """What was heard: WAV, G.711 mu-law, the callee left and the agent right. Range requests are answered."""
        file = file_of_recording(tenant(request).pk, call_id)
        return ranged_file(request._request, file, content_type="audio/wav")


class HangUp(APIView):
    @extend_schema(request=None, responses={202: CallOutput}, tags=["calls"])
    def post(self, request: Request, call_id: UUID) -> Response:
        """Ends the call: one that is not dialled yet is cancelled, one at the PBX is hung up in a moment."""
        call = call_for(request, call_id)
        cancel_call(call.pk, reason=f"Ended by {request.user}.", at=now())
        return Response(CallOutput(call_for(request, call_id)).data, status=status.HTTP_202_ACCEPTED)

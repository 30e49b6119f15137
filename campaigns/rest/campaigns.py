"""Campaigns, what their owner does to them, and their reports."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls.facade import outage_of
from campaigns.models import Campaign
from campaigns.rest.serializers import CampaignDetailOutput, CampaignOutput, PriorityInput, ReportOutput
from campaigns.selectors import campaign_for, campaigns_of, figures_of, latest_report, tasks_of
from campaigns.services import control
from campaigns.services.outlook import hindrances_of
from campaigns.services.reports import request_so_far
from opendeep.accounts.rest import tenant
from opendeep.core.clock import now
from opendeep.core.errors import NotFound

TASKS_SHOWN = 100


class CampaignList(ListAPIView[Campaign]):
    """The organization's campaigns, the latest first, each with its figures."""

    serializer_class = CampaignOutput

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(campaigns_of(tenant(request)))
        assert page is not None, "lists are paginated by the settings"
        context = {"figures": figures_of(campaign.pk for campaign in page)}
        return self.get_paginated_response(CampaignOutput(page, many=True, context=context).data)


class CampaignDetail(APIView):
    @extend_schema(responses=CampaignDetailOutput, tags=["campaigns"])
    def get(self, request: Request, campaign_id: UUID) -> Response:
        campaign = campaign_for(tenant(request), campaign_id)
        context = {
            "figures": figures_of([campaign.pk]),
            "tasks": tasks_of(campaign)[:TASKS_SHOWN],
            "outage": outage_of(campaign.organization_id, now()),
            "hindrances": hindrances_of(campaign, now()),
        }
        return Response(CampaignDetailOutput(campaign, context=context).data)


class _Action(APIView):
    """Something that an owner does to a campaign; answers with the campaign as it is then."""

    act: ClassVar[Callable[..., Campaign]]

    def _done(self, request: Request, campaign_id: UUID) -> Response:
        found = campaign_for(tenant(request), campaign_id)
        campaign = type(self).act(found.pk, at=now())
        context = {"figures": figures_of([campaign.pk])}
        return Response(CampaignOutput(campaign, context=context).data)


class Pause(_Action):
    act = control.pause

    @extend_schema(request=None, responses=CampaignOutput, tags=["campaigns"])
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """No new calls until it is resumed; running calls go on."""
        return self._done(request, campaign_id)


class Resume(_Action):
    act = control.resume

    @extend_schema(request=None, responses=CampaignOutput, tags=["campaigns"])
    def post(self, request: Request, campaign_id: UUID) -> Response:
        return self._done(request, campaign_id)


class Cancel(_Action):
    act = control.cancel

    @extend_schema(request=None, responses=CampaignOutput, tags=["campaigns"])
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Cancels what waits and hangs up what talks. It cannot be undone."""
        return self._done(request, campaign_id)


class ChangePriority(APIView):
    @extend_schema(request=PriorityInput, responses=CampaignOutput, tags=["campaigns"])
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """high, normal or low: where all wait for lines, of ten calls six, three and one. Counts from the next call."""
        found = campaign_for(tenant(request), campaign_id)
        wanted = PriorityInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        campaign = control.set_priority(found.pk, wanted.validated_data["priority"])
        return Response(CampaignOutput(campaign, context={"figures": figures_of([campaign.pk])}).data)


class CampaignReport(APIView):
    @extend_schema(responses=ReportOutput, tags=["campaigns"])
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """The final report, or the newest so far; its status says whether it is written yet."""
        report = latest_report(campaign_for(tenant(request), campaign_id))
        if report is None:
            raise NotFound("There is no report yet. Ask for one with POST.")
        return Response(ReportOutput(report).data)

    @extend_schema(request=None, responses={202: ReportOutput}, tags=["campaigns"])
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Asks for a report so far. It is written in the background; GET it until its status is written."""
        found = campaign_for(tenant(request), campaign_id)
        report = request_so_far(found.pk, now())
        return Response(ReportOutput(report).data, status=status.HTTP_202_ACCEPTED)

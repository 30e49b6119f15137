"""The do-not-call list over HTTP, for one organization: read, add, import, export."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls.models import DoNotCall
from calls.rest.serializers import DoNotCallFileInput, DoNotCallInput, DoNotCallOutput, ImportedOutput
from calls.selectors import do_not_call_list
from calls.services.do_not_call import add_do_not_call, export_do_not_call, import_do_not_call_file
from opendeep.accounts.rest import tenant
from opendeep.core.clock import now
from opendeep.core.phone import parse_number
from opendeep.core.rest import validated

PROBLEMS_SHOWN = 100


@extend_schema(tags=["do-not-call"])
class DoNotCallList(ListAPIView[DoNotCall]):
    """Whom the organization must not call: its own list and everybody's, the latest first."""

    serializer_class = DoNotCallOutput
    queryset = DoNotCall.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[DoNotCall]:
        return do_not_call_list(tenant(self.request).pk)

    @extend_schema(request=DoNotCallInput, responses={201: DoNotCallOutput, 200: DoNotCallOutput})
    def post(self, request: Request) -> Response:
        """Adds a number; it counts at once. 200 when it was on the list already. Nothing is ever taken off."""
        organization = tenant(request)
        given: dict[str, Any] = validated(DoNotCallInput, request)
        number = parse_number(given["number"])
        added = add_do_not_call(organization.pk, number, source="owner", reason=given["reason"], at=now())
        row = DoNotCall.objects.get(organization=organization, number=number)
        code = status.HTTP_201_CREATED if added else status.HTTP_200_OK
        return Response(DoNotCallOutput(row).data, status=code)


class DoNotCallImport(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": DoNotCallFileInput}, responses=ImportedOutput, tags=["do-not-call"])
    def post(self, request: Request) -> Response:
        """Adds the numbers of a CSV file; they count at once. Lines that are no numbers are named, the others taken."""
        organization = tenant(request)
        given = validated(DoNotCallFileInput, request)
        imported, problems = import_do_not_call_file(organization, given["file"], at=now())
        answer = {
            "added": imported.added,
            "known": imported.known,
            "refused": len(problems),
            "problems": problems[:PROBLEMS_SHOWN],
        }
        return Response(ImportedOutput(answer).data)


class DoNotCallExport(APIView):
    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR}, tags=["do-not-call"])
    def get(self, request: Request) -> StreamingHttpResponse:
        """The list as a CSV file: number, reason, source, since, everybody."""
        return csv_answer(tenant(request).pk)


def csv_answer(organization_id: Any) -> StreamingHttpResponse:
    headers = {"Content-Disposition": 'attachment; filename="do-not-call.csv"'}
    return StreamingHttpResponse(
        export_do_not_call(organization_id), content_type="text/csv; charset=utf-8", headers=headers
    )

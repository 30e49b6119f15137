"""Tasks, with what happened to them."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.models import Task
from campaigns.rest.serializers import TaskDetailOutput, TaskFilter, TaskOutput
from campaigns.selectors import attempts_of, campaign_for, task_for, tasks_of, tasks_of_organization
from opendeep.accounts.rest import tenant


@extend_schema(parameters=[TaskFilter], tags=["tasks"])
class TaskList(ListAPIView[Task]):
    """The organization's tasks; those of one campaign come in the order of its plan."""

    serializer_class = TaskOutput
    queryset = Task.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[Task]:
        wanted = TaskFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        organization = tenant(self.request)
        campaign_id, status = wanted.validated_data.get("campaign"), wanted.validated_data.get("status")
        if campaign_id:
            return tasks_of(campaign_for(organization, campaign_id), status)
        return tasks_of_organization(organization, status)


class TaskDetail(APIView):
    @extend_schema(responses=TaskDetailOutput, tags=["tasks"])
    def get(self, request: Request, task_id: UUID) -> Response:
        """The task with its events and its calls, each with its verdict."""
        task = task_for(tenant(request), task_id)
        return Response(TaskDetailOutput(task, context={"attempts": attempts_of(task.pk)}).data)

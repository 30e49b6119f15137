from django.urls import path

from calls.rest import views

api_urls = [
    path("calls/", views.CallList.as_view(), name="api-calls"),
    path("calls/<uuid:call_id>/", views.CallDetail.as_view(), name="api-call"),
    path("calls/<uuid:call_id>/transcript/", views.Transcript.as_view(), name="api-call-transcript"),
    path("calls/<uuid:call_id>/events/", views.Events.as_view(), name="api-call-events"),
    path("calls/<uuid:call_id>/hangup/", views.HangUp.as_view(), name="api-call-hangup"),
    path("do-not-call/", views.DoNotCallList.as_view(), name="api-do-not-call"),
]

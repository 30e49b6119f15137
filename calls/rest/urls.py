from django.urls import path

from calls.rest import do_not_call, questions, views

api_urls = [
    path("calls/", views.CallList.as_view(), name="api-calls"),
    path("calls/<uuid:call_id>/", views.CallDetail.as_view(), name="api-call"),
    path("calls/<uuid:call_id>/transcript/", views.Transcript.as_view(), name="api-call-transcript"),
    path("calls/<uuid:call_id>/events/", views.Events.as_view(), name="api-call-events"),
    path("calls/<uuid:call_id>/recording/", views.Recording.as_view(), name="api-call-recording"),
    path("calls/<uuid:call_id>/hangup/", views.HangUp.as_view(), name="api-call-hangup"),
    path("questions/", questions.QuestionList.as_view(), name="api-questions"),
    path("questions/<uuid:question_id>/answer/", questions.Answer.as_view(), name="api-question-answer"),
    path("questions/<uuid:question_id>/dismiss/", questions.Dismiss.as_view(), name="api-question-dismiss"),
    path("do-not-call/", do_not_call.DoNotCallList.as_view(), name="api-do-not-call"),
    path("do-not-call/import/", do_not_call.DoNotCallImport.as_view(), name="api-do-not-call-import"),
    path("do-not-call/export.csv", do_not_call.DoNotCallExport.as_view(), name="api-do-not-call-export"),
]

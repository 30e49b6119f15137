from django.urls import path

from calls.web import questions, views

page_urls = [
    path("calls/", views.calls, name="calls"),
    path("calls/<uuid:call_id>/", views.call, name="call"),
    path("calls/<uuid:call_id>/end/", views.end_call, name="end-call"),
    path("calls/<uuid:call_id>/recording.wav", views.recording, name="recording"),
    path("questions/", questions.questions, name="questions"),
    path("questions/waiting/", questions.waiting, name="waiting-questions"),
    path("questions/<uuid:question_id>/answer/", questions.answer, name="answer-question"),
    path("questions/<uuid:question_id>/dismiss/", questions.dismiss, name="dismiss-question"),
    path("do-not-call/", views.do_not_call, name="do-not-call"),
    path("do-not-call/import/", views.import_do_not_call, name="import-do-not-call"),
]

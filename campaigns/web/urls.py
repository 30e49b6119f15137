from django.urls import path

from campaigns.web import ask, views

page_urls = [
    path("", ask.ask, name="ask"),
    path("ask/<uuid:conversation_id>/", ask.conversation, name="conversation"),
    path("ask/<uuid:conversation_id>/answers/", ask.answers, name="answers"),
    path("ask/<uuid:conversation_id>/retry/", ask.retry, name="retry"),
    path("ask/<uuid:conversation_id>/plan/", ask.plan, name="plan"),
    path("ask/<uuid:conversation_id>/confirm/", ask.confirm, name="confirm"),
    path("campaigns/", views.campaigns, name="campaigns"),
    path("campaigns/<uuid:campaign_id>/", views.campaign, name="campaign"),
    path("campaigns/<uuid:campaign_id>/pause/", views.pause, name="pause"),
    path("campaigns/<uuid:campaign_id>/resume/", views.resume, name="resume"),
    path("campaigns/<uuid:campaign_id>/cancel/", views.cancel, name="cancel"),
    path("campaigns/<uuid:campaign_id>/report/", views.report, name="report"),
]

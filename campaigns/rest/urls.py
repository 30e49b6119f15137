from django.urls import path

from campaigns.rest import campaigns, chat, tasks

api_urls = [
    path("chat_interaction", chat.ChatInteraction.as_view(), name="api-chat-interaction"),
    path("execute_campaign", chat.ExecuteCampaign.as_view(), name="api-execute-campaign"),
    path("campaigns/", campaigns.CampaignList.as_view(), name="api-campaigns"),
    path("campaigns/<uuid:campaign_id>/", campaigns.CampaignDetail.as_view(), name="api-campaign"),
    path("campaigns/<uuid:campaign_id>/pause/", campaigns.Pause.as_view(), name="api-campaign-pause"),
    path("campaigns/<uuid:campaign_id>/resume/", campaigns.Resume.as_view(), name="api-campaign-resume"),
    path("campaigns/<uuid:campaign_id>/cancel/", campaigns.Cancel.as_view(), name="api-campaign-cancel"),
    path("campaigns/<uuid:campaign_id>/priority/", campaigns.ChangePriority.as_view(), name="api-campaign-priority"),
    path("campaigns/<uuid:campaign_id>/report/", campaigns.CampaignReport.as_view(), name="api-campaign-report"),
    path("tasks/", tasks.TaskList.as_view(), name="api-tasks"),
    path("tasks/<uuid:task_id>/", tasks.TaskDetail.as_view(), name="api-task"),
]

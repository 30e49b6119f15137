"""Puts together what the apps offer."""

from django.contrib import admin
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path

from calls.rest.urls import api_urls as calls_api
from calls.web.urls import page_urls as calls_pages
from campaigns.rest.urls import api_urls as campaigns_api
from campaigns.web.urls import page_urls as campaigns_pages
from opendeep import health
from opendeep.accounts.urls import page_urls as accounts_pages
from opendeep.metrics import metrics

admin.site.site_header = admin.site.site_title = "OpenDeep"
admin.site.index_title = "For operators"

urlpatterns = [
    path("favicon.ico", lambda request: redirect(static("favicon.svg"))),  # where no page names its icon, as in /admin/
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/", include([*campaigns_api, *calls_api])),
    path("", include([*accounts_pages, *campaigns_pages, *calls_pages])),
]

handler400 = "opendeep.errors.bad_request"
handler404 = "opendeep.errors.not_found"
handler403 = "opendeep.errors.forbidden"
handler500 = "opendeep.errors.server_error"

"""A path without its last slash is sent on with 308: a POST stays a POST, where 301 lets clients turn it into a GET."""

from functools import partial

from django.http import HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware


class SlashMiddleware(CommonMiddleware):
    response_redirect_class = partial(HttpResponsePermanentRedirect, preserve_request=True)  # type: ignore[assignment]

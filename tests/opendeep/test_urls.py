"""What answers where no app does."""

import pytest
from django.contrib.staticfiles import finders
from django.test import Client


@pytest.mark.django_db
def test_where_a_page_names_no_icon_browsers_get_that_of_the_pages() -> None:
    page = Client().get("/admin/login/").content.decode()
    assert 'rel="icon"' not in page  # so the browser asks for /favicon.ico
    response = Client().get("/favicon.ico")
    assert response.status_code == 302
    assert finders.find(response["Location"].removeprefix("/static/")) is not None

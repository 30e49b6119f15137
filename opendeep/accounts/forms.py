"""Sign-in with an e-mail address."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest


class SignInForm(AuthenticationForm):
    """Addresses are kept in lower case, so however it is typed it finds its user."""

    error_messages = {
        "invalid_login": "This address and password do not belong together. Please check both.",
        "inactive": "This account is closed. Ask an operator of your organization.",
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["password"].label = "Password"

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()

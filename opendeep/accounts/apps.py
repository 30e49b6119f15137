from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "opendeep.accounts"
    label = "accounts"

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "opendeep.core"
    label = "core"

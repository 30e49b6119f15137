from django.apps import AppConfig


class AudiogatewayConfig(AppConfig):
    name = "audiogateway"

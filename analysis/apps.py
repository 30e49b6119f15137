from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        # Models are loaded only now, and handlers import them.
        from analysis.handlers import on_calls_ended  # noqa: PLC0415
        from calls.contracts import CALL_ENDED  # noqa: PLC0415
        from opendeep.core import outbox  # noqa: PLC0415

        outbox.subscribe_to_several(CALL_ENDED, on_calls_ended)

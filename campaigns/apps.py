from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        # Models are loaded only now, and handlers import them.
        from analysis.contracts import CALL_JUDGED  # noqa: PLC0415
        from calls.contracts import CALL_ENDED  # noqa: PLC0415
        from calls.facade import sweep_when_a_line_frees  # noqa: PLC0415
        from calls.questions.contracts import QUESTION_CHANGED  # noqa: PLC0415
        from campaigns.handlers import on_call_judged, on_calls_ended, on_question_changed  # noqa: PLC0415
        from opendeep.core import outbox  # noqa: PLC0415

        outbox.subscribe_to_several(CALL_ENDED, on_calls_ended)
        outbox.subscribe(CALL_JUDGED, on_call_judged)
        outbox.subscribe(QUESTION_CHANGED, on_question_changed)
        sweep_when_a_line_frees("campaigns.dispatch_due")

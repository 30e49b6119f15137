from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls.models import CallingHours  # noqa: PLC0415 - models are there only now
        from calls.services.policy import on_settings_saved  # noqa: PLC0415
        from opendeep.accounts.models import Organization  # noqa: PLC0415

        post_save.connect(on_settings_saved, sender=Organization, dispatch_uid="calls.organization_saved")
        post_save.connect(on_settings_saved, sender=CallingHours, dispatch_uid="calls.hours_saved")
        post_delete.connect(on_settings_saved, sender=CallingHours, dispatch_uid="calls.hours_deleted")

"""Operators' forms that save what was changed in them, and nothing else of the row."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Field, Model
from django.http import HttpRequest


class SavesChangedFields(ModelAdmin[Any]):
    """A form that was opened before somebody else's change does not take that back.

    The form sends what it has shown beside what is wanted now; both together tell what was changed in it.
    """

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_dbfield(db_field, request, show_hidden_initial=True, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=columns & set(form.changed_data))
        obj.refresh_from_db()

"""Composition root: settings, routing, the Celery application. Imported by no other package."""

from opendeep.celery import app as celery_app

__all__ = ["celery_app"]

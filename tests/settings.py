"""Settings of the test suite: hermetic by default, fast hasher, no manifest of static files."""

import os
import tempfile

os.environ["ENV_FILE"] = os.devnull  # a .env may name a real PBX and a real key; no test may use them
os.environ.setdefault("SECRET_KEY", "only-for-tests-and-never-for-a-server-0123456789")
os.environ.setdefault("OPENAI_API_KEY", "test-key")
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="opendeep-test-"))
if "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = f"sqlite:///{os.environ['VAR_DIR']}/test.sqlite3"
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")  # nobody listens: a hidden use of Redis fails at once

from opendeep.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in production, so that threads with connections of their own meet the real locks.
    DATABASES["default"]["TEST"] = {"NAME": f"{VAR_DIR}/tests.sqlite3"}  # noqa: F405

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 - whitenoise warns where there is none

"""All settings. Everything that differs between machines comes from the environment (see .env.example)."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

from opendeep.environment import Env
from opendeep.pbxs import other_pbxs

django_stubs_ext.monkeypatch()  # generic admin and form classes at run time

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(os.environ.get("ENV_FILE", BASE_DIR / ".env"))
env = Env()

VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))

DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS", "localhost [::1]"), "127.0.0.1"]  # the launcher asks for /readyz there
WEB_PORT = env.port("WEB_PORT", 8000)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", f"http://localhost:{WEB_PORT} http://127.0.0.1:{WEB_PORT}")
ENVIRONMENT_NOTICE = env.text("ENVIRONMENT_NOTICE", "")
"""Shown on top of every page, for example "Sandbox: nobody real is called."."""

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "django_celery_beat",
    "channels",
    "opendeep.core",
    "opendeep.accounts",
    "calls",
    "audiogateway",
    "analysis",
    "campaigns",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "opendeep.slashes.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "opendeep.accounts.middleware.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "opendeep.urls"
ASGI_APPLICATION = "opendeep.asgi.application"
APPEND_SLASH = True

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "opendeep.accounts.context.tenant",
            ],
        },
    }
]

# --- Database -----------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # IMMEDIATE: a transaction takes the write lock at its start, so a read inside it cannot be outdated at its write.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for `url` (sqlite:///path or postgres://...)."""
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not usable; write sqlite:///path/to/file or postgres://user:password@host:port/name."
        ) from error
    engine = config.get("ENGINE", "")
    if engine.endswith("sqlite3"):
        config["ENGINE"] = "opendeep.core.sqlite3"
        config["OPTIONS"] = SQLITE_OPTIONS
        if config["NAME"] != ":memory:":
            Path(config["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    elif engine.endswith("postgresql"):
        config["CONN_HEALTH_CHECKS"] = True
    else:
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgres://.")
    config["CONN_MAX_AGE"] = 60
    return config


DATABASES = {"default": database(env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'opendeep.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker, channel layer, command bus ---------------------------------------------------

REDIS_URL = env.url("REDIS_URL", "redis://127.0.0.1:6379/0", {"redis", "rediss"})
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    # Whoever queues a job does not wait for a broker that is away: beat finds the work later.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_PUBLISH_RETRY = False  # a job that cannot be queued now is found by the next beat; nobody waits for it
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "calls.dial_due": {"queue": "dial"},
    "calls.prepare_due": {"queue": "dial"},
    "calls.place_ready": {"queue": "dial"},
    "calls.place_ready_by": {"queue": "dial"},
    "calls.use_free_lines": {"queue": "dial"},
    "campaigns.dispatch_due": {"queue": "dial"},
    "analysis.judge_call": {"queue": "llm"},
    "campaigns.write_report": {"queue": "llm"},
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_SEND_TASK_EVENTS = False  # Flower switches them on while it runs; they cost as much as taking a job
CELERY_DB_REUSE_MAX = 1_000_000  # as good as never: opendeep.celery closes the connections that are old or broken
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- The model -------------------------------------------------------------------------------------

OPENAI_API_KEY = env.text("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", "https://api.openai.com/v1", {"http", "https"})
OPENAI_REALTIME_URL = env.url("OPENAI_REALTIME_URL", "wss://api.openai.com/v1/realtime", {"ws", "wss"})
OPENAI_TEXT_MODEL = env.text("OPENAI_TEXT_MODEL", "gpt-5.1")
OPENAI_REALTIME_MODEL = env.text("OPENAI_REALTIME_MODEL", "gpt-realtime-2.1")
OPENAI_TRANSCRIPTION_MODEL = env.text("OPENAI_TRANSCRIPTION_MODEL", "gpt-transcribe")
OPENAI_VOICE = env.text("OPENAI_VOICE", "marin")
OPENAI_TIMEOUT_SECONDS = env.number("OPENAI_TIMEOUT_SECONDS", 60, minimum=1, maximum=600)

# --- The PBX and the line -----------------------------------------------------------------------------

ASTERISK_AMI_HOST = env.text("ASTERISK_AMI_HOST", "127.0.0.1")
ASTERISK_AMI_PORT = env.port("ASTERISK_AMI_PORT", 5038)
ASTERISK_AMI_TLS = env.boolean("ASTERISK_AMI_TLS", False)
ASTERISK_AMI_CA_FILE = env.text("ASTERISK_AMI_CA_FILE", "")
ASTERISK_AMI_USERNAME = env.text("ASTERISK_AMI_USERNAME", "opendeep-orig")
ASTERISK_AMI_SECRET = env.text("ASTERISK_AMI_SECRET", "")
# Least privilege: the account that dials may see no events. Without an own account, callcontrol uses the first one.
ASTERISK_AMI_EVENTS_USERNAME = env.text("ASTERISK_AMI_EVENTS_USERNAME", ASTERISK_AMI_USERNAME)
ASTERISK_AMI_EVENTS_SECRET = env.text("ASTERISK_AMI_EVENTS_SECRET", ASTERISK_AMI_SECRET)
# Further PBXs; the trunks that lead through them are rows, see /admin/calls/trunk/.
OTHER_PBXS = other_pbxs(env, env.words("ASTERISK_PBXS", ""))
ASTERISK_DIAL_STRING = env.dial_string("ASTERISK_DIAL_STRING", "PJSIP/{number}@trunk")
ASTERISK_CONTEXT = env.text("ASTERISK_CONTEXT", "opendeep-out")
RING_TIMEOUT_SECONDS = env.integer("RING_TIMEOUT_SECONDS", 45, minimum=5, maximum=180)
MAX_CALL_SECONDS = env.integer("MAX_CALL_SECONDS", 900, minimum=30, maximum=7200)
TRANSFER_RING_SECONDS = env.integer("TRANSFER_RING_SECONDS", 30, minimum=5, maximum=120)
MAX_TRANSFER_SECONDS = env.integer("MAX_TRANSFER_SECONDS", 7200, minimum=60, maximum=43200)
AUDIOSOCKET_BIND = env.host_port("AUDIOSOCKET_BIND", "127.0.0.1:9092")
AUDIOSOCKET_ADVERTISE = env.host_port("AUDIOSOCKET_ADVERTISE", env.text("AUDIOSOCKET_BIND", "127.0.0.1:9092"))
GATEWAY_CAPACITY = env.integer("GATEWAY_CAPACITY", 100, minimum=1, maximum=1000)
GATEWAY_DRAIN_SECONDS = env.number("GATEWAY_DRAIN_SECONDS", 30, minimum=0, maximum=3600)
BARGE_IN_ONSET_MS = env.integer("BARGE_IN_ONSET_MS", 600, minimum=0, maximum=2000)
MAX_CONCURRENT_CALLS = env.integer("MAX_CONCURRENT_CALLS", 20, minimum=0, maximum=10000)
TRUNK_LINES = env.integer("TRUNK_LINES", MAX_CONCURRENT_CALLS, minimum=0, maximum=10000)
CALLS_PER_SECOND = env.number("CALLS_PER_SECOND", 5, minimum=0.01, maximum=1000)
TEST_REDIRECT_NUMBER = env.phone_number("TEST_REDIRECT_NUMBER")

# --- Web ------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "ask"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
HTTPS_ONLY = env.boolean("HTTPS_ONLY", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_REDIRECT_EXEMPT = [
    "^healthz$",
    "^readyz$",
    "^metrics$",
]  # asked for by probes, without the proxy
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "opendeep.errors.out_of_date"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "opendeep.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["opendeep.core.rest_defaults.TextJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "opendeep.core.rest_defaults.Pagination",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "opendeep.core.rest.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "OpenDeep",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {  # several models have a status
        "TaskStatusEnum": "campaigns.rest.serializers.TASK_STATUSES",
        "CampaignStatusEnum": "campaigns.rest.serializers.CAMPAIGN_STATUSES",
        "ReportStatusEnum": "campaigns.models.Report.Status",
    },
}

METRICS_TOKEN = env.text("METRICS_TOKEN", "")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    raise ImproperlyConfigured("METRICS_TOKEN is too short; write at least 16 characters that nobody guesses.")

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media")))
RECORDINGS = env.boolean("RECORDINGS", True)
RECORDINGS_ROOT = MEDIA_ROOT / "recordings"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

LOG_LEVEL = env.one_of("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOG_JSON = env.boolean("LOG_JSON", False)
LOGGING_CONFIG = "opendeep.core.logging.configure"
LOGGING: dict[str, Any] = {"level": LOG_LEVEL, "json": LOG_JSON}

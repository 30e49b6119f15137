"""Settings from the environment fail loudly and say what to write."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from opendeep.environment import Env


def test_a_missing_required_setting_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        Env({}).text("SECRET_KEY")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("s3cret\n")
    assert Env({"OPENAI_API_KEY_FILE": str(file)}).text("OPENAI_API_KEY") == "s3cret"


def test_a_secret_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="OPENAI_API_KEY_FILE names /nowhere/key"):
        Env({"OPENAI_API_KEY_FILE": "/nowhere/key"}).text("OPENAI_API_KEY")


@pytest.mark.parametrize("value", ["maybe", "2", "ja"])
def test_a_boolean_that_is_none_says_what_to_write(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="write true or false"):
        Env({"DEBUG": value}).boolean("DEBUG", False)


@given(st.integers(min_value=1, max_value=65535))
def test_every_port_is_accepted(port: int) -> None:
    assert Env({"WEB_PORT": str(port)}).port("WEB_PORT", 8000) == port


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "80.0"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="WEB_PORT"):
        Env({"WEB_PORT": value}).port("WEB_PORT", 8000)


@pytest.mark.parametrize("value", ["127.0.0.1", "localhost:", ":9092", "127.0.0.1:99999", "127.0.0.1:port"])
def test_an_address_without_host_or_port_shows_an_example(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HOST:PORT"):
        Env({"AUDIOSOCKET_BIND": value}).host_port("AUDIOSOCKET_BIND", "127.0.0.1:9092")


def test_an_ipv6_address_loses_its_brackets() -> None:
    assert Env({"AUDIOSOCKET_BIND": "[::1]:9092"}).host_port("AUDIOSOCKET_BIND", "x:1") == ("::1", 9092)


@pytest.mark.parametrize(
    "value", ["localhost:6379", "http://127.0.0.1", "redis://", "redis://db:port/0", "redis://[::1/0", "redis://:6379"]
)
def test_a_url_of_the_wrong_kind_names_the_right_one(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must begin with redis://"):
        Env({"REDIS_URL": value}).url("REDIS_URL", "redis://127.0.0.1", {"redis"})


def test_an_empty_setting_counts_as_not_given() -> None:
    assert Env({"WEB_PORT": " "}).port("WEB_PORT", 8000) == 8000


def test_a_choice_is_read_in_any_case_and_names_the_choices_when_it_is_none() -> None:
    assert Env({"LOG_LEVEL": "debug"}).one_of("LOG_LEVEL", "INFO", ("DEBUG", "INFO")) == "DEBUG"
    with pytest.raises(ImproperlyConfigured, match="LOG_LEVEL is 'LOUD'; write one of DEBUG, INFO"):
        Env({"LOG_LEVEL": "loud"}).one_of("LOG_LEVEL", "INFO", ("DEBUG", "INFO"))


@pytest.mark.parametrize("value", ["12025550100", "+1 202 555 0100", "+0123456789", "me"])
def test_a_telephone_number_that_is_none_shows_an_example(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"in the form \+12025550100"):
        Env({"TEST_REDIRECT_NUMBER": value}).phone_number("TEST_REDIRECT_NUMBER")


def test_a_telephone_number_may_be_missing() -> None:
    assert Env({}).phone_number("TEST_REDIRECT_NUMBER") == ""


def test_a_secret_file_without_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match="it holds no text"):
        Env({"SECRET_KEY_FILE": str(file)}).text("SECRET_KEY")


@pytest.mark.parametrize(
    "value",
    ["PJSIP/trunk", "PJSIP/{number}{number}@t", "PJSIP/{number}}@t", "{0}/{number}", "PJSIP/{number}@a b", "{number}"],
)
def test_a_dial_string_that_makes_no_channel_shows_an_example(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"ASTERISK_DIAL_STRING .* like PJSIP/\{number\}@trunk"):
        Env({"ASTERISK_DIAL_STRING": value}).dial_string("ASTERISK_DIAL_STRING", "PJSIP/{number}@trunk")


@pytest.mark.parametrize(
    "value", ["PJSIP/{number}@trunk", "PJSIP/trunk/sip:{number}@pbx.example:5060", "Local/{number}@out/n"]
)
def test_a_dial_string_of_a_trunk_is_taken_as_it_is(value: str) -> None:
    assert Env({"ASTERISK_DIAL_STRING": value}).dial_string("ASTERISK_DIAL_STRING", "") == value

"""Further PBXs in the environment."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from calls.asterisk.dialer import PbxUnavailable
from calls.asterisk.originate import AmiDialer
from calls.asterisk.pbx import part_of, pbx_named, pbx_names
from opendeep.environment import Env
from opendeep.pbxs import other_pbxs

BERLIN = {"ASTERISK_BERLIN_AMI_HOST": "pbx.example", "ASTERISK_BERLIN_AMI_SECRET": "s3cret"}


def test_the_access_of_a_pbx_is_read_by_its_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    given = {"ASTERISK_BERLIN_AMI_HOST": "pbx.example", "ASTERISK_BERLIN_AMI_SECRET_FILE": str(secret)}
    given |= {"ASTERISK_BERLIN_AMI_PORT": "5039", "ASTERISK_BERLIN_AMI_TLS": "true"}
    with override_settings(OTHER_PBXS=other_pbxs(Env(given), ["berlin"])):
        assert pbx_names() == ("default", "berlin")
        berlin = pbx_named("berlin")
    assert (berlin.host, berlin.port, berlin.uses_tls, berlin.secret) == ("pbx.example", 5039, True, "from a file")
    assert (berlin.events_username, berlin.events_secret) == ("opendeep-orig", "from a file")
    assert "from a file" not in repr(berlin)


@pytest.mark.parametrize("missing", sorted(BERLIN))
def test_without_host_or_secret_the_start_stops_with_the_name_of_what_is_missing(missing: str) -> None:
    given = {name: value for name, value in BERLIN.items() if name != missing}
    with pytest.raises(ImproperlyConfigured, match=missing):
        other_pbxs(Env(given), ["berlin"])


@pytest.mark.parametrize("name", ["default", "Berlin", "ber lin", "1st", "berlin-2", ""])
def test_a_name_that_cannot_stand_in_a_variable_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="ASTERISK_PBXS"):
        other_pbxs(Env(BERLIN), [name])


def test_a_pbx_that_the_settings_do_not_know_is_unavailable_in_words() -> None:
    with pytest.raises(PbxUnavailable, match="There is no PBX named berlin. Add it to ASTERISK_PBXS"):
        AmiDialer.through("berlin", "PJSIP/{number}@trunk", "opendeep-out")


def test_signs_of_life_carry_the_name_of_every_pbx_but_the_default_one() -> None:
    assert (part_of("pbx", "default"), part_of("pbx", "berlin")) == ("pbx", "pbx:berlin")

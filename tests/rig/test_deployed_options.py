"""What is switched off in the files that operators copy works when it is switched on, in a real Asterisk."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.rig import pcmu, sipp
from tests.rig.asterisk import RunningAsterisk
from tests.rig.gateway import ToneGateway
from tests.rig.pbx import WAIT_S, Pbx
from tests.rig.rtp import RtpPeer

pytestmark = pytest.mark.asterisk

TONE = pcmu.tone(440.0, 1.0).tobytes()
EXAMPLES = ("[trunk-auth]", "[trunk-registration]", "[transport-tls]")


@contextmanager
def logged_in(asterisk: RunningAsterisk) -> Iterator[Pbx]:
    with asterisk.connect(asterisk.originator) as originator, asterisk.connect(asterisk.observer) as observer:
        yield Pbx(asterisk, originator, observer)


def guesses(asterisk: RunningAsterisk, detection: str) -> list[str]:
    """What is told about a callee who begins with a tone of eight seconds."""
    asterisk.command(f"dialplan set global OPENDEEP_AMD {detection}")
    with (
        ToneGateway(TONE) as gateway,
        RtpPeer() as phone,
        sipp.Callee(asterisk.trunk_port, sipp.answers(phone.port)),
        logged_in(asterisk) as pbx,
    ):
        phone.play(pcmu.encode(pcmu.tone(700.0, 8.0)))
        pbx.dial(gateway.address)
        gateway.accept(WAIT_S).hang_up()
        pbx.event("Hangup")
        told = [event for event in pbx.observer.events if event.get("UserEvent") == "OpenDeepAMD"]
    assert all(guess["Uniqueid"] == guess["Call"] == str(pbx.call_id) for guess in told)
    return [f"{guess['Status']} {guess['Cause']}" for guess in told]


def test_detection_of_machines_is_off_and_tells_nothing(asterisk: RunningAsterisk) -> None:
    assert guesses(asterisk, "no") == []


def test_detection_of_machines_tells_its_guess_through_the_filters_of_callcontrol(asterisk: RunningAsterisk) -> None:
    try:
        (guess,) = guesses(asterisk, "yes")
    finally:
        asterisk.command("dialplan set global OPENDEEP_AMD no")
    assert guess.split()[0] in {"MACHINE", "HUMAN", "NOTSURE"}
    assert guess.split()[1]


class WithExamples(RunningAsterisk):
    """The examples for registration, passwords and TLS, without their semicolons, filled in."""

    def _pjsip_conf(self) -> str:
        filled = {"username =": "username = opendeep", "password =": "password = s3cret"}
        filled |= {"bind = 0.0.0.0:5061": "bind = 127.0.0.1:0"}
        lines, is_example = [], False
        for line in super()._pjsip_conf().splitlines():
            bare = line.removeprefix("; ")
            is_example = bare in EXAMPLES or (is_example and line.startswith("; ") and "=" in line)
            lines.append(filled.get(bare, bare) if is_example and "ca_list_file" not in line else line)
        return "\n".join(lines) + "\n"


def test_the_examples_for_registration_passwords_and_tls_load(asterisk: RunningAsterisk) -> None:
    with WithExamples() as running:
        assert "trunk-registration" in running.command("pjsip show registrations")
        assert "transport-tls" in running.command("pjsip show transports")
        assert "trunk-auth" in running.command("pjsip show auths")

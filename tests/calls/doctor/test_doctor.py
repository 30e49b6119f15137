"""manage.py doctor against the stand-ins, and once against a real Asterisk."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from calls.asterisk.ami_codec import AmiMessage
from calls.contracts import GATEWAY_KEY_PREFIX, GatewayInfo
from calls.doctor import inside, ours
from calls.doctor.ways_out import WayOut
from calls.states import State
from calls.trunks.models import Trunk
from opendeep.core import alive
from opendeep.core.redis import connection
from sandbox.openai.server import build_server, listen
from sandbox.openai.settings import Settings
from tests.calls.pbx import SECRET, USERNAME, SandboxPbx
from tests.factories import NOW, make_call, make_organization
from tests.openai_server import OpenAIServer, forget_client
from tests.rig.asterisk import RunningAsterisk
from tests.rig.ports import free_tcp_port

pytestmark = pytest.mark.django_db

SANDBOX = {"ASTERISK_AMI_USERNAME": USERNAME, "ASTERISK_AMI_SECRET": SECRET}
SANDBOX |= {"ASTERISK_AMI_EVENTS_USERNAME": USERNAME, "ASTERISK_AMI_EVENTS_SECRET": SECRET}
SECRETS = (SECRET, "another-secret", "test-key")


def doctor(**settings: Any) -> tuple[int, str]:
    """Exit status and output."""
    output, status = io.StringIO(), 0
    with override_settings(**settings):
        try:
            call_command("doctor", stdout=output)
        except SystemExit as end:
            status = int(end.code or 0)
    assert not any(secret in output.getvalue() for secret in SECRETS)
    return status, output.getvalue()


def missing_lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("missing")]


@pytest.fixture
def gateway_address(redis_url: str) -> Iterator[str]:
    """All processes say that they live; a gateway listens at this address."""
    for process in ours.needed_processes():
        alive.note(process)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        info = GatewayInfo("gateway-1", address, "specific.1", capacity=10, load=0)
        connection().set(GATEWAY_KEY_PREFIX + "gateway-1", info.encode())
        yield address


@pytest.fixture
def healthy(gateway_address: str, openai_server: OpenAIServer, pbx: SandboxPbx) -> dict[str, Any]:
    """Settings with which nothing is missing."""
    make_organization()
    return {**SANDBOX, "ASTERISK_AMI_PORT": pbx.port}


def test_where_nothing_is_missing_it_says_so(healthy: dict[str, Any], gateway_address: str) -> None:
    status, output = doctor(**healthy)
    assert (status, missing_lines(output)) == (0, [])
    assert f"ok       audio of the gateway: {gateway_address}" in output
    assert "ok       OpenAI: The key is accepted" in output
    assert "opendeep is logged in" in output


def test_the_inside_of_the_pbx_is_looked_at(healthy: dict[str, Any]) -> None:
    _, output = doctor(**healthy)
    assert "ok       dialplan: The context opendeep-out answers" in output
    assert "ok       transfer to a person: The context opendeep-transfer puts callees through." in output
    assert "ok       modules: All that calls need are loaded." in output
    assert "ok       trunk trunk: The PBX knows the endpoint" in output
    assert "note     AMI accounts: One account dials and listens." in output


def test_a_trunk_that_the_pbx_does_not_know_is_missing(healthy: dict[str, Any]) -> None:
    status, output = doctor(**healthy, ASTERISK_DIAL_STRING="PJSIP/{number}@elsewhere")
    assert status == 1
    assert "missing  trunk elsewhere: The PBX knows no such PJSIP endpoint." in missing_lines(output)[0]


def test_a_person_who_may_not_be_rung_is_named(healthy: dict[str, Any]) -> None:
    make_organization(name="Far away", transfer_number="+19005550123")
    status, output = doctor(**healthy)
    assert status == 1
    assert "transfer to a person: Far away: This is a premium-rate number." in output


@pytest.mark.parametrize(
    ("causes", "words"),
    [
        ([], "only a call can show"),
        ([None, None], "only a call can show"),
        ([None] * 3, "told nothing of the last 3 calls"),
        ([None, 16, 17], "told of the end of 2 of the last calls"),
    ],
)
def test_whether_events_arrive_is_told_from_the_last_calls(
    healthy: dict[str, Any], causes: list[int | None], words: str
) -> None:
    for cause in causes:
        make_call(State.ENDED, hangup_cause=cause, originate_sent_at=NOW)
    _, output = doctor(**healthy)
    assert words in output


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ASTERISK_AMI_SECRET": "another-secret"}, "AMI account that dials: The PBX refuses the login of opendeep."),
        ({"ASTERISK_AMI_EVENTS_SECRET": "another-secret"}, "AMI account of callcontrol: The PBX refuses"),
        ({"ASTERISK_AMI_PORT": 1}, "The PBX at 127.0.0.1:1 cannot be used: Connection refused."),
        ({"ASTERISK_AMI_TLS": True}, "it speaks no TLS"),
        ({"ASTERISK_AMI_TLS": True, "ASTERISK_AMI_CA_FILE": "/nowhere/ca.pem"}, "ASTERISK_AMI_CA_FILE cannot be used"),
        ({"OPENAI_API_KEY": ""}, "settings: Not set: OPENAI_API_KEY."),
        ({"MAX_CONCURRENT_CALLS": 0}, "no call goes out"),
    ],
)
def test_what_is_missing_is_named_and_the_status_is_1(
    healthy: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    status, output = doctor(**(healthy | settings))
    assert status == 1
    assert any(words in line for line in missing_lines(output)), output


def test_a_key_that_the_model_refuses_is_missing(healthy: dict[str, Any]) -> None:
    with another_model(Settings(latency_s=0, api_key="the right key")) as url:
        status, output = doctor(**healthy, OPENAI_BASE_URL=url)
    assert (status, missing_lines(output)) == (1, ["missing  OpenAI: The model refuses the key. Check OPENAI_API_KEY."])


@contextmanager
def another_model(settings: Settings) -> Iterator[str]:
    """The address of a stand-in with settings of its own."""
    server, listener = build_server(settings), listen("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    forget_client()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    forget_client()
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("process", ["beat", "worker-llm"])
def test_a_process_without_a_sign_of_life_is_named(healthy: dict[str, Any], process: str) -> None:
    connection().delete(alive.PREFIX + process)
    status, output = doctor(**healthy)
    assert status == 1
    assert [line.split(":")[0] for line in missing_lines(output)] == [f"missing  {process}"]


def test_a_gateway_whose_port_is_closed_is_named(healthy: dict[str, Any]) -> None:
    info = GatewayInfo("gateway-1", f"127.0.0.1:{free_tcp_port()}", "specific.1", capacity=10, load=0)
    connection().set(GATEWAY_KEY_PREFIX + "gateway-1", info.encode())
    status, output = doctor(**healthy)
    assert status == 1
    assert "Connection refused" in missing_lines(output)[0]


def test_without_redis_it_looks_at_the_rest(openai_server: OpenAIServer, pbx: SandboxPbx) -> None:
    status, output = doctor(**SANDBOX, ASTERISK_AMI_PORT=pbx.port)
    assert (status, missing_lines(output)) == (1, ["missing  Redis: It cannot be reached. Check REDIS_URL."])
    assert "is logged in" in output


def test_every_pbx_is_looked_at_with_the_contexts_of_its_trunks(healthy: dict[str, Any]) -> None:
    access = {"host": "127.0.0.1", "uses_tls": False, "ca_file": "", "username": USERNAME, "secret": SECRET}
    berlin = {**access, "port": 1, "events_username": USERNAME, "events_secret": SECRET}
    Trunk.objects.create(name="second", pbx="default", context="elsewhere")
    status, output = doctor(**healthy, OTHER_PBXS={"berlin": berlin})
    assert status == 1
    assert "The context opendeep-out" in output
    assert "The PBX has no context elsewhere." in output
    named = [line.split(":")[0] for line in missing_lines(output)]
    assert "missing  AMI account that dials (berlin)" in named
    assert "manage.py run_callcontrol --pbx berlin" in output


def test_a_trunk_through_an_unknown_pbx_is_named(healthy: dict[str, Any]) -> None:
    Trunk.objects.create(name="second", pbx="nowhere")
    status, output = doctor(**healthy)
    assert status == 1
    assert "settings (nowhere): There is no PBX named nowhere. Add it to ASTERISK_PBXS." in output


@pytest.mark.asterisk
def test_a_real_asterisk_with_our_configuration_has_all_that_calls_need(
    asterisk: RunningAsterisk, gateway_address: str, openai_server: OpenAIServer
) -> None:
    settings = {
        "ASTERISK_AMI_PORT": asterisk.ami_port,
        "ASTERISK_AMI_USERNAME": asterisk.originator.username,
        "ASTERISK_AMI_SECRET": asterisk.originator.secret,
        "ASTERISK_AMI_EVENTS_USERNAME": asterisk.observer.username,
        "ASTERISK_AMI_EVENTS_SECRET": asterisk.observer.secret,
    }
    status, output = doctor(**settings)
    assert (status, missing_lines(output)) == (0, [])
    assert "opendeep-orig may Originate." in output
    assert "opendeep-events may CoreShowChannels, Hangup, PlayDTMF, Redirect, Setvar." in output
    for seen in ("transfer to a person: The context", "modules: All", "trunk trunk: The PBX knows the endpoint"):
        assert f"ok       {seen}" in output
    assert "More events" not in output
    assert "ok       Asterisk version: 22." in output
    assert "ok       dialplan: The context opendeep-out answers" in output

    _, output = doctor(**settings, ASTERISK_CONTEXT="nowhere")
    assert missing_lines(output) == [
        "missing  dialplan: The PBX has no context nowhere. Copy deploy/asterisk/extensions.conf."
    ]
    swapped = {name.replace("AMI_", "AMI_EVENTS_"): value for name, value in settings.items() if "EVENTS" not in name}
    _, output = doctor(**(settings | {"ASTERISK_AMI_PORT": asterisk.ami_port} | swapped))
    lacking = "opendeep-orig may not CoreShowChannels, Hangup, PlayDTMF, Redirect, Setvar"
    assert any(lacking in line for line in missing_lines(output))


@pytest.mark.parametrize(("events", "said"), [({"Hangup", "Newstate"}, False), ({"Hangup", "NewCallerid"}, True)])
def test_an_event_that_a_filter_would_keep_away_is_noted(events: set[str], said: bool) -> None:
    facts = inside.Facts("22.10.1", {}, {}, [], frozenset(events))
    found = inside.findings(WayOut("default", "opendeep-out"), facts)
    assert any("Compare `eventfilter`" in finding.words for finding in found) is said


@pytest.mark.parametrize(
    ("state", "level"), [("NOT_INUSE", "ok"), ("UNAVAILABLE", "missing"), ("INVALID", "missing"), ("", "note")]
)
def test_a_trunk_is_told_by_its_state(state: str, level: str) -> None:
    values = {"DEVICE_STATE(PJSIP/trunk)": state}
    found = inside.findings(
        WayOut("default", "opendeep-out", ("trunk",)), inside.Facts("22.10.1", {}, values, [], frozenset())
    )
    assert [finding.level for finding in found if finding.part == "trunk trunk"] == [level]


def test_a_registration_that_was_rejected_is_missing() -> None:
    registration = AmiMessage((("ObjectName", "provider"), ("Status", "Rejected")))
    facts = inside.Facts("22.10.1", {}, {}, [registration], frozenset())
    found = [f for f in inside.findings(WayOut("default", "opendeep-out"), facts) if f.part == "registration provider"]
    assert [finding.level for finding in found] == ["missing"]


class CarelessAsterisk(RunningAsterisk):
    """No event filters, an account with all rights, no transfer, a module that was forgotten."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        etc = self._directory / "etc"
        for name, drops in (("manager.conf", "eventfilter"), ("modules.conf", "load = codec_resample.so")):
            lines = (etc / name).read_text().splitlines()
            kept = [line for line in lines if not line.startswith(drops)]
            (etc / name).write_text("\n".join(kept).replace("write = call,reporting", "write = all") + "\n")
        dialplan = (etc / "extensions.conf").read_text().replace("[opendeep-transfer]", "[something-else]")
        (etc / "extensions.conf").write_text(dialplan)


@pytest.mark.asterisk
def test_what_an_operator_forgot_is_named(
    asterisk: RunningAsterisk, gateway_address: str, openai_server: OpenAIServer
) -> None:
    make_organization(transfer_number="+12025550177")
    with CarelessAsterisk() as careless:
        settings = {
            "ASTERISK_AMI_PORT": careless.ami_port,
            "ASTERISK_AMI_USERNAME": careless.originator.username,
            "ASTERISK_AMI_SECRET": careless.originator.secret,
            "ASTERISK_AMI_EVENTS_USERNAME": careless.observer.username,
            "ASTERISK_AMI_EVENTS_SECRET": careless.observer.secret,
        }
        status, output = doctor(**settings, ASTERISK_DIAL_STRING="PJSIP/{number}@forgotten")
    assert status == 1
    assert [line.split(":")[0] for line in missing_lines(output)] == [
        "missing  transfer to a person",
        "missing  modules",
        "missing  trunk forgotten",
    ]
    assert "codec_resample.so is not loaded: there is no 24 kHz sound." in output
    assert "opendeep-events may also Command" in output
    assert "opendeep-events may place calls and need not." in output

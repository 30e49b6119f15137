"""AMI over TLS: both accounts, against a scripted peer and against a real Asterisk."""

import math
import ssl
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from calls.asterisk import originate
from calls.asterisk.ami_client import AmiAccount, AmiClient
from calls.asterisk.dialer import Accepted, DialOrder, PbxUnavailable, Unknown
from calls.asterisk.originate import AmiDialer
from calls.asterisk.pbx import DEFAULT_PBX, pbx_named
from tests.calls.asterisk.peer import GREETING, Peer, scripted
from tests.rig.asterisk import RunningAsterisk

ORDER = DialOrder(uuid.uuid4(), "+12025550100", "127.0.0.1:9092", "", ring_timeout_seconds=30)
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert(HOST)


@pytest.fixture
def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And no reader thread may outlive its session."""
    for name in ("CONNECT_SECONDS", "LOGIN_SECONDS", "ANSWER_SECONDS", "LOGOFF_SECONDS"):
        monkeypatch.setattr(originate, name, 1.0)
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "ami-reader"]


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> Iterator[ssl.SSLContext]:
    """The context that the settings make when they name the authority."""
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with override_settings(ASTERISK_AMI_TLS=True, ASTERISK_AMI_CA_FILE=str(ca_file)):
        context = pbx_named(DEFAULT_PBX).tls()
        assert context is not None
        yield context


def dialer(port: int, tls: ssl.SSLContext | None, username: str = "opendeep", secret: str = "s3cret") -> AmiDialer:
    return AmiDialer(HOST, port, username, secret, "PJSIP/{number}@trunk", "opendeep-out", tls)


def accepts_a_call(peer: Peer) -> None:
    peer.log_in()
    peer.answer(peer.receive(), "Success", "Originate successfully queued")
    peer.answer(peer.receive(), "Goodbye", "Thanks for all the fish.")
    peer.until_closed()


def dies_after_the_originate(peer: Peer) -> None:
    peer.log_in()
    peer.receive()


def test_a_call_is_placed_over_tls(trusting: ssl.SSLContext, server_side: ssl.SSLContext) -> None:
    with scripted(accepts_a_call, server_side) as server, dialer(server.port, trusting).session() as session:
        assert session.originate([ORDER], before=math.inf) == [Accepted()]
    assert len(server.named("Originate")) == 1


def test_a_connection_that_is_lost_after_originate_is_an_unknown_outcome(
    trusting: ssl.SSLContext, server_side: ssl.SSLContext
) -> None:
    with scripted(dies_after_the_originate, server_side) as server, dialer(server.port, trusting).session() as session:
        assert isinstance(session.originate([ORDER], before=math.inf)[0], Unknown)


def test_a_certificate_of_somebody_else_is_not_trusted_and_nothing_is_sent(server_side: ssl.SSLContext) -> None:
    with (
        scripted(accepts_a_call, server_side) as server,
        pytest.raises(PbxUnavailable, match="certificate verify failed"),
        dialer(server.port, ssl.create_default_context()).session(),
    ):
        pass
    assert server.actions == []


def test_a_certificate_for_another_host_is_not_trusted(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pbx.example.com").configure_cert(context)
    with (
        scripted(accepts_a_call, context) as server,
        pytest.raises(PbxUnavailable, match="certificate verify failed"),
        dialer(server.port, trusting).session(),
    ):
        pass


def test_a_pbx_without_tls_is_unavailable_when_tls_is_asked_for(trusting: ssl.SSLContext) -> None:
    with (
        scripted(lambda peer: peer.send(GREETING)) as server,
        pytest.raises(PbxUnavailable, match="cannot be reached"),
        dialer(server.port, trusting).session(),
    ):
        pass
    assert server.actions == []


async def test_callcontrol_does_not_log_in_at_a_stranger(server_side: ssl.SSLContext) -> None:
    with scripted(accepts_a_call, server_side) as server:
        account = AmiAccount(HOST, server.port, "opendeep", "s3cret", ssl.create_default_context())
        with pytest.raises(ssl.SSLCertVerificationError):
            async with AmiClient(account, on_event=lambda _: None).once():
                pass
    assert server.actions == []


def test_without_the_setting_there_is_no_tls() -> None:
    assert pbx_named(DEFAULT_PBX).tls() is None


def test_a_file_of_authorities_that_cannot_be_read_is_named() -> None:
    with (
        override_settings(ASTERISK_AMI_TLS=True, ASTERISK_AMI_CA_FILE="/nowhere/ca.pem"),
        pytest.raises(ImproperlyConfigured, match="ASTERISK_AMI_CA_FILE"),
    ):
        pbx_named(DEFAULT_PBX).tls()


@pytest.mark.asterisk
@pytest.mark.timeout(120)
async def test_a_real_asterisk_serves_both_accounts_over_tls(
    certificate: trustme.LeafCert, trusting: ssl.SSLContext
) -> None:
    with RunningAsterisk(certificate.private_key_and_cert_chain_pem.bytes()) as asterisk:
        place = dialer(asterisk.ami_tls_port, trusting, asterisk.originator.username, asterisk.originator.secret)
        with place.session() as session:
            assert session.originate([ORDER], before=math.inf) == [Accepted()]
        observer = asterisk.observer
        account = AmiAccount(HOST, asterisk.ami_tls_port, observer.username, observer.secret, trusting)
        async with AmiClient(account, on_event=lambda _: None).once() as client:
            listed = await client.request_list("CoreShowChannels")
    assert [item.get("Uniqueid") for item in listed] == [str(ORDER.call_id)]

import pytest

from sandbox.pbx.ami import Action
from sandbox.pbx.channel import UNKNOWN
from sandbox.pbx.originate import AmiError, OriginateRequest, parse_originate

GOOD = {"Channel": "PJSIP/+12025550100@trunk", "Context": "here", "Exten": "s", "Priority": "1", "ChannelId": "c1"}


def parse(*pairs: tuple[str, str], **changed: str) -> OriginateRequest:
    headers = [*(GOOD | changed).items(), *pairs]
    return parse_originate(Action(headers), lambda context, exten, priority: context == "here" and exten == "s")


def test_a_channel_falls_into_technology_number_and_endpoint() -> None:
    request = parse(Timeout="45000", Async="True", ActionID="a1")
    assert (request.technology, request.number, request.endpoint) == ("PJSIP", "+12025550100", "trunk")
    assert (request.timeout_ms, request.is_async, request.action_id, request.channel_id) == (45000, True, "a1", "c1")


def test_what_is_left_out_has_asterisks_defaults() -> None:
    request = parse()
    assert (request.timeout_ms, request.is_async, request.caller_number) == (30000, False, UNKNOWN)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Channel": ""}, "Channel not specified"),
        ({"Channel": "PJSIP"}, "Invalid channel"),
        ({"Priority": "x"}, "Invalid priority"),
        ({"Timeout": "soon"}, "Invalid timeout"),
        ({"Context": "nowhere"}, "Extension does not exist."),
        ({"Exten": ""}, "Extension does not exist."),
        ({"ChannelId": "x" * 150}, "Uniqueid length exceeds maximum of 149"),
    ],
)
def test_what_asterisk_refuses_is_refused_in_its_words(changed: dict[str, str], message: str) -> None:
    with pytest.raises(AmiError) as refused:
        parse(**changed)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("caller_id", "number", "name"),
    [
        ("OpenDeep <+12025550199>", "+12025550199", "OpenDeep"),
        ('"Open, Deep" <123>', "123", "Open, Deep"),
        ("<123>", "123", UNKNOWN),
        ("123", "123", UNKNOWN),
        ("", UNKNOWN, UNKNOWN),
    ],
)
def test_a_caller_id_has_a_number_and_perhaps_a_name(caller_id: str, number: str, name: str) -> None:
    request = parse(CallerID=caller_id)
    assert (request.caller_number, request.caller_name) == (number, name)


def test_variables_come_one_per_header_or_separated_by_commas() -> None:
    request = parse(("Variable", "A=1,B=2"), ("Variable", '__C="3,4"'), ("Variable", "D"))
    assert request.variables == {"A": "1", "B": "2", "C": "3,4", "D": ""}


def test_of_a_variable_given_twice_the_first_one_wins() -> None:
    assert parse(("Variable", "A=1"), ("Variable", "A=2")).variables == {"A": "1"}

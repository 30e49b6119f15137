"""What the agent does when a machine answers."""

from __future__ import annotations

import pytest

from sandbox.openai.realtime.agent.brain import decide
from sandbox.openai.realtime.agent.turns import Decision, Turn
from tests.sandbox.openai_realtime.agent.scenes import (
    END,
    INTRODUCED,
    OPENING,
    PURPOSE,
    called,
    callee,
    name_of,
    output,
    scene,
)

GREETING = callee("I cannot take your call. Please leave a message after the beep.")
REPORTED = (GREETING, called("report_voicemail"))
BEEP = callee("")
MESSAGE = f"{OPENING} {PURPOSE} Please call us back."
ALLOWED = '{"ok": true, "leave_message": true}'


def outcome_of(decision: Decision) -> object:
    return decision.call.arguments["outcome"] if decision.call else None


# Voicemail


def test_a_machine_is_reported_without_a_word() -> None:
    decision = decide(scene(GREETING))
    assert (decision.speech, name_of(decision)) == ("", "report_voicemail")


@pytest.mark.parametrize(
    ("instructions", "leaves"),
    [
        ("", False),
        ("If a machine answers, leave a short message.", True),
        ("Voicemail message: Please call Green Dental back.", True),
        ("Do not leave a message.", False),
        ("Leave no message on machines.", False),
        ("Never leave any message on a machine.", False),
    ],
)
def test_whether_to_leave_a_message_is_in_the_instructions(instructions: str, leaves: bool) -> None:
    decision = decide(scene(GREETING, extra=instructions))
    assert decision.call is not None
    assert decision.call.arguments == {"leave_message": leaves}


def test_a_machine_is_hung_up_on_when_it_cannot_be_reported() -> None:
    decision = decide(scene(GREETING, tools={"end_call": END}))
    assert (decision.speech, outcome_of(decision)) == ("", "voicemail")


@pytest.mark.parametrize("result", ['{"ok": true, "leave_message": false}', '{"ok": false, "error": "x"}', "{}", "no"])
def test_without_leave_the_agent_hangs_up_in_silence(result: str) -> None:
    decision = decide(scene(*REPORTED, output("report_voicemail", result)))
    assert (decision.speech, outcome_of(decision)) == ("", "voicemail")


def test_a_message_is_left_when_the_report_says_so() -> None:
    decision = decide(scene(*REPORTED, BEEP, output("report_voicemail", ALLOWED)))
    assert decision.speech == f"{MESSAGE} Goodbye."
    assert outcome_of(decision) == "voicemail"


def test_while_the_report_is_on_its_way_the_beep_is_no_reason_to_speak() -> None:
    assert decide(scene(*REPORTED, BEEP)) == Decision()


@pytest.mark.parametrize(
    "result",
    [
        '{"leave_message": true, "wait_for_beep": true}',
        '{"leave_message": true, "next": "Say nothing until you hear the beep, then leave the message."}',
    ],
)
def test_a_report_that_asks_to_wait_for_the_beep_is_obeyed(result: str) -> None:
    waiting = (*REPORTED, output("report_voicemail", result))
    assert decide(scene(*waiting)) == Decision()
    assert decide(scene(*waiting, BEEP)).speech == f"{MESSAGE} Goodbye."


def test_a_beep_that_never_came_was_missed() -> None:
    waiting = (*REPORTED, output("report_voicemail", '{"leave_message": true, "wait_for_beep": true}'))
    assert decide(scene(*waiting, Turn("callee", "", silent=True))).speech == f"{MESSAGE} Goodbye."


def test_a_message_that_was_cut_off_by_the_beep_is_left_again() -> None:
    cut = (*REPORTED, output("report_voicemail", ALLOWED), Turn("agent", OPENING), BEEP)
    assert decide(scene(*cut)).speech == f"{MESSAGE} Goodbye."


def test_a_message_is_left_once() -> None:
    left = (*REPORTED, output("report_voicemail", ALLOWED), Turn("agent", MESSAGE))
    decision = decide(scene(*left, BEEP))
    assert (decision.speech, outcome_of(decision)) == ("", "voicemail")
    assert decide(scene(*left, called("end_call"), BEEP)) == Decision()


def test_the_words_of_the_message_may_be_given_by_the_instructions_or_by_the_report() -> None:
    instructions = "Voicemail message: Please call Green Dental back."
    ordered = scene(*REPORTED, output("report_voicemail", ALLOWED), extra=instructions)
    assert decide(ordered).speech == "Please call Green Dental back. Goodbye."
    told = scene(*REPORTED, output("report_voicemail", '{"leave_message": true, "message": "Hello, Robin."}'))
    assert decide(told).speech == "Hello, Robin. Goodbye."


def test_a_person_who_picks_up_after_all_is_talked_to() -> None:
    picked_up = (*REPORTED, output("report_voicemail", ALLOWED), BEEP, callee("Hello? I am here."))
    assert decide(scene(*picked_up)).speech == f"{OPENING} {PURPOSE}"


# Phone menu

MENU = callee("For new appointments, press one. If you want to speak to a person, press two.")
PRESSED = (MENU, called("send_dtmf", '{"digits": "2"}'), output("send_dtmf", '{"ok": true}'))


def test_a_menu_gets_the_key_of_a_person() -> None:
    decision = decide(scene(*INTRODUCED, MENU))
    assert decision.call is not None
    assert decision.speech == ""
    assert (decision.call.name, decision.call.arguments) == ("send_dtmf", {"digits": "2"})


def test_an_announcement_is_listened_to_and_what_follows_is_answered() -> None:
    welcome = callee("Welcome, you have reached our automatic service.")
    assert decide(scene(*INTRODUCED, welcome)) == Decision()
    assert name_of(decide(scene(*INTRODUCED, welcome, MENU))) == "send_dtmf"


def test_without_a_person_the_goal_chooses_the_key() -> None:
    decision = decide(scene(callee("Press one for sales, press two for appointments.")))
    assert decision.call is not None
    assert decision.call.arguments == {"digits": "2"}


@pytest.mark.parametrize("sound", ["", "Please hold, you are being connected.", "One moment please."])
def test_after_the_key_the_agent_is_silent_until_somebody_speaks(sound: str) -> None:
    assert decide(scene(*INTRODUCED, *PRESSED)) == Decision()
    assert decide(scene(*INTRODUCED, *PRESSED, callee(sound))) == Decision()
    assert decide(scene(*INTRODUCED, *PRESSED, callee(sound), Turn("callee", "", silent=True))) == Decision()


def test_whoever_comes_to_the_telephone_is_greeted_from_the_beginning() -> None:
    connected = (*INTRODUCED, *PRESSED, callee("Please hold, you are being connected."), callee(""), callee("Hello?"))
    assert decide(scene(*connected)).speech == f"{OPENING} {PURPOSE}"
    confirmed = decide(scene(*connected, Turn("agent", f"{OPENING} {PURPOSE}"), callee("Yes, please.")))
    assert "I have noted" in confirmed.speech


def test_a_key_that_led_nowhere_is_not_pressed_again() -> None:
    back = callee("This is not a valid choice. For new appointments, press one. For a person, press two.")
    decision = decide(scene(*PRESSED, back))
    assert decision.call is not None
    assert decision.call.arguments == {"digits": "1"}


def test_a_complaint_of_the_machine_alone_brings_the_next_key() -> None:
    decision = decide(scene(*PRESSED, callee("We did not receive your choice.")))
    assert decision.call is not None
    assert decision.call.arguments == {"digits": "1"}


def test_a_menu_that_leads_to_nobody_is_hung_up_on() -> None:
    tried = (*PRESSED, MENU, called("send_dtmf", '{"digits": "1"}'), output("send_dtmf"), MENU)
    decision = decide(scene(*tried))
    assert (decision.speech, name_of(decision)) == ("", "end_call")


def test_keys_that_cannot_be_pressed_end_the_call() -> None:
    decision = decide(scene(MENU, called("send_dtmf"), output("send_dtmf", '{"ok": false, "error": "no line"}')))
    assert (decision.speech, name_of(decision)) == ("", "end_call")


def test_without_keys_the_agent_asks_for_a_person_twice_and_then_waits() -> None:
    turns = [MENU]
    for _ in range(2):
        decision = decide(scene(*turns, tools={"end_call": END}))
        assert decision.speech == "I would like to speak to a person, please."
        turns += [Turn("agent", decision.speech), MENU]
    assert decide(scene(*turns, tools={"end_call": END})) == Decision()

"""The label of who is there: certain signs decide alone, doubtful ones together, and it changes with the facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.callee.kind import LONG_GREETING_MS, CalleeLabel
from audiogateway.callee.tones import Tone
from calls.contracts import CalleeKind

UNKNOWN, PERSON, VOICEMAIL = CalleeKind.UNKNOWN, CalleeKind.PERSON, CalleeKind.VOICEMAIL
MENU, FAX, SILENCE = CalleeKind.MENU, CalleeKind.FAX, CalleeKind.SILENCE
GREETING = "I cannot take your call right now. Please leave a message after the tone."
KEYS = "For new appointments, press one. If you want to speak to a person, press two."


class Call:
    """A label and a clock; every turn lasts a second and has its words a second later."""

    def __init__(self) -> None:
        self.label = CalleeLabel()
        self.now_ms = 0

    def say(self, text: str, *, lasted_ms: int = 1000, began_ms: int | None = None) -> CalleeKind:
        began_ms = self.now_ms if began_ms is None else began_ms
        self.now_ms += lasted_ms + 1000
        self.label.said(text, began_ms=began_ms, lasted_ms=lasted_ms, now_ms=self.now_ms)
        return self.label.kind

    def sound(self, tone: Tone) -> CalleeKind:
        self.label.sounded(tone, now_ms=self.now_ms)
        return self.label.kind


def test_nobody_is_known_at_first_and_the_first_hello_is_not_enough() -> None:
    call = Call()
    assert [call.label.kind, call.say("Hello?")] == [UNKNOWN, UNKNOWN]


def test_whoever_talks_twice_is_a_person() -> None:
    call = Call()
    call.say("Hello?")
    assert call.say("Yes, that works for me.") is PERSON


def test_a_machine_that_asks_for_a_message_is_a_voicemail_at_once() -> None:
    assert Call().say(GREETING) is VOICEMAIL


def test_two_doubtful_signs_make_a_voicemail() -> None:
    call = Call()
    assert call.say("You have reached the Millers.") is UNKNOWN
    assert call.sound(Tone.BEEP) is VOICEMAIL


def test_a_long_greeting_in_any_language_and_a_beep_make_a_voicemail() -> None:
    call = Call()
    assert call.say("Tervetuloa, olette soittaneet Virtaselle.", lasted_ms=LONG_GREETING_MS) is UNKNOWN
    assert call.sound(Tone.BEEP) is VOICEMAIL


def test_a_beep_alone_makes_no_machine_of_anybody() -> None:
    call = Call()
    assert call.sound(Tone.BEEP) is UNKNOWN
    call.say("Hello?")
    assert call.say("Who is this?") is PERSON


def test_the_same_doubtful_sign_counts_once_however_often_it_is_seen() -> None:
    call = Call()
    assert [call.sound(Tone.BEEP) for _ in range(3)] == [UNKNOWN] * 3  # a line that is recorded beeps now and then
    call = Call()
    assert [call.say("We are not available.") for _ in range(3)] == [UNKNOWN] * 3


def test_the_guess_of_the_pbx_alone_decides_nothing() -> None:
    call = Call()
    call.label.detected(is_machine=True, now_ms=100)
    assert call.label.kind is UNKNOWN
    assert call.say("We are not available at the moment.") is VOICEMAIL


def test_the_pbx_guess_of_a_person_is_confirmed_by_the_first_words() -> None:
    call = Call()
    call.label.detected(is_machine=False, now_ms=100)
    assert call.say("Hello?") is PERSON


def test_what_the_agent_reports_counts() -> None:
    call = Call()
    assert call.label.reported_voicemail(now_ms=500)
    assert call.label.kind is VOICEMAIL


def test_an_owner_who_picks_up_is_a_person() -> None:
    call = Call()
    call.say(GREETING)
    assert call.say("I live in Berlin.") is VOICEMAIL
    assert call.say("Hello? I'm here, don't hang up!") is PERSON


def test_words_from_before_the_machine_was_recognised_are_no_owner_who_picks_up() -> None:
    call = Call()
    call.now_ms = 5000
    call.label.reported_voicemail(now_ms=5000)
    assert call.say("Hello, this is Anna.", began_ms=1000) is VOICEMAIL


def test_a_menu_becomes_a_person_when_somebody_answers() -> None:
    call = Call()
    assert call.say(KEYS) is MENU
    assert call.say("Please hold, you are being connected.") is MENU
    assert call.say("Hello?") is PERSON


def test_somebody_behind_a_menu_who_does_not_greet_is_a_person_by_the_second_turn() -> None:
    call = Call()
    call.say(KEYS)
    assert call.say("Doctor Miller's office.") is MENU
    assert call.say("Friday would be fine.") is PERSON


def test_a_key_that_the_agent_pressed_tells_of_a_menu() -> None:
    call = Call()
    call.label.keys_were_pressed(now_ms=100)
    assert call.label.kind is MENU


def test_a_menu_that_ends_in_a_mailbox_is_a_voicemail() -> None:
    call = Call()
    call.say(KEYS)
    assert call.say("Nobody is available. Please leave a message after the tone.") is VOICEMAIL


def test_the_keys_of_a_mailbox_make_no_menu_of_it() -> None:
    call = Call()
    call.say(GREETING)
    assert call.say("To send your message with normal delivery, press one.") is VOICEMAIL


@pytest.mark.parametrize(
    "text",
    ["He is not available. Would you like to leave a message?", "I'll leave a message for him.", "He is not here."],
)
def test_somebody_who_was_talked_with_stays_a_person_when_messages_are_spoken_of(text: str) -> None:
    call = Call()
    call.say("Miller's dental, how can I help you?")
    call.say("One moment, let me look.")
    assert call.say(text) is PERSON


def test_a_receptionist_in_the_second_turn_is_no_voicemail() -> None:
    call = Call()
    call.say("Miller's dental, how can I help you?")
    assert call.say("Would you like to leave a message?") is not VOICEMAIL


def test_somebody_who_puts_the_caller_through_to_a_mailbox_ends_as_a_voicemail() -> None:
    call = Call()
    call.say("Miller's dental, how can I help you?")
    call.say("I'll put you through to his mailbox.")
    call.say(GREETING)
    assert call.sound(Tone.BEEP) is VOICEMAIL


def test_a_fax_is_known_by_its_tone_whatever_was_believed_before() -> None:
    call = Call()
    call.say(GREETING)
    assert call.sound(Tone.FAX) is FAX


def test_a_line_on_which_nobody_has_spoken_is_silent_until_somebody_does() -> None:
    call = Call()
    call.label.nobody_spoke(now_ms=16_000)
    assert call.label.kind is SILENCE
    call.say("Hello?")
    assert call.say("Sorry, I was on mute.") is PERSON


def test_somebody_who_spoke_once_is_no_silence() -> None:
    call = Call()
    call.say("Hello?")
    assert not call.label.nobody_spoke(now_ms=16_000)


@pytest.mark.parametrize("noise", ["", "[Music]", "..."])
def test_noise_is_no_turn(noise: str) -> None:
    call = Call()
    call.say(noise)
    assert call.say(noise) is UNKNOWN


@given(st.lists(st.sampled_from([GREETING, KEYS, "Hello?", "Yes.", "", Tone.BEEP, True, False]), max_size=12))
def test_a_change_is_told_exactly_when_the_label_is_another_one(signs: list[str | Tone | bool]) -> None:
    label = CalleeLabel()
    for at, sign in enumerate(signs):
        before = label.kind
        if isinstance(sign, str):
            told = label.said(sign, began_ms=at * 1000, lasted_ms=500, now_ms=at * 1000 + 900)
        elif isinstance(sign, Tone):
            told = label.sounded(sign, now_ms=at * 1000)
        else:
            told = label.detected(is_machine=sign, now_ms=at * 1000)
        assert told == (label.kind is not before)
        assert bool(label.why) == (label.kind is not UNKNOWN)

"""What is done about machines during a call: the whole session on virtual time, its callee synthesised."""

from typing import Any

import pytest

from audiogateway.callee.reception import MESSAGE_MS, WORDS_MS
from audiogateway.callee.tones import FRAME_SAMPLES, ToneEar
from audiogateway.conduct import Manner
from audiogateway.hangup import LAST_WORDS_MS
from audiogateway.realtime import events
from audiogateway.silence import AFTER_GREETING_MS, AFTER_MESSAGE_MS, LONGEST_HOLD_MS, PUT_THROUGH_MS
from tests.audiogateway.callee.sounds import Samples, line, silence, tone, voiced
from tests.audiogateway.stage import Stage, sound

GREETING = "I cannot take your call right now. Please leave a message after the tone."
KEYS = "For new appointments, press one. If you want to speak to a person, press two."
HOLD = "Please hold, you are being connected."


class Call(Stage):
    """Somebody has answered. The model begins what it is asked for at once, and speaks when `answer` says so."""

    def __init__(self, voicemail: str = "as_instructed", **brief: Any) -> None:
        super().__init__(voicemail=voicemail, **brief)
        self.numbers = 0
        self.responses: list[str] = []
        self.connect()
        self.bus.on_command = lambda command: self.session.on_line_closed("closed by the PBX")

    def tell(self, *told: events.Event) -> None:
        for event in told:
            self.session.on_event(event)
        self._serve()

    def _serve(self) -> None:
        """The model's side of what was sent: responses begin, and end when they are cancelled."""
        while sent := self.voice.take():
            for event in sent:
                if event["type"] == "response.create":
                    self.numbers += 1
                    self.responses.append(f"r{self.numbers}")
                    self.session.on_event(events.ResponseCreated(self.responses[-1]))
                elif event["type"] == "response.cancel" and event["response_id"] in self.responses:
                    self.responses.remove(event["response_id"])
                    self.session.on_event(events.ResponseDone(event["response_id"], "cancelled", "", ""))

    async def run(self, seconds: float) -> None:
        await super().run(seconds)
        self._serve()

    async def hear(self, *parts: Samples) -> None:
        """The callee's sound, frame by frame while the clock goes on."""
        heard = line(*parts)
        for at in range(0, len(heard) - 1, 2 * FRAME_SAMPLES):
            self.session.on_audio(heard[at : at + 2 * FRAME_SAMPLES])
            await self.run(0.02)

    async def say(self, text: str | None, *, seconds: float = 2.0) -> None:
        """A turn of the callee; None is one whose words never come."""
        self.numbers += 1
        item = f"u{self.numbers}"
        self.tell(events.SpeechStarted(item, self.session.now_ms()))
        await self.run(seconds)
        self.tell(events.SpeechStopped(item, self.session.now_ms()))
        if text is not None:
            self.tell(events.CalleeTranscript(item, text))
        await self.run(0.2)

    @property
    def asked(self) -> int:
        """How many responses the model has begun and not ended."""
        return len(self.responses)

    async def answer(self, ms: int, *tools: tuple[str, str]) -> None:
        """The model does what it was asked for: speaks so long, and calls tools."""
        self._serve()
        response = self.responses[-1]
        item = f"a{response}"
        if ms:
            self.tell(events.AgentAudio(response, item, sound(ms)), events.AgentAudioDone(response, item))
        self.tell(*(events.ToolCalled(response, f"t{item}", f"c{item}", name, data) for name, data in tools))
        await self.spawned.finished()
        if response in self.responses:
            self.responses.remove(response)
            self.tell(events.ResponseDone(response, "completed", "", ""))
        await self.run(0.1)

    @property
    def manner(self) -> Manner:
        return self.session.dialogue.conduct.manner


BEEP = (tone(1000, 400), silence(400))
REPORT = ("report_voicemail", '{"leave_message": true}')
GOODBYE = ("end_call", '{"reason": "A message was left.", "outcome": "voicemail"}')


@pytest.mark.parametrize("policy", ["hang_up", "try_again"])
async def test_a_voicemail_is_hung_up_on_at_once_by_its_words_alone(policy: str) -> None:
    call = Call(policy)
    await call.say(GREETING)
    assert call.store.over == ["voicemail"]
    assert call.store.callee == ["voicemail"]
    assert call.store.messages_left == 0


async def test_the_message_is_left_right_after_the_beep_and_the_machine_cannot_interrupt_it() -> None:
    call = Call("leave_message")
    await call.say(GREETING)
    await call.hear(silence(500))
    assert call.asked == 0
    await call.hear(*BEEP)
    assert call.asked == 1
    await call.answer(6000)
    frames = len(call.line.frames)
    call.tell(events.SpeechStarted("u9", call.session.now_ms()))
    await call.hear(voiced(4000, pitch_hz=120))
    call.tell(events.SpeechStopped("u9", call.session.now_ms()), events.CalleeTranscript("u9", "Thank you."))
    assert call.line.frames[0] not in call.line.frames[frames : frames + 200]
    await call.run(AFTER_MESSAGE_MS / 1000 + 3)
    assert (call.asked, call.store.messages_left, call.store.over) == (0, 1, ["voicemail"])


async def test_a_long_message_is_heard_to_its_end_before_the_call_is_hung_up() -> None:
    call = Call("leave_message")
    await call.say(GREETING)
    await call.hear(*BEEP)
    await call.answer(20_000, GOODBYE)
    await call.run(LAST_WORDS_MS / 1000 + 5)
    assert call.store.over == []
    await call.run(10)
    assert (call.store.over, call.store.messages_left) == (["voicemail"], 1)


async def test_without_a_beep_the_message_is_left_when_the_machine_is_quiet() -> None:
    call = Call("leave_message")
    await call.say(GREETING)
    await call.run(AFTER_GREETING_MS / 1000 + 0.3)
    assert call.asked == 1


async def test_a_beep_before_the_machine_was_recognised_counts() -> None:
    call = Call("leave_message")
    call.tell(events.SpeechStarted("u9", 0))
    await call.hear(*BEEP)
    call.tell(events.SpeechStopped("u9", 900))
    call.tell(events.CalleeTranscript("u9", GREETING))
    assert call.manner is Manner.MESSAGE
    assert call.asked == 1


async def test_a_beep_in_the_middle_of_the_greeting_is_not_the_one() -> None:
    call = Call("leave_message")
    await call.hear(*BEEP)
    await call.run(1.0)
    await call.say(GREETING)
    assert call.manner is Manner.MACHINE


async def test_a_model_that_reports_the_machine_instead_of_speaking_is_told_that_it_records() -> None:
    call = Call("leave_message")
    await call.say(GREETING)
    await call.hear(*BEEP)
    await call.answer(0, REPORT)
    assert call.asked == 1
    await call.answer(3000, GOODBYE)
    await call.run(4.0)
    assert (call.store.over, call.store.messages_left) == (["voicemail"], 1)


async def test_a_machine_that_hangs_up_in_the_message_has_recorded_it_when_it_was_long_enough() -> None:
    for heard_ms, left in ((MESSAGE_MS - 500, 0), (MESSAGE_MS + 500, 1)):
        call = Call("leave_message")
        await call.say(GREETING)
        await call.hear(*BEEP)
        await call.answer(20_000)
        await call.run(heard_ms / 1000)
        call.session.on_line_closed("closed by the PBX")
        assert (call.store.over, call.store.messages_left) == (["voicemail"], left)


async def test_as_instructed_the_model_decides_whether_a_message_is_left() -> None:
    call = Call("as_instructed")
    await call.say(GREETING)
    assert call.store.callee == ["voicemail"]
    assert call.asked == 1
    await call.answer(0, REPORT)
    assert call.manner is Manner.MACHINE
    await call.hear(*BEEP)
    assert call.asked == 1


async def test_a_model_that_speaks_to_the_machine_unasked_has_left_its_message_too() -> None:
    call = Call("as_instructed")
    await call.say(GREETING)
    await call.hear(*BEEP)
    await call.answer(6000, GOODBYE)
    call.tell(events.SpeechStarted("u9", 9000), events.SpeechStopped("u9", 9100), events.CalleeTranscript("u9", ""))
    await call.run(7.0)
    assert (call.store.over, call.store.messages_left) == (["voicemail"], 1)


async def test_an_owner_who_picks_up_before_the_beep_is_talked_with() -> None:
    call = Call("leave_message")
    await call.say(GREETING)
    await call.say("Hello? I'm here, don't hang up!")
    assert call.store.callee == ["voicemail", "person"]
    assert (call.manner, call.asked) == (Manner.TALK, 1)


async def test_an_owner_who_picks_up_during_the_message_stops_it_and_the_talk_goes_on() -> None:
    call = Call("leave_message")
    await call.say(GREETING)
    await call.hear(*BEEP)
    await call.answer(15_000, GOODBYE)
    await call.run(2.0)
    await call.say("Hello? I'm here!", seconds=1.0)
    assert (call.manner, call.asked, call.session.is_talking) == (Manner.TALK, 1, True)
    await call.answer(1000, ("end_call", '{"reason": "Done.", "outcome": "completed"}'))
    await call.run(2.0)
    assert (call.store.over, call.store.messages_left) == (["agent_ended"], 0)


async def test_a_fax_is_hung_up_on_in_the_middle_of_the_greeting() -> None:
    call = Call("leave_message")
    await call.say("", seconds=0.3)
    await call.answer(10_000)
    await call.hear(tone(2100, 1300))
    await call.run(0.5)
    assert (call.store.over, call.store.callee) == (["fax"], ["fax"])


async def test_nothing_is_answered_on_hold_until_somebody_speaks_to_the_agent() -> None:
    call = Call()
    await call.say(HOLD)
    for text in ("[Music]", "", HOLD, "Your call is important to us. All our agents are busy."):
        await call.say(text, seconds=10)
    assert (call.manner, call.asked) == (Manner.HOLD, 0)
    await call.say("Miller's office, how can I help you?")
    assert (call.manner, call.asked) == (Manner.TALK, 1)


async def test_what_the_model_was_about_to_say_when_it_is_put_on_hold_is_not_heard() -> None:
    call = Call()
    call.tell(events.SpeechStarted("u1", 0))
    await call.run(1.0)
    call.tell(events.SpeechStopped("u1", 1000))
    call.tell(events.AgentAudio(call.responses[0], "a1", sound(5000)), events.CalleeTranscript("u1", HOLD))
    frames = len(call.line.frames)
    await call.run(1.0)
    assert set(call.line.frames[frames:]) == {call.line.frames[0]}
    assert call.asked == 0


async def test_after_a_key_the_agent_waits_for_words_and_answers_the_next_menu() -> None:
    call = Call()
    call.bus.on_command = lambda command: None
    await call.say(KEYS)
    assert call.asked == 1
    await call.answer(0, ("send_dtmf", '{"digits": "2"}'))
    await call.say("", seconds=2)
    assert call.asked == 0
    await call.say("For recipes, press three.")
    assert call.asked == 1
    assert call.store.callee == ["menu"]


async def test_words_that_never_come_do_not_leave_somebody_without_an_answer() -> None:
    call = Call()
    await call.say(HOLD)
    await call.say(None)
    assert call.asked == 0
    await call.run(WORDS_MS / 1000)
    assert call.asked == 1


async def test_a_hold_that_never_ends_is_given_up() -> None:
    call = Call()
    await call.say(HOLD)
    for _ in range(LONGEST_HOLD_MS // 30_000 - 1):
        await call.say(HOLD, seconds=29.8)
    assert call.store.over == []
    await call.run(PUT_THROUGH_MS / 1000 + 5)
    assert call.store.over == ["on_hold"]


async def test_a_callee_who_never_says_a_word_is_labelled_silent() -> None:
    call = Call(first_speaker="agent")
    while not call.store.over:
        await call.run(1.0)
        if call.asked:
            await call.answer(1000)
    assert (call.store.callee, call.store.over) == (["silence"], ["silence"])


@pytest.mark.parametrize(("seconds", "said", "label"), [(10, None, ["silence"]), (2, None, []), (10, "Hello?", [])])
async def test_who_hangs_up_without_a_word_was_silent(seconds: float, said: str | None, label: list[str]) -> None:
    call = Call()
    if said:
        await call.say(said)
        await call.answer(1000)
    await call.run(seconds)
    call.session.on_line_closed("closed by the PBX")
    assert (call.store.over, call.store.callee) == (["callee_hung_up"], label)


async def test_a_person_is_labelled_and_not_listened_to_for_beeps_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call("hang_up")
    await call.say("Hello?")
    await call.answer(1000)
    await call.say("Yes, that works for me.")
    assert call.store.callee == ["person"]
    monkeypatch.setattr(ToneEar, "hear", None)
    await call.hear(*BEEP)


async def test_the_guess_of_the_pbx_waits_for_another_sign() -> None:
    call = Call("hang_up")
    call.session.machine_detected(is_machine=True)
    assert call.store.over == []
    await call.hear(*BEEP)
    await call.run(0.5)
    assert call.store.over == ["voicemail"]


async def test_nothing_holds_the_first_words_back() -> None:
    call = Call("hang_up", first_speaker="agent")
    await call.answer(2000)
    assert call.line.frames[-1] != call.line.frames[0]

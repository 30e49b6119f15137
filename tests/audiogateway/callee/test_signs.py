"""Machines give themselves away by their words; what people say does not make machines of them."""

import pytest

from audiogateway.callee.signs import Sign, is_speech, signs_of
from sandbox.personas import PERSONAS
from sandbox.script import spoken_texts

VOICEMAILS = (
    "Hello, I cannot take your call right now. Please leave a message after the tone.",
    "Hi, you've reached Sam. Leave your name and number and I'll get back to you as soon as I can.",
    "The person you are calling is not available. At the tone, please record your message.",
    "Your call has been forwarded to an automated voice messaging system. Please wait for the beep.",
    "Welcome to the mailbox of plus four nine one seven.",
    "Guten Tag, Sie sind mit dem Anrufbeantworter von Familie Meier verbunden.",
    "Bitte hinterlassen Sie eine Nachricht nach dem Signalton.",
    "En este momento no puedo atenderle. Deje su mensaje después de la señal.",
    "Vous êtes sur la messagerie vocale de Paul. Laissez un message après le bip.",
    "Risponde la segreteria telefonica. Lasciate un messaggio dopo il segnale.",
    "Ik ben er even niet. Spreek een bericht in na de piep.",
    "Deixe o seu recado após o sinal.",
)
MENUS = (
    "For new appointments, press one. If you want to speak to a person, press two.",
    "Press 1 for English. Para español, oprima el dos.",
    "Please listen carefully as our menu options have changed.",
    "Für Termine drücken Sie bitte die 1, für Rezepte die 2.",
    "Pour les rendez-vous, tapez 1.",
)
HOLDS = (
    "Please hold, you are being connected.",
    "Your call is important to us. All our agents are busy.",
    "Bitte warten Sie, Sie werden gleich verbunden.",
    "Ne quittez pas, nous allons vous répondre.",
)
PEOPLE = (
    "Hello?",
    "Yes, this is Anna speaking.",
    "Miller's Dental, how can I help you?",
    "Sorry, I'm not in the mood, who is this?",
    "Can you send me a message instead?",
    "I pressed the wrong button, sorry.",
    "Hallo, Meier am Apparat.",
    "Hola, ¿quién habla?",
    "No, I do not want to leave anything. Goodbye.",
    "Could you call me after two?",
    "He is not here, he is at work.",
)


@pytest.mark.parametrize("text", VOICEMAILS)
def test_a_voicemail_asks_for_a_message(text: str) -> None:
    assert Sign.TAKES_MESSAGES in signs_of(text)


@pytest.mark.parametrize("text", MENUS)
def test_a_menu_offers_keys(text: str) -> None:
    assert Sign.OFFERS_KEYS in signs_of(text)
    assert Sign.TAKES_MESSAGES not in signs_of(text)


@pytest.mark.parametrize("text", HOLDS)
def test_an_announcement_asks_to_wait(text: str) -> None:
    assert signs_of(text) == {Sign.HOLDS}


@pytest.mark.parametrize("text", PEOPLE)
def test_what_people_say_shows_neither_a_voicemail_nor_a_menu(text: str) -> None:
    assert not signs_of(text) & {Sign.TAKES_MESSAGES, Sign.OFFERS_KEYS, Sign.HOLDS}


@pytest.mark.parametrize("text", ["Hello?", "Hi, who is this?", "Hallo?", "I am here, don't hang up!", "Pronto?"])
def test_somebody_who_speaks_to_the_caller_greets(text: str) -> None:
    assert signs_of(text) == {Sign.GREETS}


@pytest.mark.parametrize("text", [VOICEMAILS[0], VOICEMAILS[1], "Hello. " + "We sell flowers and plants. " * 8])
def test_the_hello_of_a_machine_is_no_greeting(text: str) -> None:
    assert Sign.GREETS not in signs_of(text)


def test_only_the_machines_of_the_sandbox_speak_like_machines() -> None:
    machine_like = {Sign.TAKES_MESSAGES, Sign.OFFERS_KEYS, Sign.HOLDS}
    talkers = {
        persona.number: frozenset().union(*map(signs_of, spoken_texts(persona.script))) & machine_like
        for persona in PERSONAS
    }
    assert {number for number, signs in talkers.items() if signs} >= {3, 6}
    assert not any(talkers[number] for number in (0, 4, 5, 7, 8, 9, 10, 11, 13))


@pytest.mark.parametrize("text", ["", " ", "[Music]", "♪ ♪", "(hold music)", "*beep*", "..."])
def test_music_and_noise_are_no_words(text: str) -> None:
    assert not is_speech(text)


def test_words_are_words_in_any_script() -> None:
    assert all(map(is_speech, ("Hello?", "да", "[Music] Please hold", "2")))

"""What the words of a callee say about who is speaking: a machine that records, a menu, somebody who puts one on hold.

A hint, no verdict: only phrases that people do not say to a caller. Languages in which that is certain are here; in
others the model's own ear and the beep are left. To add a language, add its phrases to each sign.
"""

import re
from collections.abc import Mapping
from enum import Enum


class Sign(Enum):
    TAKES_MESSAGES = "asks for a message"
    IS_AWAY = "says that nobody can answer"
    OFFERS_KEYS = "offers keys to press"
    HOLDS = "asks to wait"
    GREETS = "speaks to the caller"


_PHRASES: Mapping[Sign, tuple[str, ...]] = {
    Sign.TAKES_MESSAGES: (
        # English; people offer to leave or take a message, machines ask for one
        r"(?<!to )(?<!can )(?<!could )(?<!ll )(?<!may )\b(?:leave|record) (?:me |us |him |her |them )?"
        r"(?:a|your|the) (?:\w+ ){0,2}(?:message|name|number)",
        r"(?:after|at|wait for|following|hear) (?:the|a) (?:\w+ )?(?:tone|beep|signal)",
        r"(?:reached|is|to) (?:the |a |my |our )?(?:\w+ )?(?:voice ?mail|answering (?:machine|service))",
        r"(?:mailbox|voice ?mail(?: box)?) (?:of|is full|has not been|cannot)",
        r"get back to you (?:as soon as|shortly|at my earliest)",
        r"(?:to|if you are) (?:re-?record|satisfied with) your message",
        # German
        r"(?:hinterlassen|sprechen) sie (?:uns |mir |bitte )*(?:eine|ihre)n? (?:kurze )?(?:nachricht|anliegen)",
        r"nach dem (?:signal|piep|pfeif|signal)?-?\s?ton\b",
        r"nach dem (?:piep(?:ton|ser)?|signal)\b",
        r"\b(?:anrufbeantworter|mailbox|sprachbox) (?:von|des|der|ist)\b",
        r"rufe? (?:ich )?(?:sie |dich )?(?:so bald wie möglich|schnellstmöglich|baldmöglichst) zurück",
        # Spanish, Portuguese
        r"\bdeje? (?:su|un|tu) (?:mensaje|nombre)",
        r"después (?:de la señal|del tono|del bip)",
        r"\bbuzón de voz\b",
        r"\bdeixe (?:o seu |a sua |um |uma )?(?:recado|mensagem)",
        r"após o (?:sinal|bip)",
        r"\bcaixa (?:postal|de mensagens)\b",
        # French
        r"laissez(?:-nous|-moi)? (?:un|votre) message",
        r"après le (?:bip|signal)",
        r"\b(?:messagerie|répondeur) (?:vocale|de|du|automatique)\b",
        # Italian, Dutch
        r"lasciate? (?:un|il vostro|il tuo|il suo) messaggio",
        r"dopo il (?:segnale|bip)",
        r"\bsegreteria telefonica\b",
        r"(?:spreek|laat) (?:een|uw|je) (?:bericht|boodschap)",
        r"na de (?:piep|toon)",
    ),
    Sign.IS_AWAY: (
        r"(?:can(?:no|')t|unable to|not able to) (?:take|answer|come to) (?:your|the) (?:call|phone)",
        r"(?:is|am|are)(?: not|n't) (?:available|here|in the office|at home)\b",
        r"\b(?:currently|temporarily) (?:unavailable|not available)",
        r"\byou(?:'ve| have) reached\b",
        r"(?:sorry (?:i|we) missed|missed) your call",
        r"(?:nicht (?:erreichbar|zu hause|persönlich entgegennehmen)|vorübergehend nicht)",
        r"no (?:puedo|podemos) (?:atender|contestar)",
        r"(?:não posso|não podemos) atender",
        r"(?:ne (?:suis|sommes) pas (?:disponibles?|là)|absente? pour le moment)",
        r"(?:non (?:sono|siamo) (?:raggiungibil[ei]|disponibil[ei]|in casa))",
        r"(?:niet (?:bereikbaar|aanwezig|thuis))\b",
    ),
    Sign.OFFERS_KEYS: (
        r"\b(?:press|dial|push|hit) (?:the )?(?:\w+ key|[0-9*#]|one|two|three|four|five|six|seven|eight|nine|zero"
        r"|star|pound|hash)\b",
        r"listen carefully|menu options|main menu|options have (?:recently )?changed",
        r"\b(?:drücken|wählen) sie (?:bitte )?(?:die )?(?:taste )?"
        r"(?:[0-9]|null|eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun)",
        r"\b(?:pulse|marque|presione|oprima) (?:el |la )?(?:tecla )?(?:[0-9]|uno|dos|tres|cuatro|cinco)",
        r"\b(?:tecle|digite|pressione|prima) (?:a tecla |o )?(?:[0-9]|um|dois|três|quatro|cinco)",
        r"\b(?:tapez|appuyez|composez)(?: sur)? (?:la touche |le )?(?:[0-9]|un|deux|trois|quatre|cinq)\b",
        r"\b(?:prema|premere|digiti|digitare) (?:il tasto |il )?(?:[0-9]|uno|due|tre|quattro|cinque)",
        r"\b(?:druk|toets|kies) (?:een |op )?(?:[0-9]|een|twee|drie|vier|vijf)\b",
    ),
    Sign.HOLDS: (
        r"\bplease (?:hold|wait|stay on the line)\b|\bhold the line\b|\bremain on the line\b|\bstay on the line\b",
        r"\b(?:being|be) (?:connected|transferred|put through)\b|\b(?:connecting|transferring) (?:you|your call)\b",
        r"\byour call is (?:very )?important\b|\ball (?:of )?our (?:\w+ )?(?:agents|operators|representatives|lines)\b",
        r"\bnext available\b|\b(?:number|position) \w+ in (?:the )?(?:queue|line)\b"
        r"|\byour (?:estimated )?wait(?:ing)? time",
        r"\bbitte (?:warten|bleiben|haben sie)\b|\bwerden (?:sie )?(?:gleich |jetzt )?verbunden\b"
        r"|\bbleiben sie (?:bitte )?(?:dran|in der leitung|am apparat)\b|\bnächste freie\b",
        r"\b(?:por favor,? )?(?:espere|permanezca|no cuelgue|aguarde)\b",
        r"\b(?:veuillez patienter|ne quittez pas|restez en ligne)\b",
        r"\b(?:attenda|attendere|resti) (?:prego|in linea)\b|\brimanga in linea\b",
        r"\b(?:blijf aan de lijn|een moment geduld|ogenblik geduld)\b",
    ),
    Sign.GREETS: (
        r"^(?:hello|hi|hey|yes|yeah|hallo|ja|hola|sí|diga|allô|oui|pronto|olá|alô)\b",
        r"\b(?:who(?: is|'s) (?:this|there|calling|speaking)|speaking\b|(?:how )?(?:can|may) i help"
        r"|are you (?:still )?there|i(?:'m| am) (?:here|back)|don't hang up|what do you want)",
        r"\b(?:wer ist da|am apparat|was kann ich für sie tun|ich bin (?:da|dran)|legen sie nicht auf)\b",
        r"\b(?:quién (?:es|habla)|en qué puedo|qui est|à l'appareil|chi parla|con chi parlo|quem fala|met wie)\b",
    ),
}

_READERS = {sign: re.compile("|".join(f"(?:{phrase})" for phrase in phrases)) for sign, phrases in _PHRASES.items()}
_SPACES = re.compile(r"\s+")
LONGEST_GREETING = 25
"""Words: people do not begin with a speech; announcements do, also with "hello"."""


def signs_of(text: str) -> frozenset[Sign]:
    """What one turn of the callee gives away. A machine's greeting begins with "hello", too, and is no GREETS."""
    said = _SPACES.sub(" ", text.replace("’", "'")).strip().casefold()
    found = {sign for sign, reader in _READERS.items() if reader.search(said)}
    if len(found) > 1 or len(said.split()) > LONGEST_GREETING:
        found.discard(Sign.GREETS)
    return frozenset(found)


def is_speech(text: str) -> bool:
    """Whether there are words. Transcriptions of music and noise are empty, or a note like [Music] or ♪."""
    bare = re.sub(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*", " ", text)
    return any(character.isalnum() for character in bare)

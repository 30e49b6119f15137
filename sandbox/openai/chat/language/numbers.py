"""Small numbers in words."""

from sandbox.openai.chat.language.words import words

WORDS = words("zero one two three four five six seven eight nine ten eleven twelve")
BY_WORD = {word: value for value, word in enumerate(WORDS)} | {"a": 1, "an": 1, "once": 1, "twice": 2}

PATTERN = r"(?:\d{1,3}|" + "|".join(sorted(BY_WORD, key=len, reverse=True)) + r")"


def value_of(text: str) -> int | None:
    """The value of digits or of a word up to twelve."""
    word = text.strip().lower()
    return int(word) if word.isdecimal() else BY_WORD.get(word)


def in_words(value: int) -> str:
    return WORDS[value] if 0 <= value < len(WORDS) else str(value)

"""Texts from outside: which of them can be kept."""


def is_text(text: str) -> bool:
    """Whether every database can keep `text`: PostgreSQL knows no NUL, and half a surrogate pair has no encoding."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

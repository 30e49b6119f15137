"""Answers to requests that belong to no role of the product."""

MAX_ECHO_CHARS = 80


def short_answer(text: str = "") -> str:
    """One or two sentences that show what was understood: the sandbox does not know the world."""
    words = " ".join(text.split())
    if not words:
        return "I have nothing to answer: the message is empty."
    if words.lower() in {"ping", "ping."}:
        return "pong"
    shown = words if len(words) <= MAX_ECHO_CHARS else words[:MAX_ECHO_CHARS].rsplit(" ", 1)[0] + " ..."
    return f'This is the sandbox, which knows only about phone tasks. You wrote: "{shown}"'

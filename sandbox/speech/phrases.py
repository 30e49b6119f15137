"""Which sentences are known by their sound, per direction.

A sentence is recognised only as it was synthesised, so both stand-ins take these texts from here: what the
callee says is heard by the OpenAI stand-in (`callee_phrases`), and a persona hears that the agent takes its
leave when the agent's turn ends with the sentence GOODBYE in the voice "agent".
"""

from sandbox.personas import all_phrases

GOODBYE = "Goodbye."
"""The agent's last sentence, on its own: `synthesize("Thank you. Goodbye.", voice="agent")` ends with it."""


def callee_phrases() -> list[str]:
    """What the telephone side can say, for `Recognizer(callee_phrases())`."""
    return all_phrases()

"""What the model is told of one call before it begins: instructions, tools, voice and the form of the sound."""

from datetime import datetime

from audiogateway import prompts
from audiogateway.callee_speech import EARS
from audiogateway.line_format import LineFormat
from audiogateway.realtime.openai_codec import Configuration
from audiogateway.surroundings import Models
from audiogateway.tools import offered_json
from calls.contracts import TalkOrder


def configuration_of(order: TalkOrder, models: Models, line_format: LineFormat, now: datetime) -> Configuration:
    return Configuration(
        instructions=prompts.instructions(order, now=now),
        tools=offered_json(order),
        voice=models.voice,
        transcription_model=models.transcription,
        language=prompts.language_code(order.brief.language),
        input_format=line_format.callee_format,
        output_format=line_format.wanted.model_format,
        turn_detection=EARS,
    )

"""Every text can be read on its ground (WCAG 2.2: 4.5:1 for texts, 3:1 for the borders of controls)."""

import re
from pathlib import Path

import pytest

SHEETS = Path(__file__).resolve().parents[2] / "static" / "css"
DARK = "@media screen and (prefers-color-scheme: dark) {"
LIGHT_PART, DARK_PART = (SHEETS / "tokens.css").read_text(encoding="utf-8").split(DARK)

STATES = ("ok", "wait", "stop", "info", "still", "accent")
TEXTS = [
    *((text, ground) for text in ("ink", "soft", "info", "stop") for ground in ("ground", "surface", "sunk")),
    *((state, f"{state}-ground") for state in STATES),
    ("ink", "accent-ground"),
    ("accent-ink", "accent"),
    ("accent", "surface"),
]
BORDERS = [("edge", "surface"), ("edge", "ground")]


def colours(part: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))


THEMES = {"light": colours(LIGHT_PART), "dark": colours(LIGHT_PART) | colours(DARK_PART)}


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_paper_is_never_dark() -> None:
    lines = [line for sheet in SHEETS.glob("*.css") for line in sheet.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if "scheme: dark" in line] == [DARK]
    assert "color-scheme: light;" in (SHEETS / "print.css").read_text(encoding="utf-8")


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_texts_can_be_read_on_their_ground(theme: str, text: str, ground: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("border", "ground"), BORDERS)
def test_borders_of_controls_can_be_seen(theme: str, border: str, ground: str) -> None:
    assert contrast(THEMES[theme][border], THEMES[theme][ground]) >= 3

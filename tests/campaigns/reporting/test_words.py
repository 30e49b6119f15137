import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.reporting.words import safe_html, words_by_rule

FIGURES = {
    "tasks": 3,
    "completed": 1,
    "open": 1,
    "by_conclusion": {"achieved": 1, "do_not_call": 1},
    "results": [{"label": "Keeps", "answered": 1, "values": {"yes": 1}}],
}


def test_figures_make_a_report_of_their_own() -> None:
    words = words_by_rule(FIGURES, "The model is busy.")
    assert words["headline"] == "1 of 3 done, 1 still open."
    for line in (
        "- done: 1",
        "- asked not to be called: 1",
        "- still open: 1",
        "- Keeps: yes: 1",
        "The model is busy.",
    ):
        assert line in words["markdown"]


def test_markdown_becomes_html() -> None:
    assert (
        safe_html("**Done:**\n\n- one\n- two")
        == "<p><strong>Done:</strong></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "![x](https://example.com/pixel.png)",
        "<a href='https://example.com'>x</a>",
    ],
)
def test_nothing_in_a_report_runs_or_loads(attack: str) -> None:
    html = safe_html(attack)
    assert "<script" not in html
    assert "<img" not in html
    assert "<a" not in html


@given(st.text(max_size=200))
def test_any_text_gives_only_harmless_tags(text: str) -> None:
    html = safe_html(text)
    assert "<script" not in html.lower()
    assert "<iframe" not in html.lower()

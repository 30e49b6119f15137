import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sandbox.speech import voice
from sandbox.speech.voice import sentences, synthesize


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANDBOX_CACHE_DIR", str(tmp_path))
    voice._sentence.cache_clear()
    return tmp_path


def test_a_sentence_sounds_the_same_every_time(empty_cache: Path) -> None:
    first = synthesize("Good morning.")
    for file in empty_cache.iterdir():
        file.unlink()
    voice._sentence.cache_clear()
    assert synthesize("Good morning.") == first
    assert 0.4 < len(first) / 16000 < 1.5


def test_both_voices_speak_at_telephone_level_and_differ() -> None:
    callee, agent = (np.frombuffer(synthesize("Good morning.", voice=who), "<i2") for who in ("callee", "agent"))
    assert abs(int(callee.max())) > 8000
    assert abs(int(agent.max())) > 8000
    assert len(callee) != len(agent)


def test_a_higher_rate_is_the_same_sound(empty_cache: Path) -> None:
    low, high = synthesize("Good morning."), synthesize("Good morning.", rate=24000)
    assert abs(len(high) - 3 * len(low)) <= 6


def test_a_sentence_sounds_the_same_wherever_it_is_said() -> None:
    assert synthesize("Good morning. Goodbye.").endswith(synthesize("Goodbye."))


def test_a_text_falls_into_its_sentences() -> None:
    assert sentences(" Yes. Really? No, never! ") == ["Yes.", "Really?", "No, never!"]
    assert synthesize("") == b""


def test_a_cached_phrase_loads_no_model(empty_cache: Path) -> None:
    synthesize("Good morning.")
    check = "import sys; from sandbox.speech.voice import synthesize; synthesize('Good morning.'); "
    loaded = "print(*(name for name in ('onnxruntime', 'hibari') if name in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", check + loaded], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""


def test_a_process_that_dies_while_writing_leaves_no_half_phrase(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", die)
        with pytest.raises(OSError, match="killed"):
            synthesize("Good morning.")
    assert not list(empty_cache.glob("*.s16le"))
    assert synthesize("Good morning.")

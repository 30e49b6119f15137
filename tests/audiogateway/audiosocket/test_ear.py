import pytest

from audiogateway.audiosocket.codec import Audio, Kind
from audiogateway.audiosocket.ear import Ear

SOUND = bytes([0, 8] * 160)


def test_sound_at_8_khz_is_heard_as_it_is() -> None:
    rates = list[int]()
    ear = Ear(rates.append)
    assert [ear.hear(Audio(Kind.SLIN_8K, SOUND)) for _ in range(2)] == [SOUND, SOUND]
    assert rates == [8000]


def test_sound_at_24_khz_is_heard_at_8() -> None:
    ear = Ear(lambda rate_hz: None)
    heard = [ear.hear(Audio(Kind.SLIN_24K, SOUND * 3)) for _ in range(3)]
    assert [len(frame or b"") for frame in heard] == [320] * 3
    assert heard[2] == SOUND


def test_a_change_of_the_rate_is_told_and_heard() -> None:
    rates = list[int]()
    ear = Ear(rates.append)
    for kind in (Kind.SLIN_8K, Kind.SLIN_24K, Kind.SLIN_24K, Kind.SLIN_8K):
        assert ear.hear(Audio(kind, SOUND)) is not None
    assert rates == [8000, 24_000, 8000]


@pytest.mark.parametrize("kind", [Kind.SLIN_12K, Kind.SLIN_16K, Kind.SLIN_44K, Kind.SLIN_192K])
def test_other_rates_are_of_no_use(kind: Kind) -> None:
    rates = list[int]()
    assert Ear(rates.append).hear(Audio(kind, SOUND)) is None
    assert rates == []

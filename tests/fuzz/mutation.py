"""Input that is nearly right: pieces of real traffic, damaged and cut at random. The same seed gives the same input."""

import random
from collections.abc import Callable, Sequence

MAX_PIECES = 12
MAX_DAMAGES = 6
MAX_PARTS = 8
INTERESTING = (0x00, 0x01, 0x02, 0x0A, 0x0D, 0x10, 0x22, 0x3A, 0x5C, 0x7F, 0x80, 0xFE, 0xFF)


def traffic(chance: random.Random, pieces: Sequence[bytes]) -> bytes:
    """Some of `pieces` in any order, with some damage; now and then nothing but noise."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(400))
    data = bytearray(b"".join(chance.choices(pieces, k=chance.randint(1, MAX_PIECES))))
    for _ in range(chance.randint(0, MAX_DAMAGES)):
        chance.choice(DAMAGES)(chance, data)
    return bytes(data)


def parts(chance: random.Random, data: bytes) -> list[bytes]:
    """`data` in the pieces in which it might be read."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(MAX_PARTS)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice(INTERESTING)


def _insert(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.randint(1, 16))


def _remove(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.randint(1, 64)]


def _repeat(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = data[at : at + chance.randint(1, 64)] * chance.randint(1, 64)


def _cut_off(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data) + 1) :]


DAMAGES: Sequence[Callable[[random.Random, bytearray], None]] = (_flip, _set, _insert, _remove, _repeat, _cut_off)

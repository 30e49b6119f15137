"""What one test leaves behind harms no other."""

import pytest

from opendeep.core import layer


@pytest.mark.parametrize("_", range(3))
def test_a_channel_is_not_full_of_what_nobody_took_in_another_test(_: int) -> None:
    assert all(layer.send("specific.nobody", {"type": "test.message"}) for _ in range(60))

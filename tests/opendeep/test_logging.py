"""Neither numbers nor secrets reach the logs."""

from opendeep.core.logging import hide_secrets, mask_numbers


def test_numbers_are_masked_wherever_they_stand() -> None:
    event = mask_numbers(None, "info", {"event": "dialling +12025550100 now", "number": "+12025550104", "count": 3})
    assert event == {"event": "dialling +1********00 now", "number": "+1********04", "count": 3}


def test_secrets_are_hidden_by_name() -> None:
    event = hide_secrets(None, "info", {"event": "login", "secret": "x", "Authorization": "Token y", "user": "z"})
    assert event == {"event": "login", "secret": "(hidden)", "Authorization": "(hidden)", "user": "z"}

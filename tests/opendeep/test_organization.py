"""What an operator may set for an organization."""

import pytest
from django.core.exceptions import ValidationError

from opendeep.accounts.models import Organization


@pytest.mark.parametrize("caller_id", ["2025550199", "+1 202 555 0199", "+1202\n", "OpenDeep"])
def test_a_caller_id_that_no_pbx_would_be_given_is_refused(caller_id: str) -> None:
    with pytest.raises(ValidationError, match="in the form"):
        Organization(name="Acme", caller_id=caller_id).clean_fields()


@pytest.mark.parametrize("caller_id", ["", "+12025550199"])
def test_a_caller_id_is_e164_or_missing(caller_id: str) -> None:
    Organization(name="Acme", caller_id=caller_id).clean_fields()

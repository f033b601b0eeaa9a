"""Forms are offered where the domain lets their command through, and nowhere else."""

from __future__ import annotations

from datetime import date

import pytest

from api.web.recording.access import FORMS
from api.web.recording.pledge_forms import PLEDGE_FORMS
from api.web.recording.subject import Subject
from domain import commands as asked
from domain.events import Description, PledgeEvent
from domain.refusals import AlreadyDecided, AlreadyFulfilled, PledgeClosed
from domain.vocabulary import SelfAssessment
from tests.given import (
    TODAY,
    announced,
    contributed,
    contribution,
    declined,
    delivering,
    fulfilled,
    given,
    schools,
    stating,
    validated,
    withdrawn,
)

LIVES: dict[str, tuple[PledgeEvent, ...]] = {
    "announced": (),
    "validated": (validated(),),
    "in progress": (validated(), contributed(contribution("c1", 10))),
    "fulfilled": (validated(), contributed(contribution("c1", 10)), fulfilled()),
    "declined": (declined(),),
    "withdrawn": (validated(), withdrawn()),
    "withdrawn before a decision": (withdrawn(),),
}

COMMANDS: dict[str, asked.PledgeCommand] = {
    "validate": asked.Validate(),
    "decline": asked.Decline(reason="x"),
    "report": asked.Report(
        period_start=date(2026, 1, 1),
        period_end=date(2026, 2, 1),
        narrative="x",
        self_assessment=SelfAssessment.ON_TRACK,
    ),
    "contribute": asked.Contribute(contributions=(delivering(1),)),
    "scale-up": asked.ScaleUp(targets=(stating(schools(20), 30),)),
    "scale-down": asked.ScaleDown(targets=(stating(schools(20), 15),), reason="x"),
    "amend": asked.Amend(changes=Description(title="x"), reason="x"),
    "fulfil": asked.Fulfil(statement="x", contributions=(delivering(20),)),
    "withdraw": asked.Withdraw(reason="x"),
}


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("form", PLEDGE_FORMS, ids=lambda form: form.name)
def test_a_form_is_offered_exactly_where_the_pledges_life_allows_it(form, life: str):
    history = given(announced(schools(20)), *LIVES[life])
    refusal = history.when(COMMANDS[form.name]).refusal
    about = Subject(today=TODAY, seen=history.pledge, now=history.pledge)
    assert form.is_possible(about) == (not isinstance(refusal, PledgeClosed | AlreadyDecided | AlreadyFulfilled))


def test_every_form_has_an_address_of_its_own():
    assert len({form.path for form in FORMS}) == len(FORMS) == 13
    assert {type(form.blank) for form in FORMS} == set(asked.PledgeCommand.__args__)

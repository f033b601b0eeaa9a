"""What `p2c serve --demo` offers to those who try the register: the sample, and tokens that are labelled so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console

from api.cli.demo import in_words
from application.sample import REGISTER
from application.sample.loading import began_with_the_sample, holds_only_the_sample, load_sample
from application.sample.story import organisation_id
from domain.vocabulary import Role
from infrastructure.bootstrap import Service

TOKEN_DAYS = 7
STAKEHOLDER = organisation_id("lakeside-authority")
"""The sample organisation whose token is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What was done, and freshly issued sample tokens; none where the ledger is no sample."""

    done: str
    bdt: str | None = None
    stakeholder: str | None = None
    auditor: str | None = None

    def show(self, console: Console, address: str) -> None:
        """Tell how to try the register."""
        console.print(self.done)
        if self.bdt and self.stakeholder and self.auditor:
            console.print(f"\n[bold]SAMPLE tokens[/], good for {TOKEN_DAYS} days, for this sample only:")
            console.print(f"  BDT          {self.bdt}")
            console.print(f"  stakeholder  {self.stakeholder}  (organisation {STAKEHOLDER})")
            console.print(f"  auditor      {self.auditor}")
            console.print(f"\nLook:    {address}/")
            console.print(f"Record:  {address}/sign-in  with the token of the stakeholder or of BDT")
            console.print(f"Ask:     curl {address}/v1/pledges/P2C-2022-000001/history  (described at {address}/docs)")


def offer_the_sample(service: Service) -> Offer:
    """Load the sample into an empty ledger; issue tokens wherever the ledger began as a sample."""
    done = (
        in_words(load_sample(service.ledger, service.commands, service.today))
        if holds_only_the_sample(service.ledger)
        else "The ledger holds more than the sample, so it is left as it is."
    )
    if not began_with_the_sample(service.ledger):
        return Offer(done=done)
    until = service.clock.now() + timedelta(days=TOKEN_DAYS)
    _, bdt = service.credentials.issue(Role.BDT, expires_at=until, note=REGISTER)
    _, stakeholder = service.credentials.issue(Role.STAKEHOLDER, STAKEHOLDER, expires_at=until, note=REGISTER)
    _, auditor = service.credentials.issue(Role.AUDITOR, expires_at=until, note=REGISTER)
    return Offer(done=done, bdt=bdt, stakeholder=stakeholder, auditor=auditor)

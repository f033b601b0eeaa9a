"""Who fills forms in, and the register that they are about, in the words of these tests."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from lxml import html

from application.commands import Request
from domain import commands as asked
from domain.identity import pledge_id
from domain.organisation import Register as RegisterOrganisation
from domain.pledge import Pledge
from domain.values import Actor, StatedMoney
from domain.vocabulary import FocusArea, PledgeType, Role, Sector
from infrastructure.bootstrap import Service

ROLES = {role.value: role for role in (Role.BDT, Role.AUDITOR, Role.ADMIN)}
BDT = Actor(role=Role.BDT)
EARLIER = timedelta(days=400)

Typed = dict[str, Any]
"""What is typed in which field; a list where several things are chosen."""


class Register:
    """What was recorded before a test begins, and what is recorded at its end."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.today = service.today()
        self._organisations: dict[str, UUID] = {}

    def organisation(self, name: str) -> UUID:
        """The organisation of this name, which is registered when it is first spoken of."""
        if name not in self._organisations:
            command = RegisterOrganisation(name=name, sector=Sector.PRIVATE_SECTOR, country="SEN")
            outcome = self.service.commands.register(command, Request(actor=BDT))
            self._organisations[name] = outcome.state.id
        return self._organisations[name]

    def secret_of(self, who: str | None) -> str | None:
        """The secret of a new session."""
        if who is None:
            return None
        role = ROLES.get(who, Role.STAKEHOLDER)
        organisation = self.organisation(who) if role is Role.STAKEHOLDER else None
        secret = self.service.sessions.open_with_token(self.service.credentials.issue(role, organisation)[1])
        assert secret
        return secret

    def announced(self, *, by: str = "Hirondelle Telecom", admitted: bool = True, **more: Any) -> str:
        """The reference of a pledge of 120 schools and a million dollars, announced a good year ago."""
        lead = self.organisation(by)
        command = asked.Announce(
            lead=lead,
            title="Connect 120 schools",
            description="Fibre and solar power.",
            type=PledgeType.FINANCIAL,
            focus_area=FocusArea.ACCESS,
            countries=("SEN",),
            announced_on=self.today - EARLIER,
            **{
                "targets": (
                    asked.TargetStatement(
                        id="money", measure="money", value=StatedMoney(amount=Decimal(1_000_000), currency="USD")
                    ),
                    asked.TargetStatement(id="schools", measure="schools_connected", value=Decimal(120)),
                ),
                **more,
            },
        )
        actor = Actor(role=Role.STAKEHOLDER, organisation=lead)
        reference = self.service.commands.announce(command, Request(actor=actor)).state.reference
        if admitted:
            self.say(reference, asked.Validate())
        return reference

    def say(self, reference: str, command: Any, by: str | None = None) -> Pledge:
        """Record something beside the forms, as a program does."""
        actor = Actor(role=Role.STAKEHOLDER, organisation=self.organisation(by)) if by else BDT
        return self.service.commands.change_pledge(reference, command, Request(actor=actor)).state

    def deliver(self, reference: str, schools: int, by: str = "Hirondelle Telecom") -> str:
        """Some schools are connected; the id of the contribution."""
        stated = asked.ContributionStatement(target="schools", amount=Decimal(schools), effective_on=self.today)
        pledge = self.say(reference, asked.Contribute(contributions=(stated,)), by)
        return list(pledge.contributions)[-1]

    def pledge(self, reference: str) -> Pledge:
        """The pledge as it is now."""
        found = self.service.ledger.pledge(pledge_id(reference))
        assert found
        return found


class Page:
    """A page that a person sees."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        self.tree = html.fromstring(answer.text) if answer.text else html.fromstring("<p></p>")

    def find(self, path: str, **values: str) -> list[Any]:
        """What an XPath finds: elements, or the texts of attributes."""
        tree: Any = self.tree
        return list(tree.xpath(path, **values))

    def text(self, selector: str = "main") -> str:
        """What is written in the first element that the XPath or the name of an element finds."""
        path = selector if selector.startswith("/") else f"//{selector}"
        return " ".join(" ".join(part.text_content().split()) for part in self.find(path))

    @property
    def has_form(self) -> bool:
        """Whether there is a form for recording."""
        return bool(self.find("//form[contains(@class, 'record')]"))

    @property
    def fields(self) -> dict[str, list[str]]:
        """What the form would send as it is."""
        form = self.find("//form[contains(@class, 'record')]")[0]
        fields: dict[str, list[str]] = {}
        for name, value in form.form_values():
            # A browser leaves out the line end after <textarea>, and sends the others as CR LF.
            fields.setdefault(name, []).append(value.removeprefix("\n"))
        return fields

    @property
    def action(self) -> str:
        """Where the form is sent."""
        return str(self.find("//form[contains(@class, 'record')]/@action")[0])

    def complaint(self, name: str) -> str:
        """What is said beside a field, as its input is tied to it; empty where nothing is."""
        [field] = self.find("//*[@name=$name and not(@type='radio') and not(@type='checkbox')]", name=name)[:1]
        ids = (field.get("aria-describedby") or "").split()
        said = [self.text(f"//*[@id='{id}']") for id in ids if id.endswith("-error")]
        assert bool(said) == (field.get("aria-invalid") == "true"), "what is wrong is marked as such"
        return " ".join(said)

    @property
    def summary(self) -> list[str]:
        """The complaints at the top."""
        return [" ".join(item.text_content().split()) for item in self.find("//*[@id='summary']//li")]


class Person:
    """Somebody at a browser without scripts."""

    def __init__(self, server: str, secret: str | None) -> None:
        cookies = {"p2c-session": secret} if secret else {}
        self.secret = secret
        self.http = httpx.Client(
            base_url=server, cookies=cookies, timeout=30, headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"}
        )

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def open(self, address: str) -> Page:
        """Go to a page."""
        return Page(self.http.get(address))

    def send(self, page: Page, typed: Typed | None = None, **headers: str) -> Page:
        """Type something in the form of a page, and send it, without following where that leads."""
        fields = {**page.fields, **(typed or {})}
        return self.post(page.action, fields, **headers)

    def post(self, address: str, fields: Typed, **headers: str) -> Page:
        """Send fields."""
        pairs = [(k, v) for k, values in fields.items() for v in (values if isinstance(values, list) else [values])]
        declared = {"Content-Type": "application/x-www-form-urlencoded"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Page(self.http.post(address, content=urlencode(pairs), headers={**declared, **named}))

    def record(self, address: str, typed: Typed) -> Page:
        """Open a form, fill it in, send it; the receipt."""
        sent = self.send(self.open(address), typed)
        assert sent.status == 303, sent.text("//*[@id='summary']") or sent.text()
        return self.open(sent.answer.headers["Location"])

"""One example for every operation: what is sent, and what the service really makes of it.

The answers are not written down but reckoned: the requests below are decided by the domain, one after the other,
as the service would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel

from api.http import answers, bodies, example_requests, organisation_bodies, problems
from api.http.channel_examples import channel_examples
from api.http.difference_documents import DifferenceDocument
from api.http.documents import ActorDocument, HistoryItem, MomentDocument, OrganisationReading, PledgeReading
from api.http.evidence_examples import ExampleLedger, evidence_documents, evidence_texts
from api.http.example_requests import REFERENCE, REQUESTS
from api.http.iati_answers import VOCABULARY
from api.http.ledger_documents import proof_of
from api.http.publication_bodies import PublicationBody
from api.http.publication_documents import PublicationAnswer, PublicationList, published_document
from api.http.report_examples import report_examples
from api.http.representations import organisation_document, pledge_document
from api.http.routes import (
    contacts,
    exchange_rates,
    health,
    metrics,
    organisations,
    pledges,
    problem_pages,
    tokens,
    vocabulary,
    webhooks,
)
from api.http.snapshot_documents import SnapshotDocument, TotalsDocument
from api.http.token_bodies import TokenBody
from api.http.webhook_documents import DeliveryDocument, WebhookDocument
from api.iati.activities import Reported
from api.iati.document import document
from audit.difference import Compared, difference_document
from audit.envelope import Entry, Envelopes
from audit.narrative import summarise
from audit.snapshot import RULES_VERSION, Selection, identity_of, snapshot, totals_snapshot
from domain import decisions, organisation_decisions, publication
from domain import organisation as organisation_domain
from domain.circumstances import Circumstances
from domain.commands import PledgeCommand
from domain.difference import Recorded, Side, difference
from domain.events import PledgeEvent, SnapshotIdentity
from domain.identity import pledge_id
from domain.organisation import Organisation, OrganisationCommand
from domain.pledge import Pledge, fold
from domain.publication import Publish
from domain.status import status_of
from domain.totals import totals
from domain.values import Actor
from domain.vocabulary import Role
from infrastructure.publications import PublishedSnapshot
from infrastructure.version import p2c_version
from infrastructure.webhooks.deliveries import TEST_TYPE, DeliveryState

TODAY = date(2026, 11, 23)
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LEAD = UUID(example_requests.LEAD)


class _Register:
    """A register in memory with one organisation and one pledge, as the service would keep it."""

    def __init__(self) -> None:
        self.organisation: Organisation | None = None
        self.pledge: Pledge | None = None
        self.entries: list[Entry] = []
        self._actor = Actor(role=Role.BDT)

    def change_organisation(self, command: OrganisationCommand) -> BaseModel:
        events = organisation_decisions.decide(LEAD, self.organisation, command, self._circumstances())
        self.organisation = organisation_domain.fold(self.organisation, events)
        assert self.organisation is not None, "a registered organisation stays one"
        return answers.organisation_answer(self.organisation, self._record(events))

    def change_pledge(self, command: PledgeCommand) -> BaseModel:
        before = self.pledge
        events = decisions.decide(pledge_id(REFERENCE), before, command, self._circumstances())
        self.pledge = fold(before, events)
        assert self.pledge is not None, "an announced pledge stays one"
        return answers.pledge_answer(self.pledge, before, self._record(events), self.names)

    def publish(self, command: Publish, of: SnapshotIdentity) -> Entry:
        id = uuid5(LEAD, "snapshot")
        [entry] = self._record(publication.decide(id, command, of, self._circumstances()))
        return entry

    def root(self) -> bytes:
        """The root of the Merkle tree of the entries."""
        return ExampleLedger.of(self.entries).root()

    @property
    def names(self) -> dict[UUID, str]:
        return {LEAD: self.organisation.name} if self.organisation else {}

    def _known(self, _: UUID) -> Organisation | None:
        return self.organisation

    def _circumstances(self) -> Circumstances:
        command = uuid5(LEAD, str(len(self.entries)))
        return Circumstances(actor=self._actor, today=TODAY, command_id=command, organisations=self._known)

    def _record(self, events: Any) -> list[Entry]:
        recorded = [
            Entry(
                position=position,
                event=event,
                event_id=event.event_id,
                type=Envelopes().name(event),
                recorded_at=START + timedelta(minutes=position),
            )
            for position, event in enumerate(events, start=len(self.entries) + 1)
        ]
        self.entries.extend(recorded)
        return recorded


@cache
def examples() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The requests and the good answers, by operation id."""
    register = _Register()
    commands = _commands(register)
    channel = channel_examples(register.entries, REFERENCE, register.names)
    ledger = ExampleLedger.of(register.entries)
    answered = {
        **commands,
        **_pledge_questions(register),
        **_snapshots(register),
        **_branches(),
        **_other_questions(),
        **_tokens(),
        **_webhooks(),
        **evidence_documents(ledger),
    }
    documents: dict[str, Any] = {
        name: answer.model_dump(mode="json", by_alias=True, exclude_unset=name == "getVocabulary")
        for name, answer in answered.items()
    }
    texts = {
        **dict.fromkeys(("exportActivities", "exportActivity"), _activities(register)),
        **evidence_texts(ledger),
        **channel,
        "getMetrics": metrics.EXAMPLE,
    }
    return REQUESTS, {**documents, **texts}


def _asked(operation: str, body: type[Any], *of: str) -> Any:
    return body.model_validate(REQUESTS[operation]).command(*of)


def _commands(register: _Register) -> dict[str, BaseModel]:
    registration = _asked("registerOrganisation", organisation_bodies.Registration)
    announce = replace(_asked("announcePledge", bodies.Announcement), reference=REFERENCE)
    answered = {
        "registerOrganisation": register.change_organisation(registration),
        "announcePledge": register.change_pledge(announce),
    }
    life: tuple[tuple[str, type[Any], *tuple[str, ...]], ...] = (
        ("validatePledge", bodies.Validation),
        ("scaleUpPledge", bodies.ScalingUp),
        ("recordContributions", bodies.Contributions),
        ("reportProgress", bodies.ProgressReport),
        ("verifyContribution", bodies.Verification, "c1"),
        ("queryContribution", bodies.Question, "c2"),
        ("correctContribution", bodies.Correction, "c2"),
        ("scaleDownPledge", bodies.ScalingDown),
        ("amendPledge", bodies.Amendment),
        ("fulfilPledge", bodies.Fulfilment),
    )
    for operation, body, *contribution in life:
        answered[operation] = register.change_pledge(_asked(operation, body, *contribution))
    return answered


def _branches() -> dict[str, BaseModel]:
    """What may happen instead: to a pledge that was only announced, and to its organisation."""
    answered: dict[str, BaseModel] = {}
    of_pledges: tuple[tuple[str, type[Any]], ...] = (
        ("declinePledge", bodies.Declining),
        ("withdrawPledge", bodies.Withdrawal),
    )
    for operation, body in of_pledges:
        register = _Register()
        register.change_organisation(_asked("registerOrganisation", organisation_bodies.Registration))
        register.change_pledge(replace(_asked("announcePledge", bodies.Announcement), reference=REFERENCE))
        answered[operation] = register.change_pledge(_asked(operation, body))
    of_organisations: tuple[tuple[str, type[Any]], ...] = (
        ("renameOrganisation", organisation_bodies.Renaming),
        ("deactivateOrganisation", organisation_bodies.Deactivation),
    )
    for operation, body in of_organisations:
        register = _Register()
        register.change_organisation(_asked("registerOrganisation", organisation_bodies.Registration))
        answered[operation] = register.change_organisation(_asked(operation, body))
    return answered


def _pledge_questions(register: _Register) -> dict[str, BaseModel]:
    pledge, organisation, last = register.pledge, register.organisation, register.entries[-1]
    assert pledge is not None, "it was announced before"
    assert organisation is not None, "it was registered before"
    first = register.entries[0]
    shown = pledge_document(pledge, register.names, position=last.position, recorded_at=last.recorded_at, on=TODAY)
    moment = MomentDocument(position=last.position, as_of=last.recorded_at, effective_on=TODAY)
    party = organisation_document(organisation, position=first.position, recorded_at=first.recorded_at)
    return {
        "getPledge": PledgeReading(**dict(shown), moment=moment),
        "listPledges": pledges.PledgeList(
            items=[shown], next=None, position=last.position, as_of=last.recorded_at, effective_on=TODAY
        ),
        "getPledgeHistory": pledges.History(items=[_told(last)], next=None, **dict(moment)),
        "getDifference": _difference(register),
        **report_examples(register.entries, register.names),
        "getOrganisation": OrganisationReading(**dict(party), moment=moment),
        "listOrganisations": organisations.OrganisationList(items=[party], next=None, **dict(moment)),
    }


def _activities(register: _Register) -> str:
    pledge, organisation, last = register.pledge, register.organisation, register.entries[-1]
    assert pledge is not None, "it was announced before"
    assert organisation is not None, "it was registered before"
    reported = Reported(
        pledge=pledge,
        organisations={organisation.id: organisation},
        recorded_at=last.recorded_at,
        on=TODAY,
        vocabulary_uri=VOCABULARY,
    )
    return b"".join(document([reported], as_of=last.recorded_at)).decode()


def _snapshots(register: _Register) -> dict[str, BaseModel]:
    pledge, organisation, last = register.pledge, register.organisation, register.entries[-1]
    assert pledge is not None, "it was announced before"
    assert organisation is not None, "it was registered before"
    body = PublicationBody.model_validate(REQUESTS["publishSnapshot"])
    selection = Selection(
        position=last.position,
        root=register.root(),
        recorded_at=last.recorded_at,
        effective_on=TODAY,
        rules_version=RULES_VERSION,
        group_by=body.group_by,
        attribution=body.attribution,
    )
    status = status_of(pledge)
    taken = snapshot(selection, [status], {organisation.id: organisation})
    counted = totals([status], TODAY, selection.group_by, selection.attribution)
    entry = register.publish(body.command(), identity_of(taken))
    published = published_document(PublishedSnapshot(entry=entry, as_of=last.recorded_at))
    return {
        "getStatusSnapshot": SnapshotDocument.model_validate(taken),
        "getTotals": TotalsDocument.model_validate(totals_snapshot(selection, counted)),
        "getSnapshot": SnapshotDocument.model_validate(taken),
        "publishSnapshot": PublicationAnswer(
            snapshot=published, events=[answers.event_document(entry, summarise(entry.event))]
        ),
        "listSnapshots": PublicationList(items=[published], next=None),
    }


def _difference(register: _Register) -> DifferenceDocument:
    first, last = (entry for entry in (register.entries[1], register.entries[-1]))
    compared = Compared(
        opening=Side(first.position, TODAY),
        opening_recorded_at=first.recorded_at,
        closing=Side(last.position, TODAY),
        closing_recorded_at=last.recorded_at,
        rules_version=RULES_VERSION,
    )
    facts = [Recorded(e.position, e.event) for e in register.entries if isinstance(e.event, PledgeEvent)]
    found = difference(facts, compared.opening, compared.closing)
    return DifferenceDocument.model_validate(difference_document(compared, [found] if found else []))


def _told(entry: Entry) -> HistoryItem:
    return HistoryItem(
        position=entry.position,
        version=entry.event.originator_version,
        type=entry.type,
        recorded_at=entry.recorded_at,
        effective_on=entry.event.effective_on,
        actor=ActorDocument(role=Role.STAKEHOLDER, organisation=LEAD),
        summary=summarise(entry.event),
        data={"statement": REQUESTS["fulfilPledge"]["statement"]},
        proof=proof_of(entry.position),
    )


def _tokens() -> dict[str, BaseModel]:
    body = TokenBody.model_validate(REQUESTS["issueToken"])
    credential = tokens.TokenDocument(
        id=uuid5(LEAD, "token"),
        begins_with="p2c_Zm9v",
        role=body.role,
        organisation=body.organisation,
        scopes=list(body.scopes or ()),
        note=body.note,
        issued_at=START,
        expires_at=datetime(2027, 12, 1, tzinfo=UTC),
        revoked_at=None,
        last_used_at=START + timedelta(minutes=5),
    )
    return {
        "issueToken": tokens.IssuedToken(token="p2c_Zm9v…", credential=credential),  # noqa: S106 - no token at all
        "listTokens": tokens.TokenList(items=[credential]),
        "getOwnAccess": tokens.OwnAccess(
            role=credential.role,
            organisation=credential.organisation,
            permissions=credential.scopes,
            credential=credential.id,
        ),
        "revokeToken": credential.model_copy(update={"revoked_at": START + timedelta(days=1)}),
    }


def _webhooks() -> dict[str, BaseModel]:
    webhook = WebhookDocument(
        id=uuid5(LEAD, "webhook"),
        role=Role.STAKEHOLDER,
        organisation=LEAD,
        enabled=True,
        disabled_at=None,
        disabled_reason=None,
        failing_since=None,
        former_secret_until=None,
        position=17,
        created_at=START,
        created_by=uuid5(LEAD, "token"),
        **REQUESTS["createWebhook"],
    )
    secret = "whsec_bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSBvZiBvbmU="  # noqa: S105 - it says that it is none
    delivery = DeliveryDocument(
        message=f"msg_{uuid5(webhook.id, 'message').hex}",
        type="pledge.validated.v1",
        position=18,
        state=DeliveryState.PENDING,
        attempts=1,
        created_at=START,
        last_attempt_at=START,
        last_status=503,
        last_error="It answered 503: down for maintenance",
        next_attempt_at=START + timedelta(seconds=5),
    )
    rotated = webhook.model_copy(update={"former_secret_until": START + timedelta(days=1)})
    test = delivery.model_copy(
        update={
            "message": f"msg_{uuid5(webhook.id, 'test').hex}",
            "type": TEST_TYPE,
            "position": None,
            "attempts": 0,
            "last_attempt_at": None,
            "last_status": None,
            "last_error": None,
            "next_attempt_at": START,
        }
    )
    return {
        "createWebhook": webhooks.WebhookWithSecret(secret=secret, webhook=webhook),
        "listWebhooks": webhooks.WebhookList(items=[webhook]),
        "getWebhook": webhook,
        "changeWebhook": webhook,
        "removeWebhook": webhooks.RemovedWebhook(removed=webhook.id),
        "rotateWebhookSecret": webhooks.WebhookWithSecret(secret=secret, webhook=rotated),
        "testWebhook": test,
        "listDeliveries": webhooks.DeliveryList(items=[test, delivery], next=None),
        "retryDelivery": delivery.model_copy(update={"next_attempt_at": START + timedelta(seconds=1)}),
    }


def _other_questions() -> dict[str, BaseModel]:
    rates = exchange_rates.RateList.model_validate(REQUESTS["publishExchangeRates"])
    contact = contacts.ContactDocument(task="focal-point", phone=None, **REQUESTS["putContact"])
    read_model = health.ReadModel(position=17, recorded_at=START, lag=0, rebuilding=False)
    described = problem_pages.described(problems.VERSION_MISMATCH)
    return {
        "publishExchangeRates": rates,
        "putContact": contact,
        "listContacts": contacts.ContactList(items=[contact]),
        "eraseContact": contacts.Erased(erased=contact.task),
        "listExchangeRates": rates,
        "getVocabulary": vocabulary.excerpt(),
        "isAlive": health.Alive(status="alive", version=p2c_version()),
        "isReady": health.Ready(
            status="ready",
            version=p2c_version(),
            position=17,
            leading=True,
            replica_in_use=None,
            checkpoint=health.Checkpoint(size=17, signed_at=START),
            read_models={"pledge_status": read_model},
        ),
        "listProblems": problem_pages.ProblemList(problems=[described]),
        "getProblem": described,
    }

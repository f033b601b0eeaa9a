"""Contact persons of an organisation: for BDT and the organisation itself, and erased when they ask for it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.http import problems
from api.http.authentication import Known
from api.http.failures import Failure
from api.http.json_request import CommandRoute
from api.http.openapi import READER, WRITING, answers
from api.http.pages import uncached
from api.http.paths import OrganisationId
from api.http.service import Services
from api.http.statements import UNKEPT_TEXT, Body
from application.access import Principal, require_contact_keeper
from domain.refusals import UnknownOrganisation
from infrastructure.bootstrap import Service
from infrastructure.contacts import Contact

router = APIRouter(prefix="/v1/organisations/{organisation}/contacts", tags=["organisations"], route_class=CommandRoute)

_READING = (*READER, problems.NOT_PERMITTED)

Task = Annotated[
    str,
    Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="The person's task, by which it is found again"),
]


class ContactBody(Body):
    """A person to write to about the organisation's pledges. Nothing of it enters the ledger."""

    name: Annotated[str, Field(max_length=300)]
    email: Annotated[
        str,
        Field(max_length=254, pattern=r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$", json_schema_extra={"not": UNKEPT_TEXT}),
    ]
    phone: Annotated[str, Field(max_length=40)] | None = None


class ContactDocument(BaseModel):
    """A person to write to, by the task it has."""

    task: str
    name: str
    email: str
    phone: str | None


class ContactList(BaseModel):
    """The persons to write to."""

    items: list[ContactDocument]


class Erased(BaseModel):
    """The task whose person was erased."""

    erased: str


@router.get(
    "",
    operation_id="listContacts",
    summary="List contact persons",
    response_model=ContactList,
    responses=answers(200, {}, _READING, (UnknownOrganisation,)),
)
def list_contacts(organisation: OrganisationId, service: Services, by: Known) -> Response:
    """The persons to write to; for BDT and the organisation itself."""
    _require(service, by, organisation)
    return uncached(ContactList(items=[_document(contact) for contact in service.contacts.of(organisation)]))


@router.put(
    "/{task}",
    operation_id="putContact",
    summary="Set a contact person",
    response_model=ContactDocument,
    responses=answers(200, {}, WRITING, (UnknownOrganisation,)),
)
def put_contact(organisation: OrganisationId, task: Task, body: ContactBody, service: Services, by: Known) -> Response:
    """Let this be the person for a task; whoever had it before is forgotten."""
    _require(service, by, organisation)
    contact = Contact(id=task, name=body.name, email=body.email, phone=body.phone)
    service.contacts.put(organisation, contact)
    return uncached(_document(contact))


@router.delete(
    "/{task}",
    operation_id="eraseContact",
    summary="Erase a contact person",
    response_model=Erased,
    responses=answers(200, {}, (*_READING, problems.NO_SUCH_ADDRESS), (UnknownOrganisation,)),
)
def erase_contact(organisation: OrganisationId, task: Task, service: Services, by: Known) -> Response:
    """Forget the person for good. The ledger never knew of it, so every proof stays as it is."""
    _require(service, by, organisation)
    if not service.contacts.erase(organisation, task):
        raise Failure(problems.NO_SUCH_ADDRESS, f"The organisation has no contact person for {task}.")
    return uncached(Erased(erased=task))


def _require(service: Service, by: Principal, organisation: UUID) -> None:
    require_contact_keeper(by, organisation)
    if service.ledger.organisation(organisation) is None:
        raise UnknownOrganisation(str(organisation))


def _document(contact: Contact) -> ContactDocument:
    return ContactDocument(task=contact.id, name=contact.name, email=contact.email, phone=contact.phone)

"""The parts of forms that several of them have: contributions, evidence, targets."""

from __future__ import annotations

from api.languages.texts import message
from api.web.recording.parts import AmountField, Field, Kind, Rows, Section
from domain.text import longest

EVIDENCE = Rows(
    name="evidence",
    label=message("Evidence"),
    one=message("Document"),
    add=message("Add a document"),
    hint=message("Documents that show it, each at an address that everybody can open. BDT checks them."),
    most=10,
    parts=(
        Field(
            name="url",
            label=message("Address of the document"),
            kind=Kind.URL,
            longest=longest("url"),
            hint=message("Beginning with https://"),
        ),
        Field(name="title", label=message("Title of the document"), longest=longest("title")),
        Field(
            name="sha256",
            label=message("SHA-256 of the document"),
            longest=64,
            hint=message("64 hexadecimal digits; with it, nobody can exchange the document unnoticed. Optional."),
        ),
    ),
)

CONTRIBUTION = (
    Field(
        name="target",
        label=message("Target"),
        kind=Kind.CHOICE,
        options="target",
        needed=True,
        preset=True,
        hint=message("Towards which promise this counts."),
    ),
    AmountField(
        name="amount",
        counted="quantity",
        label=message("What was delivered"),
        hint=message("Only what was delivered by this one act, not the total so far."),
        currency_hint=message("For money only. Left out, it is that of the target."),
    ),
    Field(
        name="effective_on",
        label=message("Delivered on"),
        kind=Kind.DAY,
        needed=True,
        until_today=True,
        since_announcement=True,
        hint=message("The day on which it was there for people to use, or on which the money was paid."),
    ),
    Field(
        name="description",
        label=message("In words"),
        kind=Kind.TEXT,
        hint=message("What was done, where and for whom."),
    ),
    Field(
        name="country",
        label=message("Country"),
        kind=Kind.CHOICE,
        options="country_of_delivery",
        hint=message("Where it was delivered, if in one country."),
    ),
    EVIDENCE,
)


def contributions(label: str, hint: str, *, blank: int) -> Rows:
    """The rows of contributions of a form."""
    return Rows(
        name="contributions",
        label=label,
        one=message("Contribution"),
        add=message("Add a contribution"),
        hint=hint,
        blank=blank,
        parts=CONTRIBUTION,
    )


def new_targets(name: str, label: str, hint: str, *, blank: int) -> Rows:
    """The rows of targets that are promised anew."""
    return Rows(
        name=name,
        label=label,
        one=message("Target"),
        add=message("Add a target"),
        hint=hint,
        blank=blank,
        parts=(
            Field(
                name="measure",
                label=message("Measured in"),
                kind=Kind.CHOICE,
                options="measure",
                needed=True,
                hint=message("What is counted. Money is one of the measures."),
            ),
            AmountField(
                name="value",
                counted="value",
                label=message("Value to reach"),
                hint=message("The total to be reached, the present situation included."),
                currency_hint=message("For money only."),
            ),
            Field(
                name="baseline",
                label=message("Present situation"),
                kind=Kind.NUMBER,
                hint=message("What is there already and does not count as delivered; 0 if nothing is. Not for money."),
            ),
            Field(
                name="due_on",
                label=message("To be reached by"),
                kind=Kind.DAY,
                hint=message("Optional; may lie in the future."),
            ),
        ),
    )


RATE = Section(
    label=message("Exchange rate"),
    folded=True,
    hint=message(
        "For money in another currency than US dollars. Leave it out to take the published rate of the month;"
        " the US dollars are then fixed for ever."
    ),
    parts=(
        Field(
            name="usd_rate.rate",
            label=message("US dollars for one unit"),
            kind=Kind.RATE,
            hint=message("Such as 1.0812"),
        ),
        Field(name="usd_rate.on", label=message("Rate of the day"), kind=Kind.DAY, until_today=True),
        Field(
            name="usd_rate.source",
            label=message("Source of the rate"),
            longest=longest("source"),
            hint=message("Who published it."),
        ),
    ),
)
"""What an amount in money has besides; names are those inside the amount."""

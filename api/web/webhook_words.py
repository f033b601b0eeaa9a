"""What webhooks are told of, and why one is disabled, in words."""

from __future__ import annotations

from collections.abc import Mapping

from api.languages.texts import Texts, message
from infrastructure.webhooks.deliveries import TEST_TYPE
from infrastructure.webhooks.queue import GONE
from infrastructure.webhooks.subscriptions import DISABLED_BY_OWNER

KINDS_OF_EVENT: Mapping[str, Mapping[str, str]] = {
    message("Pledges"): {
        "pledge.announced.v1": message("A pledge is announced"),
        "pledge.validated.v1": message("BDT admits a pledge"),
        "pledge.declined.v1": message("BDT declines a pledge"),
        "pledge.scaled_up.v1": message("A pledge is scaled up"),
        "pledge.scaled_down.v1": message("A pledge is scaled down"),
        "pledge.amended.v1": message("The description of a pledge is put right"),
        "pledge.fulfilled.v1": message("A pledge is stated to be kept"),
        "pledge.withdrawn.v1": message("A pledge is withdrawn"),
    },
    message("Deliveries and reports"): {
        "pledge.partially_fulfilled.v1": message("Something is delivered"),
        "pledge.reported.v1": message("A pledger reports on progress"),
        "pledge.contribution_verified.v1": message("BDT verifies a contribution"),
        "pledge.contribution_queried.v1": message("BDT asks about a contribution"),
        "pledge.corrected.v1": message("A contribution is corrected"),
    },
    message("The register"): {
        "organisation.registered.v1": message("An organisation joins"),
        "organisation.renamed.v1": message("An organisation changes its name"),
        "organisation.deactivated.v1": message("An organisation is deactivated"),
        "snapshot.published.v1": message("BDT publishes a snapshot"),
    },
}
"""The types of events by what they are about, with what each is called."""

_WORDS = {TEST_TYPE: message("A test"), **{type: said for of in KINDS_OF_EVENT.values() for type, said in of.items()}}

_REASONS = {
    DISABLED_BY_OWNER: message("Somebody who speaks for its owner disabled it."),
    GONE: message("The endpoint answered 410 Gone: it wants no more messages."),
}


def event_in_words(texts: Texts, type: str) -> str:
    """What happens in events of a type; the type itself where it has no words."""
    return texts.say(_WORDS[type]) if type in _WORDS else type


def reason_in_words(texts: Texts, reason: str | None) -> str | None:
    """Why a webhook is disabled, in the visitor's language; None where that is there in English alone."""
    return texts.say(_REASONS[reason]) if reason in _REASONS else None

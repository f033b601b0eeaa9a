"""The requests that the description of the service gives as examples: the life of one pledge, as clients state it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEAD = "3f0c2b1e-6d1f-4f0e-9a53-0d6e0c6a2b11"
REFERENCE = "P2C-2026-000042"

_MONEY = {"amount": "1250000.00", "currency": "EUR", "usd_rate": {"rate": "1.0812", "on": "2026-01-15", "source": "UN"}}
_DELIVERED = {**_MONEY, "amount": "400000.00"}

REQUESTS: Mapping[str, Any] = {
    "registerOrganisation": {"name": "Hirondelle Telecom", "sector": "private_sector", "country": "SEN"},
    "renameOrganisation": {"name": "Hirondelle Networks"},
    "putContact": {"name": "A. Diop", "email": "partnerships@hirondelle.example"},
    "deactivateOrganisation": {"reason": "Merged into another stakeholder."},
    "announcePledge": {
        "lead": LEAD,
        "title": "Connect 120 rural schools",
        "description": "Fibre and solar power for schools in three regions.",
        "type": "financial",
        "focus_area": "access",
        "pillars": ["infrastructure"],
        "targets": [
            {"id": "money", "measure": "money", "value": _MONEY},
            {"id": "schools", "measure": "schools_connected", "value": "120", "baseline": "20", "due_on": "2027-12-31"},
        ],
        "countries": ["SEN"],
        "beneficiary_groups": ["rural_communities"],
        "sdgs": [4, 9],
        "wsis_lines": ["C2"],
        "announced_on": "2026-01-15",
        "starts_on": "2026-02-01",
        "ends_on": "2027-12-31",
        "occasion": "WTDC-25",
        "additionality": "new",
    },
    "validatePledge": {"note": "Complete and measurable."},
    "declinePledge": {"reason": "Announced before as another pledge."},
    "scaleUpPledge": {
        "targets": [{"id": "schools", "measure": "schools_connected", "value": "140"}],
        "countries": ["GMB"],
        "effective_on": "2026-03-01",
    },
    "recordContributions": {
        "contributions": [
            {"id": "c1", "target": "money", "amount": _DELIVERED, "effective_on": "2026-05-04", "country": "SEN"},
            {
                "id": "c2",
                "target": "schools",
                "quantity": "40",
                "effective_on": "2026-06-30",
                "evidence": [{"url": "https://example.org/schools.pdf", "title": "List of schools"}],
            },
        ]
    },
    "reportProgress": {
        "period_start": "2026-01-15",
        "period_end": "2026-06-30",
        "narrative": "The first schools are connected.",
        "self_assessment": "on_track",
        "good_practices": [{"title": "Share the poles", "text": "Poles shared with the power utility cost half."}],
    },
    "verifyContribution": {"note": "List of schools checked."},
    "queryContribution": {"question": "Which of the schools were connected before?"},
    "correctContribution": {
        "reason": "Two schools were counted twice.",
        "replacement": {"target": "schools", "quantity": "38", "effective_on": "2026-06-30"},
    },
    "scaleDownPledge": {
        "targets": [{"id": "schools", "measure": "schools_connected", "value": "130"}],
        "reason": "Ten schools were closed.",
    },
    "amendPledge": {"reason": "A slip of the pen.", "title": "Connect 110 rural schools"},
    "fulfilPledge": {
        "statement": "All schools are connected.",
        "contributions": [
            {"target": "money", "amount": {**_MONEY, "amount": "850000.00"}, "effective_on": "2026-11-02"},
            {"target": "schools", "quantity": "72", "effective_on": "2026-11-02"},
        ],
    },
    "withdrawPledge": {"reason": "The licence was not granted."},
    "publishSnapshot": {
        "title": "Progress of the pledges, third quarter of 2026",
        "as_of": "2026-09-30",
        "effective_on": "2026-09-30",
        "group_by": ["focus_area"],
    },
    "issueToken": {
        "role": "stakeholder",
        "organisation": LEAD,
        "scopes": ["read", "pledges:write"],
        "expires_on": "2027-11-30",
        "note": "The reporting system",
    },
    "revokeToken": {},
    "createWebhook": {
        "url": "https://hirondelle.example/p2c",
        "event_types": ["pledge.validated.v1", "pledge.contribution_verified.v1", "pledge.contribution_queried.v1"],
        "description": "Tells the reporting system what BDT decided",
    },
    "changeWebhook": {"enabled": True},
    "rotateWebhookSecret": {},
    "testWebhook": {},
    "retryDelivery": {},
    "receiveEvent": {
        "type": "pledge.validated.v1",
        "timestamp": "2026-11-23T09:03:00.000000Z",
        "data": {
            "position": 3,
            "reference": REFERENCE,
            "version": 2,
            "effective_on": "2026-11-23",
            "actor": {"role": "bdt", "organisation": None},
            "summary": "Admitted to the register: Complete and measurable.",
            "href": f"/v1/pledges/{REFERENCE}",
            "proof": "/v1/ledger/proofs/inclusion?position=3",
        },
    },
    "publishExchangeRates": {
        "rates": [{"currency": "EUR", "month": "2026-11", "rate": "1.0812", "source": "UN operational rate"}]
    },
}

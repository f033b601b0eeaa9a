"""What schemathesis has to know of this service besides its description; loaded by `schemathesis.toml`.

schemathesis runs in a process of its own, and is told in its environment what there is.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

THERE_IS: Mapping[str, Any] = json.loads(os.environ["P2C_TEST_THERE_IS"])

EXAMPLES: Mapping[str, list[Any]] = THERE_IS["examples"]
"""Of parameters and fields, by name."""

SHOWN: Mapping[str, str] = THERE_IS["shown"]
"""What the examples of the description name, and what there is of the kind."""

KEPT: frozenset[str] = frozenset(THERE_IS["kept"])
"""The pledges, organisations and tokens that later cases need."""

SPARE: Mapping[str, list[Any]] = THERE_IS["spare"]
"""The examples of them that may be taken away."""

SPARE_TO_DELETE: Mapping[str, list[Any]] = THERE_IS["spare_to_delete"]
"""The same for what is removed by DELETE."""

TAKING_AWAY = ("/withdrawal", "/fulfilment", "/decline", "/deactivation", "/revocation")
"""The ends of addresses after which no more can be said of what they name."""

FORBIDDEN: frozenset[str] = frozenset(THERE_IS["forbidden"])
"""The operations that the role may not use."""
FOR_EVERYBODY: frozenset[str] = frozenset(THERE_IS["for_everybody"])
"""The operations that answer every role alike."""

ONE_OF = 5
"""So many roles ask: of what answers all of them alike each asks its part, and of what refuses it no more than that."""
PART: int = THERE_IS["part"]
_COUNTED: Mapping[str, Iterator[int]] = defaultdict(count)

GIVEN_BY_THE_SERVICE = frozenset({"cursor", "If-Match", "If-None-Match", "Idempotency-Key", "version"})
"""What only an earlier answer can give, or what must not be given twice."""

MOMENTS = frozenset({"as_of", "effective_on"})

ONE_LIKE_ANOTHER = {"CountryCode": ("SEN", "GMB"), "CurrencyCode": ("EUR", "USD")}
"""Long lists of codes, of each of which there would be a case."""

ABOUT_FORM = frozenset(
    f"/problems/{name}"
    for name in ("invalid-request", "malformed-header", "malformed-json", "unacceptable-text", "unknown-codes")
)
"""The problems of what does not have its form, which a description can tell beforehand."""

NO_SCHEMA_SAYS = re.compile(
    "|".join(
        (
            "The period ends before it starts",  # two parameters are compared
            "Give `from`, or `from_effective_on`",  # of two parameters one is needed
            "is given twice",  # the same in parts of two items
            "more than",  # the composed form of a text is longer than what was sent
        )
    )
)
"""What does not have its form, though every part of it has its schema."""

schemathesis.openapi.format(
    "date", st.one_of(st.dates(date(2026, 1, 15), date(2026, 11, 20)), st.dates()).map(date.isoformat)
)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Let the examples be about what there is, and lists of codes be short."""
    text = json.dumps(raw_schema)
    for shown, real in SHOWN.items():
        text = text.replace(shown, real)
    described = json.loads(text)
    for name, codes in ONE_LIKE_ANOTHER.items():
        described["components"]["schemas"][name]["enum"] = codes
    _exemplify(described, EXAMPLES)
    for path, operations in described["paths"].items():
        if path.endswith(TAKING_AWAY):
            _exemplify(operations, SPARE)
        if "delete" in operations:
            _exemplify(operations["delete"], SPARE_TO_DELETE)
    raw_schema.clear()
    raw_schema.update(described)


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:
    """Leave out what would take from later cases what they need, and what other roles ask as well."""
    takes_away = case.method == "DELETE" or case.path.endswith(TAKING_AWAY)
    if takes_away and not KEPT.isdisjoint(map(str, case.path_parameters.values())):
        return False
    assert case.meta is not None
    if case.meta.phase.name is TestPhase.COVERAGE and case.operation.label in FORBIDDEN | FOR_EVERYBODY:
        return next(_COUNTED[case.operation.label]) % ONE_OF == PART
    return True


@schemathesis.hook
def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
    """Leave out of valid cases what would have them refused for a reason they are not about."""
    assert case.meta is not None
    if not case.meta.generation.mode.is_positive:
        return case
    misleading = GIVEN_BY_THE_SERVICE - {case.meta.phase.data.parameter}
    if case.meta.phase.name is TestPhase.STATEFUL:  # what was created a moment ago was not there before
        misleading |= MOMENTS
    for container in (case.headers, case.query):
        for name in misleading:
            container.pop(name, None)
    return case


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Let a request be refused though it has its schema: by the domain, which has types of its own for that."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code >= 500:
        return True
    problem = response.json()
    if problem["type"] not in ABOUT_FORM:
        return False
    return not all(NO_SCHEMA_SAYS.search(error["detail"]) for error in problem["errors"] or [problem])


def _exemplify(node: Any, examples: Mapping[str, list[Any]]) -> None:
    """Give parameters and fields examples by their names, wherever they are in a description."""
    if isinstance(node, list):
        for item in node:
            _exemplify(item, examples)
    elif isinstance(node, dict):
        if "in" in node and node.get("name") in examples:
            node["schema"]["examples"] = examples[node["name"]]
        for name, field in node.get("properties", {}).items():
            if name in examples and isinstance(field, dict):
                field["examples"] = examples[name]
        for child in node.values():
            _exemplify(child, examples)

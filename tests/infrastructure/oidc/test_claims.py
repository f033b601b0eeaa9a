"""Claims name one role, and a stakeholder's organisation, where the operator says they do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vocabulary import Role
from infrastructure.oidc.claims import ROLES, organisation_in, role_in
from infrastructure.oidc.refusals import InvalidToken
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from infrastructure.oidc.subjects import Subjects
from tests.issuer import AUDIENCE, LocalIssuer

ORGANISATION = UUID("0b6b2f0e-6f1e-4a52-9d0a-1f1c5a3a8a11")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("form", [str, lambda role: [role], lambda role: ["offline_access", role, 7, {}, role]])
def test_a_role_is_named_alone_or_in_a_list(role: Role, form: Any):
    assert role_in({"roles": form(role.value)}, "roles") is role


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ([], 0),
        (None, 0),
        ("", 0),
        ("BDT", 0),
        ("bdt auditor", 0),
        ("public", 0),
        (["public", "offline_access"], 0),
        ({"bdt": True}, 0),
        ([["bdt"]], 0),
        (["bdt", "admin"], 2),
        (["bdt", "public", "auditor", "stakeholder"], 3),
    ],
    ids=str,
)
def test_no_role_and_several_are_refused(value: object, count: int):
    with pytest.raises(
        InvalidToken, match=f"exactly one of the roles stakeholder, bdt, auditor, admin.* names {count}$"
    ):
        role_in({"roles": value}, "roles")


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("role", {"role": "bdt"}),
        ("realm_access.roles", {"realm_access": {"roles": ["bdt"]}}),
        ("resource_access.p2c.roles", {"resource_access": {"p2c": {"roles": ["bdt"]}}}),
        ("https://example.org/roles", {"https://example.org/roles": ["bdt"]}),
    ],
)
def test_a_claim_is_found_by_its_name_or_by_the_way_to_it(path: str, claims: dict[str, Any]):
    assert role_in(claims, path) is Role.BDT


@pytest.mark.parametrize("claims", [{}, {"a": "bdt"}, {"a": ["bdt"]}, {"a": {"c": "bdt"}}, {"b": "bdt"}], ids=str)
def test_a_way_that_leads_nowhere_names_no_role(claims: dict[str, Any]):
    with pytest.raises(InvalidToken, match="names 0"):
        role_in(claims, "a.b")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["public", "Bdt", "bdt ", "roles", "admin\0"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["roles", "a", ""]), inner),
)


@given(
    claims=st.dictionaries(st.sampled_from(["roles", "a"]), JSON),
    path=st.sampled_from(["roles", "a.roles", "a..a", ""]),
)
def test_whatever_the_claims_are_nobody_gets_a_role_that_is_not_named(claims: dict[str, Any], path: str):
    with pytest.raises(InvalidToken):
        role_in(claims, path)


@pytest.mark.parametrize("spelling", [str(ORGANISATION), str(ORGANISATION).upper(), ORGANISATION.hex])
def test_an_organisation_is_named_by_its_id(spelling: str):
    assert organisation_in({"org": {"id": spelling}}, "org.id") == ORGANISATION


@pytest.mark.parametrize(
    "value", [None, "", "Hirondelle Telecom", 10**31, [str(ORGANISATION)], f"{ORGANISATION}0"], ids=str
)
def test_what_is_no_id_names_no_organisation(value: object):
    with pytest.raises(InvalidToken, match="has to name its organisation by its id"):
        organisation_in({"organisation": value}, "organisation")


def test_a_stakeholder_acts_for_the_organisation_that_the_token_names(tokens: SignedTokens, issuer: LocalIssuer):
    actor = tokens.authenticate(issuer.token(roles="stakeholder", organisation=str(ORGANISATION)))
    assert (actor.role, actor.organisation) == (Role.STAKEHOLDER, ORGANISATION)


def test_a_stakeholder_without_an_organisation_is_refused(tokens: SignedTokens, issuer: LocalIssuer):
    with pytest.raises(InvalidToken, match="a stakeholder's token has to name its organisation"):
        tokens.authenticate(issuer.token(roles="stakeholder"))


def test_nobody_else_acts_for_an_organisation(tokens: SignedTokens, issuer: LocalIssuer):
    actor = tokens.authenticate(issuer.token(roles="auditor", organisation=str(ORGANISATION)))
    assert (actor.role, actor.organisation) == (Role.AUDITOR, None)


def test_the_operator_says_where_role_and_organisation_are(issuer: LocalIssuer, subjects: Subjects):
    trusted = TrustedIssuer(
        url=issuer.url, audience=AUDIENCE, roles_claim="realm_access.roles", organisation_claim="member.of"
    )
    tokens = SignedTokens(trusted, subjects)
    claims: dict[str, Any] = {"realm_access": {"roles": ["stakeholder"]}, "member": {"of": str(ORGANISATION)}}
    assert tokens.authenticate(issuer.token(roles="admin", **claims)).organisation == ORGANISATION

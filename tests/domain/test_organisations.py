"""Organisations: joining, renaming, leaving."""

from dataclasses import replace

import pytest

from domain import refusals
from domain.circumstances import Circumstances
from domain.events import Deactivated, Registered, Renamed
from domain.organisation import Deactivate, Organisation, OrganisationCommand, Register, Rename, fold
from domain.organisation_decisions import decide
from domain.vocabulary import Region, Sector
from tests.given import ACTOR, COMMAND, PLEDGE, TODAY, organisation

AT = Circumstances(actor=ACTOR, today=TODAY, command_id=COMMAND)
NEW = Register(name="Fibre for All", sector=Sector.PRIVATE_SECTOR, country="KEN")


def _decide(state: Organisation | None, command: OrganisationCommand):
    return decide(PLEDGE, state, command, AT)


def _after(state: Organisation | None, command: OrganisationCommand) -> Organisation:
    after = fold(state, _decide(state, command))
    assert after is not None
    return after


def test_a_stakeholder_registers_and_its_region_follows_from_its_country():
    (event,) = _decide(None, NEW)
    assert isinstance(event, Registered)
    assert (event.name, event.region, event.originator_version) == ("Fibre for All", Region.AFRICA, 1)


def test_the_region_may_be_said_too_if_it_is_the_right_one():
    assert _after(None, replace(NEW, region=Region.AFRICA)).region is Region.AFRICA
    with pytest.raises(refusals.ContradictoryRegion):
        _decide(None, replace(NEW, region=Region.EUROPE))


def test_a_stakeholder_of_no_country_may_name_a_region_or_none():
    assert _after(None, replace(NEW, country=None, region=Region.CIS)).region is Region.CIS
    assert _after(None, replace(NEW, country=None)).region is None


def test_a_territory_outside_the_itu_regions_may_name_one():
    assert _after(None, replace(NEW, country="ABW", region=Region.AMERICAS)).region is Region.AMERICAS


def test_an_unknown_country_is_refused():
    with pytest.raises(refusals.UnknownCodes):
        _decide(None, replace(NEW, country="XXX"))


@pytest.mark.parametrize("name", ["", "  ", "x" * 301, "a\x07b"])
def test_a_name_must_be_fit_to_be_kept(name: str):
    with pytest.raises(refusals.UnacceptableText):
        _decide(None, replace(NEW, name=name))


def test_a_stakeholder_is_registered_once():
    with pytest.raises(refusals.AlreadyRegistered):
        _decide(organisation(), NEW)


def test_a_renaming_says_both_names():
    (event,) = _decide(organisation("Old"), Rename(name="New"))
    assert isinstance(event, Renamed)
    assert (event.former_name, event.name) == ("Old", "New")
    assert _after(organisation("Old"), Rename(name="New")).name == "New"


def test_a_renaming_to_the_same_name_is_refused():
    with pytest.raises(refusals.NameUnchanged):
        _decide(organisation("Old"), Rename(name="Old"))


def test_a_deactivated_stakeholder_does_not_change_any_more():
    (event,) = _decide(organisation(), Deactivate(reason="merged"))
    assert isinstance(event, Deactivated)
    inactive = _after(organisation(), Deactivate(reason="merged"))
    assert not inactive.active
    for command in (Rename(name="New"), Deactivate(reason="again")):
        with pytest.raises(refusals.OrganisationDeactivated):
            _decide(inactive, command)


@pytest.mark.parametrize("command", [Rename(name="New"), Deactivate(reason="x")])
def test_what_is_not_registered_cannot_change(command: OrganisationCommand):
    with pytest.raises(refusals.UnknownOrganisation):
        _decide(None, command)


def test_facts_without_a_registration_fold_to_nothing():
    assert fold(None, _decide(organisation("Old"), Rename(name="New"))) is None

"""Countries, regions, and country groups at a date."""

import csv
from collections import Counter
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.geography import (
    Country,
    Membership,
    countries,
    country,
    groups_of,
    members,
    memberships,
    region_of,
    regions_of,
)
from domain.vocabulary import LANGUAGES, CountryGroup, Region

DAYS = st.dates(min_value=date(1980, 1, 1), max_value=date(2040, 12, 31))
LISTED_DAYS = sorted({day for stay in memberships() for day in (stay.since, stay.until) if day})


def rows(name: str) -> list[dict[str, str]]:
    with resources.files("domain").joinpath(f"data/{name}").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_country_in_the_table_is_read_as_it_stands() -> None:
    table = rows("countries.csv")
    assert len(table) == len(countries())
    for row in table:
        assert countries()[row["iso3"]] == Country(
            iso3=row["iso3"],
            iso2=row["iso2"],
            m49=f"{int(row['m49']):03}",
            region=Region(row["itu_region"]) if row["itu_region"] else None,
            names={language: row[f"name_{language}"] for language in LANGUAGES},
        )


def test_every_membership_in_the_table_is_read_as_it_stands() -> None:
    table = rows("country_groups.csv")
    read = [
        (stay.group.value, stay.iso3, *(day.isoformat() if day else "" for day in (stay.since, stay.until)))
        for stay in memberships()
    ]
    assert read == [(row["group"], row["iso3"], row["from"], row["until"]) for row in table]


def test_no_code_is_used_for_two_countries_and_every_name_is_there() -> None:
    known = countries().values()
    assert len({one.iso2 for one in known}) == len({one.m49 for one in known}) == len(known)
    assert [one.iso3 for one in known if not all(one.names.values())] == []


def test_a_country_has_its_codes_region_and_names() -> None:
    found = country("KEN")
    assert found is not None
    assert (found.iso2, found.m49, found.region) == ("KE", "404", Region.AFRICA)
    assert found.names["ru"] == "Кения"


def test_an_m49_code_keeps_its_leading_zeros() -> None:
    assert countries()["AFG"].m49 == "004"


@pytest.mark.parametrize("code", ["", "ken", "KE", "ZZZ"])
def test_an_unknown_code_is_no_country_has_no_region_and_is_in_no_group(code: str) -> None:
    assert country(code) is None
    assert region_of(code) is None
    assert groups_of(code, date(2026, 1, 1)) == frozenset()


def test_a_territory_outside_the_list_of_member_states_has_no_region() -> None:
    assert country("ABW") is not None
    assert region_of("ABW") is None


def test_194_member_states_and_palestine_have_a_region() -> None:
    counted = Counter(one.region for one in countries().values() if one.region)
    assert set(counted) == set(Region)
    assert counted.total() == 195
    assert region_of("PSE") is Region.ARAB_STATES


def test_the_regions_of_several_countries_are_named_once_each() -> None:
    assert regions_of(["KEN", "UGA", "NPL", "ABW", "ZZZ"]) == {Region.AFRICA, Region.ASIA_PACIFIC}
    assert regions_of([]) == frozenset()


@pytest.mark.parametrize("code", ["BGD", "LAO", "NPL"])
def test_bangladesh_lao_and_nepal_are_least_developed_until_the_day_they_graduate(code: str) -> None:
    assert CountryGroup.LDC in groups_of(code, date(2026, 11, 23))
    assert CountryGroup.LDC not in groups_of(code, date(2026, 11, 24))
    assert code in members(CountryGroup.LDC, date(2026, 11, 23))
    assert code not in members(CountryGroup.LDC, date(2026, 11, 24))


def test_timor_leste_is_least_developed_from_the_day_it_joined() -> None:
    assert groups_of("TLS", date(2003, 12, 3)) == {CountryGroup.SIDS}
    assert groups_of("TLS", date(2003, 12, 4)) == {CountryGroup.LDC, CountryGroup.SIDS}


def test_leaving_one_group_does_not_leave_another() -> None:
    assert groups_of("NPL", date(2026, 11, 23)) == {CountryGroup.LDC, CountryGroup.LLDC}
    assert groups_of("NPL", date(2026, 11, 24)) == {CountryGroup.LLDC}


@pytest.mark.parametrize(("on", "count"), [(date(2022, 6, 16), 46), (date(2023, 12, 13), 45), (date(2024, 12, 13), 44)])
def test_the_least_developed_countries_are_as_many_as_the_un_counted(on: date, count: int) -> None:
    assert len(members(CountryGroup.LDC, on)) == count


def test_the_landlocked_developing_countries_are_32() -> None:
    assert len(members(CountryGroup.LLDC, date(2024, 1, 1))) == 32


def test_every_member_of_a_group_is_a_country() -> None:
    assert [stay for stay in memberships() if stay.iso3 not in countries()] == []


def test_no_two_stays_of_a_country_in_a_group_overlap() -> None:
    on_each_listed_day = [
        Counter((stay.group, stay.iso3) for stay in memberships() if stay.holds(day)) for day in LISTED_DAYS
    ]
    assert [stay for counted in on_each_listed_day for stay, times in counted.items() if times > 1] == []


def test_a_stay_without_days_never_begins_or_ends() -> None:
    always = Membership(CountryGroup.SIDS, "FJI", None, None)
    assert always.holds(date.min)
    assert always.holds(date.max)


@given(code=st.sampled_from(sorted(countries())), day=DAYS)
@example(code="BGD", day=date(2026, 11, 24))
@example(code="TLS", day=date(2003, 12, 4))
def test_membership_changes_only_on_a_listed_day(code: str, day: date) -> None:
    the_day_before = day - timedelta(days=1)
    changed = groups_of(code, the_day_before) ^ groups_of(code, day)
    listed = {stay.group for stay in memberships() if stay.iso3 == code and day in (stay.since, stay.until)}
    assert changed == listed


@given(group=st.sampled_from(CountryGroup), first=DAYS, second=DAYS)
@example(group=CountryGroup.LDC, first=date(2025, 1, 1), second=date(2026, 11, 23))
def test_membership_is_constant_between_the_listed_days(group: CountryGroup, first: date, second: date) -> None:
    earlier, later = sorted((first, second))
    changes = [
        stay.iso3
        for stay in memberships()
        if stay.group == group
        for day in (stay.since, stay.until)
        if day and earlier < day <= later
    ]
    # Nobody in these data leaves a group and comes back, so each day between the two moves one country.
    assert members(group, earlier) ^ members(group, later) == set(changes)


@given(group=st.sampled_from(CountryGroup), day=DAYS)
def test_asking_by_country_and_asking_by_group_give_the_same_answer(group: CountryGroup, day: date) -> None:
    assert members(group, day) == {code for code in countries() if group in groups_of(code, day)}

"""The enums, the data file and the labels say the same things."""

import json
import re
from collections import Counter
from enum import StrEnum
from typing import Any

import pytest

from domain.vocabulary import (
    LANGUAGES,
    Additionality,
    BeneficiaryGroup,
    CountryGroup,
    FocusArea,
    Lifecycle,
    PledgeType,
    Region,
    ReportingHealth,
    Role,
    ScheduleHealth,
    Sector,
    SelfAssessment,
    catalogue,
    labels,
    measures,
    pillars,
    sdgs,
    wsis_lines,
)

CLOSED_LISTS: dict[str, type[StrEnum]] = {
    "focus_area": FocusArea,
    "pledge_type": PledgeType,
    "sector": Sector,
    "beneficiary_group": BeneficiaryGroup,
    "country_group": CountryGroup,
    "region": Region,
    "additionality": Additionality,
    "self_assessment": SelfAssessment,
    "lifecycle": Lifecycle,
    "reporting_health": ReportingHealth,
    "schedule_health": ScheduleHealth,
    "role": Role,
}
OPEN_LISTS = {"pillar", "measure", "sdg", "wsis_line"}
ALL_LISTS = sorted(CLOSED_LISTS.keys() | OPEN_LISTS)

SCRIPTS = {
    "en": re.compile(r"[A-Za-z]"),
    "fr": re.compile(r"[A-Za-z]"),
    "es": re.compile(r"[A-Za-z]"),
    "ru": re.compile(r"[\u0410-\u044f]"),
    "ar": re.compile(r"[\u0621-\u064a]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
}


def test_the_catalogue_has_exactly_the_lists_of_the_domain() -> None:
    assert set(catalogue()) == CLOSED_LISTS.keys() | OPEN_LISTS


@pytest.mark.parametrize("list_name", CLOSED_LISTS)
def test_an_enum_and_its_list_in_the_file_agree_also_on_the_order(list_name: str) -> None:
    assert [member.value for member in CLOSED_LISTS[list_name]] == list(labels(list_name))


@pytest.mark.parametrize("list_name", ALL_LISTS)
def test_every_code_has_a_label_in_exactly_the_six_languages(list_name: str) -> None:
    for entry in catalogue()[list_name]:
        texts = entry["labels"]
        assert isinstance(texts, dict)
        assert tuple(texts) == LANGUAGES
        assert all(texts.values()), entry["code"]


@pytest.mark.parametrize("list_name", ALL_LISTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_label_stands_twice_in_a_list_and_language(list_name: str, language: str) -> None:
    counted = Counter(text[language].casefold() for text in labels(list_name).values())
    assert [text for text, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("list_name", ALL_LISTS)
def test_no_label_begins_or_ends_with_space(list_name: str) -> None:
    texts = [text for by_language in labels(list_name).values() for text in by_language.values()]
    assert [text for text in texts if text != text.strip()] == []


@pytest.mark.parametrize("list_name", ALL_LISTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_is_written_in_the_script_of_its_language(list_name: str, language: str) -> None:
    written = {code: text[language] for code, text in labels(list_name).items()}
    assert {code: text for code, text in written.items() if not SCRIPTS[language].search(text)} == {}


@pytest.mark.parametrize("list_name", sorted(set(ALL_LISTS) - {"sdg", "wsis_line"}))
def test_codes_are_lower_case_words_joined_by_underscores(list_name: str) -> None:
    assert [code for code in labels(list_name) if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


def test_the_focus_areas_have_their_published_english_names() -> None:
    assert [text["en"] for text in labels("focus_area").values()] == [
        "Access: Connecting people everywhere",
        "Adoption: Empowering communities",
        "Value creation: Building digital ecosystems",
        "Accelerate: Incentivizing investments",
    ]


@pytest.mark.parametrize(
    ("focus_area", "term"),
    [
        (FocusArea.ACCESS, "Доступ"),
        (FocusArea.ADOPTION, "Внедрение"),
        (FocusArea.VALUE_CREATION, "Создание стоимости"),
        (FocusArea.ACCELERATE, "Ускорение инвестиций"),
    ],
)
def test_the_focus_areas_have_the_russian_terms_of_resolution_88(focus_area: FocusArea, term: str) -> None:
    assert labels("focus_area")[focus_area]["ru"].startswith(f"{term}:")


@pytest.mark.parametrize(
    ("group", "abbreviation"),
    [(CountryGroup.LDC, "НРС"), (CountryGroup.LLDC, "ЛЛДС"), (CountryGroup.SIDS, "СИДС")],
)
def test_the_country_groups_have_the_russian_abbreviations_of_resolution_88(
    group: CountryGroup, abbreviation: str
) -> None:
    assert f"({abbreviation})" in labels("country_group")[group]["ru"]


def test_every_focus_area_has_pillars_and_those_of_access_are_the_published_three() -> None:
    assert {pillar.focus_area for pillar in pillars().values()} == set(FocusArea)
    of_access = [code for code, pillar in pillars().items() if pillar.focus_area is FocusArea.ACCESS]
    assert of_access == ["infrastructure", "affordability", "cybersecurity"]


def test_pillars_stand_in_the_order_of_their_focus_areas() -> None:
    order = list(FocusArea)
    positions = [order.index(pillar.focus_area) for pillar in pillars().values()]
    assert positions == sorted(positions)


def test_the_measures_of_the_domain_are_there() -> None:
    assert measures().keys() >= {
        "money",
        "people_connected",
        "schools_connected",
        "people_trained",
        "sites_built",
        "deliverable",
    }


def test_the_sdgs_are_numbered_from_1_to_17() -> None:
    assert list(sdgs()) == list(range(1, 18))
    assert sdgs()[9].labels["en"] == "Industry, innovation and infrastructure"


def test_the_wsis_lines_run_from_c1_to_c11() -> None:
    assert list(wsis_lines()) == [f"C{number}" for number in range(1, 12)]
    assert wsis_lines()["C4"].labels["fr"] == "Le renforcement des capacités"


def test_an_unknown_list_has_no_labels() -> None:
    with pytest.raises(KeyError):
        labels("occasion")


def test_the_catalogue_is_plain_json_with_whole_numbers_for_sdgs_and_focus_areas_for_pillars() -> None:
    published = json.loads(json.dumps(catalogue()))
    assert [entry["code"] for entry in published["sdg"]] == list(range(1, 18))
    assert published["pillar"][0]["focus_area"] == "access"
    assert published["role"][2]["labels"]["ru"] == "Бюро развития электросвязи (БРЭ)"


def test_changing_a_catalogue_changes_no_other() -> None:
    mine = catalogue()
    mine["role"].clear()
    texts = mine["region"][0]["labels"]
    assert isinstance(texts, dict)
    texts["en"] = "Elsewhere"
    assert len(catalogue()["role"]) == len(Role)
    assert labels("region")["africa"]["en"] == "Africa"


def test_what_the_lookups_share_cannot_be_changed() -> None:
    shared_pillars: Any = pillars()
    with pytest.raises(TypeError):
        shared_pillars["new"] = shared_pillars["skills"]
    shared_labels: Any = labels("role")
    with pytest.raises(TypeError):
        shared_labels["bdt"]["en"] = "Somebody else"

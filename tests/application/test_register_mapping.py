"""A mapping says what is wrong with it, and its documentation knows every key."""

import re

import pytest

from application.register_import.mapping import UnusableMapping, keys, parse
from tests.application import fts, made_up


@pytest.mark.parametrize(
    ("replaced", "by", "message"),
    [
        ("[amount]\n", '[amount]\ncolunm = "x"\n', "amount.colunm: there is no such key; the nearest one is column"),
        ("[lead.name]", "[lead.nam]", "lead.nam: there is no such key; the nearest one is name"),
        (
            "[lead.name]\n",
            '[lead.name]\nconstant = "x"\n',
            "lead.name: give exactly one of column, constant and template",
        ),
        ('match = ["No"]', "match = []", "lines.match"),
        ('match = ["No"]', 'match = ["No"]\ngroup = ["Who"]', "match names No, which is not in group"),
        ('thousands = ","', 'thousands = "."', "decimal and thousands cannot be the same sign"),
        ('register = "Made-up register"', "", "register: Field required"),
        ('register = "Made-up register"', "register =", "not TOML"),
        ("[lines]", 'exported_on_pattern = "(x"\n[lines]', "no regular expression"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where_and_why(replaced: str, by: str, message: str) -> None:
    with pytest.raises(UnusableMapping, match=re.escape(message)):
        parse(made_up.TEXT.replace(replaced, by, 1))


def test_the_export_date_is_found_in_the_name_of_the_file() -> None:
    assert str(fts.mapping().exported_on("ebola_response_2015-04-13.csv")) == "2015-04-13"
    assert fts.mapping().exported_on("ebola_response_2015-13-13.csv") is None
    assert fts.mapping().exported_on("register.csv") is None


@pytest.mark.parametrize("key", sorted(keys()))
def test_the_documentation_explains_every_key(key: str) -> None:
    documentation = (fts.ROOT / "docs/import.md").read_text(encoding="utf-8")

    assert f"| `{key}` |" in documentation


def test_the_documentation_explains_no_key_that_does_not_exist() -> None:
    documentation = (fts.ROOT / "docs/import.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([a-z_.]+)` \|", documentation, re.MULTILINE)) == set(keys())

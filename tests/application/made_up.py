"""A small made-up register: what a mapping can say besides what the Ebola one needs."""

from collections.abc import Mapping as Lookup
from collections.abc import Sequence
from datetime import date

from application.register_import.mapping import Mapping, parse
from application.register_import.plan import Choices, Outcome
from application.register_import.sheet import Cell, Row, Sheet
from infrastructure.bootstrap import Service

COLUMNS = ("No", "Who", "What", "Where", "Amount", "Currency", "Rate", "State", "Paid", "Paid on")

TEXT = """
register = "Made-up register"

[lines]
match = ["No"]

[numbers]
thousands = ","
signs = ["$", "€"]
parentheses_negative = true

[dates]
format = "%d/%m/%Y"

[pledge.title]
column = "What"
first_line = true
longest = 60
blank = "Untitled"
[pledge.description]
template = "{What}\\nPlace: {Where}"
blank = "No description"
[pledge.type]
constant = "financial"
[pledge.focus_area]
constant = "access"
[pledge.countries]
column = "Where"
separator = ";"
values = { "West Africa" = ["GHA", "TGO"], "Everywhere" = [] }
[pledge.announced_on]
constant = "01/01/2025"

[lead.name]
column = "Who"
[lead.sector]
constant = "private_sector"

[amount]
column = "Amount"
[amount.currency]
column = "Currency"
blank = "USD"
[amount.usd_rate]
column = "Rate"
[amount.usd_rate_source]
constant = "the register's own rate"

[admission]
column = "State"
values = { "firm" = "validated", "said" = "announced", "refused" = "declined" }

[paid]
amount = "Paid"
[paid.on]
column = "Paid on"
"""

GROUPED = TEXT.replace('match = ["No"]', 'match = ["No"]\ngroup = ["No"]')
GOOD: Lookup[str, str] = {
    "No": "1",
    "Who": "Fibre Ltd",
    "What": "Connect schools",
    "Where": "Kenya",
    "Amount": "1,000.50",
    "Currency": "EUR",
    "Rate": "1.10",
    "State": "firm",
    "Paid": "",
    "Paid on": "",
}
EXPORTED_ON = date(2025, 6, 30)


def mapping(text: str = TEXT) -> Mapping:
    return parse(text)


def sheet(*changes: Lookup[str, Cell], columns: Sequence[str] = COLUMNS) -> Sheet:
    """Lines from 2 on, each the good line with changes; numbered from 1 unless they say otherwise."""
    rows = (Row(line=n + 1, cells={**GOOD, "No": str(n), **change}) for n, change in enumerate(changes, start=1))
    return Sheet(file_name="made-up.csv", columns=tuple(columns), rows=tuple(rows))


def run(
    service: Service,
    of: Sheet,
    choices: Choices | None = None,
    *,
    text: str = TEXT,
    on: date = EXPORTED_ON,
) -> Outcome:
    return service.imports.carry_out(of, mapping(text), on, choices or Choices())

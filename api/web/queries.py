"""What the address of a page may say; what it does not know it passes over, for others append what is theirs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.http.languages import Language
from api.http.moments import AsOfText, EffectiveOn


class Page(BaseModel):
    """In which language, and of which moment. A field that a form left empty says nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    lang: Annotated[Language | None, Field(description="One of the six languages of the United Nations")] = None
    as_of: AsOfText = None
    effective_on: EffectiveOn = None

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        said = {name: _said(value) for name, value in given.items()}
        return {name: value for name, value in said.items() if value not in ("", [], None)}


def _said(value: Any) -> Any:
    return [one for one in value if one != ""] if isinstance(value, list) else value

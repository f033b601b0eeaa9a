"""Routes that read what they declare once, when they are made, and not anew for each request.

For each request, the framework looks again at all that a handler declares: what kind of function each dependency is,
what each parameter is called, whether it is a list. That was half of the time of a short request. What a request says
is read and checked by the framework, as ever; for what it does not say, which is most, the default is taken at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast, get_type_hints

from fastapi import Request, Response
from fastapi._compat import ModelField, field_annotation_is_sequence
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Values = dict[str, Any]
Errors = list[Any]


class PreparedRoute(APIRoute):
    """A route whose handler is given the same as the framework would give it, sooner.

    What declares anything that is not foreseen here (cookies, forms, dependencies that end with the request, answers
    that are not responses yet) is left to the framework, and so is everything while dependencies are overridden. What
    is declared where its router is included is not seen. Where a body is declared, the request has to have one that is
    JSON: `api.http.json_request` sees to that.
    """

    def get_route_handler(self) -> Handler:
        """The handler, from the request alone."""
        by_the_framework = super().get_route_handler()
        if not self.is_foreseen:
            return by_the_framework
        asked = Asked.of(self.dependant)

        async def handle(request: Request) -> Response:
            if request.app.dependency_overrides:
                return await by_the_framework(request)
            body = await request.json() if self.body_field else None
            given, errors = await asked.given(request, body, {})
            if errors:
                raise RequestValidationError(errors, body=body)
            return cast("Response", await asked.answer(given))

        return handle

    @property
    def is_foreseen(self) -> bool:
        """Whether its handler is not left to the framework."""
        returned = get_type_hints(self.endpoint).get("return")
        is_form = self.body_field is not None and isinstance(self.body_field.field_info, Form)
        return (
            _is_a(returned, Response)
            and not is_form
            and not self._embed_body_fields
            and all(map(_is_foreseen, _all_of(self.dependant)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a handler, or a dependency, has to be given."""

    call: Callable[..., Any]
    is_async: bool
    name: str | None
    needs: Sequence[Asked]
    path: Parameters
    query: Parameters
    headers: Parameters
    body: Sequence[ModelField]
    request: Sequence[str]

    @classmethod
    def of(cls, dependant: Dependant) -> Self:
        """The same as the framework declares it."""
        call = cast("Callable[..., Any]", dependant.call)
        return cls(
            call=call,
            is_async=_is_async(call),
            name=dependant.name,
            needs=[cls.of(needed) for needed in dependant.dependencies],
            path=Parameters.of(dependant.path_params, "path"),
            query=Parameters.of(dependant.query_params, "query"),
            headers=Parameters.of(dependant.header_params, "header"),
            body=dependant.body_params,
            request=[n for n in (dependant.request_param_name, dependant.http_connection_param_name) if n],
        )

    async def given(self, request: Request, body: object, known: dict[Hashable, Any]) -> tuple[Values, Errors]:
        """What it is given by a request, or why it cannot be; `known` has what dependencies answered before."""
        values: Values = {}
        errors: Errors = []
        for needed in self.needs:
            if needed.call not in known:
                given, wrong = await needed.given(request, body, known)
                if wrong:
                    errors += wrong
                    continue
                known[needed.call] = await needed.answer(given)
            if needed.name is not None:
                values[needed.name] = known[needed.call]
        for parameters, said in (
            (self.path, request.path_params),
            (self.query, request.query_params),
            (self.headers, request.headers),
        ):
            if parameters.declared:
                found, wrong = parameters.read(said)
                values |= found
                errors += wrong
        if self.body:
            found, wrong = await request_body_to_args(list(self.body), body, embed_body_fields=False)
            values |= found
            errors += wrong
        values |= dict.fromkeys(self.request, request)
        return values, errors

    async def answer(self, given: Values) -> Any:
        """What it answers."""
        return await (self.call(**given) if self.is_async else run_in_threadpool(self.call, **given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Parameters of an address or a query, or headers, by how they are read.

    `plain` are single values, which are None where they are left out; `models` have a query in them. All `others`, such
    as lists, are read by the framework, and so are models of a query that says anything.
    """

    where: str
    plain: Sequence[ModelField]
    models: Sequence[ModelField]
    others: Sequence[ModelField]

    @classmethod
    def of(cls, fields: Sequence[ModelField], where: str) -> Self:
        """The same as the framework declares them."""
        models = [field for field in fields if _is_a(field.field_info.annotation, BaseModel)]
        plain = [field for field in fields if field not in models and _is_plain(field, where)]
        others = [field for field in fields if field not in models and field not in plain]
        return cls(where=where, plain=plain, models=models, others=others)

    @property
    def declared(self) -> bool:
        """Whether there are any."""
        return bool(self.plain or self.models or self.others)

    def read(self, said: Mapping[str, str]) -> tuple[Values, Errors]:
        """What a request says of them."""
        values: Values = {}
        errors: Errors = []
        for field in self.plain:
            value = said.get(field.alias)
            values[field.name], wrong = self._checked(field, value) if value is not None else (None, [])
            errors += wrong
        for field in () if said else self.models:
            values[field.name], wrong = field.validate({}, loc=(self.where,))
            errors += wrong
        found, wrong = request_params_to_args([*(self.models if said else ()), *self.others], said)
        return values | found, errors + wrong

    def _checked(self, field: ModelField, value: object) -> tuple[Any, Errors]:
        return field.validate(value, loc=(self.where, field.alias))


def _is_plain(field: ModelField, where: str) -> bool:
    info = field.field_info
    has_one_name = info.validation_alias in (None, field.alias)
    may_be_missing = not info.is_required() and not info.validate_default and field.default is None
    return has_one_name and (may_be_missing or where == "path") and not field_annotation_is_sequence(info.annotation)


def _is_foreseen(dependant: Dependant) -> bool:
    others = (
        dependant.cookie_params,
        dependant.websocket_param_name,
        dependant.background_tasks_param_name,
        dependant.response_param_name,
        dependant.security_scopes_param_name,
        dependant.own_oauth_scopes,
        dependant.concurrency,
    )
    ends_later = (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    bodies = _bodies(cast("Callable[..., Any]", dependant.call))
    return dependant.use_cache and not any(others) and not any(is_it(body) for is_it in ends_later for body in bodies)


def _all_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for needed in dependant.dependencies:
        yield from _all_of(needed)


def _is_async(call: Callable[..., Any]) -> bool:
    return any(map(inspect.iscoroutinefunction, _bodies(call)))


def _bodies(call: Callable[..., Any]) -> tuple[object, object]:
    """What is carried out where a function, or an object, is called."""
    return call, getattr(call, "__call__", None)  # noqa: B004 - the method itself is wanted


def _is_a(annotation: object, kind: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, kind)

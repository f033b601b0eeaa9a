"""Why lines match nothing: values that the register has never seen, and the known lines most like the new ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from application.register_import.notation import folded
from application.register_import.pairing import key_of
from application.register_import.plan import Near, Strangeness
from application.register_import.promises import Promise
from application.register_import.record import Key
from domain.pledge import Pledge

EXAMPLES = 5


def strangeness(columns: Sequence[str], promises: Iterable[Promise], known: Iterable[Pledge]) -> Strangeness:
    """What is strange about promises that no known pledge has the key of."""
    strange, known_keys = tuple(promises), tuple(dict.fromkeys(key_of(pledge) for pledge in known))
    keys_of_same_form = tuple(key for key in known_keys if len(key) == len(columns))
    return Strangeness(
        new_values={
            column: values for i, column in enumerate(columns) if (values := _new(i, strange, keys_of_same_form))
        },
        nearest=_nearest(columns, strange, keys_of_same_form),
    )


def _new(i: int, promises: tuple[Promise, ...], known: tuple[Key, ...]) -> dict[str, int]:
    seen = {folded(key[i]) for key in known}
    return dict(Counter(p.key[i] for p in promises if folded(p.key[i]) not in seen).most_common())


def _nearest(columns: Sequence[str], promises: tuple[Promise, ...], known: tuple[Key, ...]) -> tuple[Near, ...]:
    """Lines that differ from a known one in one column alone; each pair of differing values is shown once."""
    found: dict[tuple[str, str, str], Near] = {}
    for i, column in enumerate(columns):
        others: defaultdict[Key, list[Key]] = defaultdict(list)
        for key in known:
            others[_without(i, key)].append(key)
        for promise in promises:
            for key in others.get(_without(i, promise.key), ())[:1]:
                near = Near(line=promise.line, key=promise.key, known=key, columns=(column,))
                found.setdefault((column, promise.key[i], key[i]), near)
    return tuple(list(found.values())[:EXAMPLES])


def _without(i: int, key: Key) -> Key:
    return tuple(folded(part) for n, part in enumerate(key) if n != i)

"""Rebuilds in threads of their own, so that the other read models are kept up meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

from projections.read_model import ReadModel


class RebuildsAside:
    """At most one rebuild of each read model, in the background; `tell_of_end` is called when one ends."""

    def __init__(self, rebuild: Callable[[ReadModel], None], tell_of_end: Callable[[], None]) -> None:
        self._rebuild = rebuild
        self._tell_of_end = tell_of_end
        self._threads: dict[str, threading.Thread] = {}
        self._faults: dict[str, Exception] = {}
        self._some_ended = threading.Event()

    @property
    def under_way(self) -> bool:
        """Whether one is running."""
        return any(thread.is_alive() for thread in self._threads.values())

    def ended(self) -> bool:
        """Whether a rebuild ended that nobody has looked after yet."""
        if not self._some_ended.is_set():
            return False
        self._some_ended.clear()
        return True

    def see_to(self, model: ReadModel) -> bool:
        """Begin the rebuild unless it is running; whether it is done, which its tables will tell, so never.

        Raises what ended the one before, once.
        """
        if fault := self._faults.pop(model.name, None):
            raise fault
        running = self._threads.get(model.name)
        if running is None or not running.is_alive():
            thread = threading.Thread(target=self._run, args=(model,), name=f"rebuild-{model.name}", daemon=True)
            self._threads[model.name] = thread
            thread.start()
        return False

    def join(self) -> None:
        """Wait for all of them to end."""
        for thread in self._threads.values():
            thread.join()

    def _run(self, model: ReadModel) -> None:
        try:
            self._rebuild(model)
        except Exception as fault:  # noqa: BLE001 - raised again where the rebuild is asked for
            self._faults[model.name] = fault
        finally:
            self._some_ended.set()
            self._tell_of_end()

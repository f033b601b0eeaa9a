"""`p2c demo`: the sample portfolio."""

from __future__ import annotations

from api.cli.console import AsJson, people, programs
from api.cli.opening import the_service
from application.sample.loading import Loaded, load_sample


def demo(*, as_json: AsJson = False) -> None:
    """Load the sample portfolio into the ledger that the settings name.

    The sample is invented and says so everywhere. A ledger that holds anything else is left alone (exit code 1);
    where the sample is there already, nothing is added.
    """
    with the_service() as service:
        loaded = load_sample(service.ledger, service.commands, service.today)
        service.projections.catch_up()
    if as_json:
        programs(
            {
                "events": loaded.events,
                "pledges": loaded.pledges,
                "organisations": loaded.organisations,
                "not_yet": loaded.not_yet,
            }
        )
    else:
        people().print(in_words(loaded))


def in_words(loaded: Loaded) -> str:
    """What loading the sample did."""
    if not loaded.events:
        return "The sample portfolio is there already; nothing was added."
    later = f" {loaded.not_yet} steps of the story lie in days to come and were left out." if loaded.not_yet else ""
    return (
        f"Loaded the sample portfolio: {loaded.pledges} invented pledges of {loaded.organisations} invented "
        f"organisations, in {loaded.events} events. All of it is labelled as a sample.{later}"
    )

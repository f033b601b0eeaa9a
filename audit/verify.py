"""`python -m audit.verify BUNDLE`: the offline verifier with nothing around it. `p2c verify` does the same."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.checkpoint import SignedCheckpoint
from audit.signed_note import MalformedNote, VerifierKey, parse_keys
from audit.verification import Progress, Report, Trust, verify
from domain.text import one_line

HOLDS, DOES_NOT_HOLD, USED_WRONGLY = 0, 1, 2
EVERY = 50_000


class UnusableTrust(ValueError):
    """A key or checkpoint of the auditor that cannot be read; the message says which and why."""


def trust(keys: Sequence[str], since: Path | None) -> Trust:
    """What the auditor trusts: keys as text or in files, and an earlier checkpoint in a file. Raises UnusableTrust."""
    return Trust(keys=tuple(key for text in keys for key in _keys(text)), since=_checkpoint(since) if since else None)


def sentences(report: Report) -> Iterator[str]:
    """The report for people, a line each: what the bundle says commands no terminal."""
    return map(one_line, _sentences(report))


def _sentences(report: Report) -> Iterator[str]:
    yield f"{report.origin or 'unknown ledger'}: entries {report.entries:,}, signed checkpoints {report.checkpoints:,}"
    for key in report.keys:
        whose = "yours" if report.keys_are_trusted else "from the bundle itself: compare it with one from elsewhere"
        yield f"key {key} ({whose})"
    if report.holds:
        yield f"root {report.document()['root']}"
        if report.since is not None:
            yield f"The ledger has only grown since your checkpoint of size {report.since}."
        if report.replayed:
            yield f"Pledges replayed from the entries: {report.pledges:,}."
            yield f"Published snapshots taken again from them, the same byte for byte: {report.snapshots:,}."
        yield "It holds: every entry is the one that was signed, in its place."
    else:
        yield from map(str, report.findings)
        yield "It does NOT hold."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code: 0 holds, 1 does not hold, 2 used wrongly."""
    asked = _parser().parse_args(arguments)
    try:
        report = verify(
            asked.bundle, trust(asked.key, asked.since), replay=not asked.without_replay, progress=_progress()
        )
    except (FileNotFoundError, IsADirectoryError) as missing:
        return _used_wrongly(f"{missing.filename} is not there")
    except UnusableTrust as fault:
        return _used_wrongly(str(fault))
    lines = [json.dumps(report.document(), indent=2)] if asked.json else sentences(report)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return HOLDS if report.holds else DOES_NOT_HOLD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m audit.verify",
        description="Verify a bundle of the ledger, without a network and without a database.",
        epilog="Exit codes: 0 it holds, 1 it does not (the first bad position is named), 2 used wrongly.",
    )
    parser.add_argument("bundle", type=Path, help="the bundle, a zip file")
    parser.add_argument("--key", action="append", default=[], help="a key you trust, or a file of them; repeatable")
    parser.add_argument("--since", type=Path, help="the checkpoint of your last visit: has the ledger only grown?")
    parser.add_argument("--without-replay", action="store_true", help="leave out taking the snapshots again")
    parser.add_argument("--json", action="store_true", help="report for programs")
    return parser


def _progress() -> Progress:
    """Tell on a terminal how far it is."""
    if not sys.stderr.isatty():
        return lambda what, done, of: None
    told = 0

    def tell(what: str, done: int, of: int) -> None:
        nonlocal told
        if done // EVERY != told or done == of:
            told = done // EVERY
            sys.stderr.write(f"\r{what}: {done:,} of {of:,}" + ("\n" if done == of else ""))

    return tell


def _keys(text: str) -> tuple[VerifierKey, ...]:
    try:
        path = Path(text)
        keys = parse_keys(path.read_text("utf-8") if path.is_file() else text)
    except (MalformedNote, OSError, UnicodeDecodeError) as fault:
        raise UnusableTrust(f"the key {text!r}: {fault}") from fault
    if not keys:
        raise UnusableTrust(f"the key {text!r}: there is none in it")
    return keys


def _checkpoint(path: Path) -> SignedCheckpoint:
    try:
        return SignedCheckpoint.parse(path.read_bytes())
    except MalformedNote as fault:
        raise UnusableTrust(f"{path} is no checkpoint: {fault}") from fault


def _used_wrongly(problem: str) -> int:
    sys.stderr.write(f"{problem}\n")
    return USED_WRONGLY


if __name__ == "__main__":
    sys.exit(main())

"""The report of a check of a site: as a record, and as lines that put nodes together which found the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from glane.cluster.findings import Finding, State
from glane.languages import as_found, in_language
from glane.records import Record

_BAD = ("warning", "failed")
_COUNTED: Mapping[State, str] = {
    "failed": "{num} failed",
    "warning": "{num} warning",
    "ok": "{num} ok",
    "skipped": "{num} skipped",
}
_MOST_HOSTS = 8


class NodeReport(Record):
    """What the checks of one node found."""

    kind: Literal["glane node report"] = "glane node report"
    version: Literal[1] = 1
    host: str
    rank: int
    findings: tuple[Finding, ...]


class SiteReport(Record):
    """What all checks found."""

    kind: Literal["glane site report"] = "glane site report"
    version: Literal[1] = 1
    time: str  # of the report, ISO 8601 in UTC
    host: str  # where it was asked for
    glane: str  # the version
    state: Literal["ok", "failed"]
    here: tuple[Finding, ...]
    nodes: tuple[NodeReport, ...] = ()


def has_failed(findings: Iterable[Finding]) -> bool:
    """Whether a check found what a run would fail with."""
    return any(finding.state == "failed" for finding in findings)


def lines_here(findings: Sequence[Finding]) -> Iterator[str]:
    """The lines of what was checked on one machine, in the order of the checks, and in the language of the user."""
    for finding in findings:
        yield from _lines(finding, "")


def lines_of_nodes(reports: Sequence[NodeReport]) -> Iterator[str]:
    """The lines of what was checked on several nodes, what failed first. Nodes that found the same are one line."""
    groups: dict[Finding, list[str]] = {}
    for report in reports:
        for finding in report.findings:
            groups.setdefault(finding, []).append(report.host)
    everywhere = len(reports)
    for state in _COUNTED:
        for finding, hosts in groups.items():
            if finding.state == state:
                yield from _lines(finding, _all(everywhere) if len(hosts) == everywhere > 1 else _shown(hosts))


def last_line(findings: Iterable[Finding]) -> str:
    """How many checks found what."""
    states = Counter(finding.state for finding in findings)
    return ", ".join(_COUNTED[state].format(num=states[state]) for state in _COUNTED if states[state])


def _lines(finding: Finding, hosts: str) -> Iterator[str]:
    seen, remedy = as_found(finding.seen), as_found(finding.remedy)
    if finding.state == "failed" and not remedy:
        before, sign, remedy = seen.partition(". ")
        seen = before + sign.strip()
    first, *others = seen.splitlines() or [""]
    word = in_language(finding.state)
    shown = word.upper() if finding.state in _BAD else word
    yield f"{shown:<8} {_name_of(finding):<24} {f'[{hosts}] ' if hosts else ''}{first}"
    yield from (f"{'':<34}{line}" for line in others)
    if remedy:
        first, *others = remedy.splitlines()
        yield f"{'':<33} -> {first}"
        yield from (f"{'':<37}{line}" for line in others)


def _all(num: int) -> str:
    return in_language(f"all {num} nodes")


def _name_of(finding: Finding) -> str:
    """The name of a check as the guide to sites has it in the language of the user; a key or a command is its own."""
    spoken = {
        "packages": in_language("packages"), "request": in_language("request"), "cores": in_language("cores"),
        "processes": in_language("processes"), "mode": in_language("mode"), "rename": in_language("rename"),
        "clock": in_language("clock"), "weights": in_language("weights"), "licence": in_language("licence"),
        "interface": in_language("interface"), "reports": in_language("reports"),
        "C compiler": in_language("C compiler"),
    }  # fmt: skip
    return spoken.get(finding.name) or (in_language(finding.name) if " " in finding.name else finding.name)


def _shown(hosts: Sequence[str]) -> str:
    shown = ", ".join(hosts[:_MOST_HOSTS])
    return in_language(f"{shown} and {len(hosts) - _MOST_HOSTS} more") if len(hosts) > _MOST_HOSTS else shown

"""Figures in Prometheus' text format, version 0.0.4, as the textfile collector of its node exporter reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value, with the labels that tell it from the others of its metric."""

    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Values of one name. A counter never falls while its process lives, and its name ends in `_total`."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: Sequence[Sample]


def exposition(metrics: Sequence[Metric]) -> str:
    """Return the metrics as text. Those without samples are left out.

    Raises:
        ValueError: for a name or a label that the format does not know.
    """
    lines = []
    for metric in metrics:
        if not metric.samples:
            continue
        if not _NAME.fullmatch(metric.name) or (metric.kind == "counter") != metric.name.endswith("_total"):
            raise ValueError(f"{metric.name}: no name for a {metric.kind}")
        lines.append(f"# HELP {metric.name} {_escaped(metric.help)}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        lines += [f"{metric.name}{_labels(sample.labels)} {_number(sample.value)}" for sample in metric.samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    if not all(_NAME.fullmatch(name) and not name.startswith("__") for name in labels):
        raise ValueError(f"{', '.join(labels)}: no names for labels")
    told = [f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels.items()]
    return f"{{{','.join(told)}}}" if told else ""


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quoted else text


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))

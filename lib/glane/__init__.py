"""glane reads large collections of documents on your own cluster and returns typed, checkable Parquet.

What a notebook needs is here: `ingest`, `extract`, `open_run`, `evaluate`, `compare`, `calibrate`, `cascade`,
`checklists`, `embed`, `search`, `estimate`, `aggregate`, `brief`, `try_programs`, `trace`, `link`, `brief_labels`,
`verify`, `pseudonymise`, `original_places`, `audit`, `replay`, `export`, `multiverse`, `needs`, `new_task`,
`seal_question`, `review`, `screen`, `studies`, `prisma`, `runs`, `draw_sample`, `freeze_sentinels`, `plant_attacks` and
`measure_attacks`. Each is loaded when it is first used: `import glane` takes no time."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glane.api.aggregate import aggregate
    from glane.api.attacks import measure_attacks, plant_attacks
    from glane.api.audit import audit
    from glane.api.brief import brief
    from glane.api.brief_labels import brief_labels
    from glane.api.calibrate import calibrate
    from glane.api.cascade import cascade
    from glane.api.checklists import checklists
    from glane.api.compare import compare
    from glane.api.embed import embed
    from glane.api.estimate import estimate
    from glane.api.evaluate import evaluate
    from glane.api.export import export
    from glane.api.extract import extract
    from glane.api.ingest import ingest
    from glane.api.link import link
    from glane.api.multiverse import multiverse
    from glane.api.needs import needs
    from glane.api.new_task import new_task
    from glane.api.prisma import prisma
    from glane.api.pseudonymise import original_places, pseudonymise
    from glane.api.replay import replay
    from glane.api.review import draw_sample, review
    from glane.api.runs import runs
    from glane.api.screen import screen
    from glane.api.seal import seal_question
    from glane.api.search import search
    from glane.api.sentinels import freeze_sentinels
    from glane.api.studies import studies
    from glane.api.trace import trace
    from glane.api.try_programs import try_programs
    from glane.api.verify import verify
    from glane.extraction.results import Run, open_run

__version__ = "0.1.0"
__all__ = [
    "Run",
    "__version__",
    "aggregate",
    "audit",
    "brief",
    "brief_labels",
    "calibrate",
    "cascade",
    "checklists",
    "compare",
    "draw_sample",
    "embed",
    "estimate",
    "evaluate",
    "export",
    "extract",
    "freeze_sentinels",
    "ingest",
    "link",
    "measure_attacks",
    "multiverse",
    "needs",
    "new_task",
    "open_run",
    "original_places",
    "plant_attacks",
    "prisma",
    "pseudonymise",
    "replay",
    "review",
    "runs",
    "screen",
    "seal_question",
    "search",
    "studies",
    "trace",
    "try_programs",
    "verify",
]
_OWN = (
    "aggregate",
    "audit",
    "brief",
    "brief_labels",
    "calibrate",
    "cascade",
    "checklists",
    "compare",
    "embed",
    "estimate",
    "evaluate",
    "export",
    "extract",
    "ingest",
    "link",
    "multiverse",
    "needs",
    "new_task",
    "prisma",
    "pseudonymise",
    "replay",
    "review",
    "runs",
    "screen",
    "search",
    "studies",
    "try_programs",
    "trace",
    "verify",
)  # in a module of that name
_PLACES = {
    "Run": "glane.extraction.results",
    "open_run": "glane.extraction.results",
    "draw_sample": "glane.api.review",
    "freeze_sentinels": "glane.api.sentinels",
    "measure_attacks": "glane.api.attacks",
    "original_places": "glane.api.pseudonymise",
    "plant_attacks": "glane.api.attacks",
    "seal_question": "glane.api.seal",
    **{name: f"glane.api.{name}" for name in _OWN},
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'glane' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

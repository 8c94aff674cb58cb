"""Which keys of a job are texts and which are lists: what a command line must know to read a word as it was meant."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from glane.settings.aggregate import AggregateSettings
from glane.settings.audit import AuditSettings
from glane.settings.brief import BriefSettings
from glane.settings.calibrate import CalibrateSettings
from glane.settings.cascade import CascadeSettings
from glane.settings.checklists import ChecklistsSettings
from glane.settings.clean import CleanSettings
from glane.settings.convert import ConvertSettings
from glane.settings.demo_corpus import DemoCorpusSettings
from glane.settings.doctor import DoctorSettings
from glane.settings.embed import EmbedSettings
from glane.settings.erase import EraseSettings
from glane.settings.estimate import EstimateSettings
from glane.settings.evaluate import CompareSettings, EvaluateSettings
from glane.settings.export import ExportSettings
from glane.settings.extract import ExtractSettings
from glane.settings.ingest import IngestSettings
from glane.settings.keys import KeysSettings
from glane.settings.link import LinkSettings
from glane.settings.models import ModelsSettings, StageModelSettings
from glane.settings.multiverse import MultiverseSettings
from glane.settings.new_task import NewTaskSettings
from glane.settings.plan import PlanSettings
from glane.settings.plant import PlantSettings
from glane.settings.prisma import PrismaSettings
from glane.settings.pseudonymise import PseudonymiseSettings
from glane.settings.replay import ReplaySettings
from glane.settings.review import ReviewSettings
from glane.settings.runs import RunsSettings
from glane.settings.screen import ScreenSettings
from glane.settings.search import SearchSettings
from glane.settings.sentinels import SentinelsSettings
from glane.settings.status import StatusSettings
from glane.settings.studies import StudiesSettings
from glane.settings.trace import TraceSettings
from glane.settings.try_programs import TryProgramsSettings
from glane.settings.verify import VerifySettings
from glane.types import KeyType
from glane.validation import Strict

SETTINGS: Mapping[str, type[Strict]] = {
    "aggregate": AggregateSettings,
    "audit": AuditSettings,
    "brief": BriefSettings,
    "calibrate": CalibrateSettings,
    "cascade": CascadeSettings,
    "checklists": ChecklistsSettings,
    "studies": StudiesSettings,
    "prisma": PrismaSettings,
    "clean": CleanSettings,
    "compare": CompareSettings,
    "convert": ConvertSettings,
    "demo_corpus": DemoCorpusSettings,
    "doctor": DoctorSettings,
    "embed": EmbedSettings,
    "erase": EraseSettings,
    "estimate": EstimateSettings,
    "evaluate": EvaluateSettings,
    "export": ExportSettings,
    "extract": ExtractSettings,
    "ingest": IngestSettings,
    "keys": KeysSettings,
    "link": LinkSettings,
    "models": ModelsSettings,
    "multiverse": MultiverseSettings,
    "new_task": NewTaskSettings,
    "plan": PlanSettings,
    "plant": PlantSettings,
    "pseudonymise": PseudonymiseSettings,
    "replay": ReplaySettings,
    "review": ReviewSettings,
    "runs": RunsSettings,
    "screen": ScreenSettings,
    "search": SearchSettings,
    "sentinels": SentinelsSettings,
    "stage_model": StageModelSettings,
    "status": StatusSettings,
    "try_programs": TryProgramsSettings,
    "trace": TraceSettings,
    "verify": VerifySettings,
}
"""The settings of each job, by the name of its configuration."""

# The task room reads a task, and stands above this one: its texts are told here again.
_OF_A_TASK: Mapping[str, KeyType] = {
    "task.name": "text",
    "task.version": "text",
    "task.language": "text",
    "task.instructions": "text",
    "task.inputs": "list of texts",
    "task.json_schema_file": "text",
    "task.pydantic_model": "text",
    "task.quotes": "text",
    "task.keys": "text",
    "task.sentinels": "text",
}


def key_types(config_name: str) -> dict[str, KeyType]:
    """The dotted keys of a job that are texts or lists. A key that may also be a number is neither."""
    settings = SETTINGS.get(config_name)
    if settings is None:
        return {}
    return {**dict(_key_types(settings, "")), **(_OF_A_TASK if "task" in settings.model_fields else {})}


def _key_types(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, KeyType]]:
    for name, field in model.model_fields.items():
        annotations = list(_alternatives(field.annotation))
        for inner in annotations:
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _key_types(inner, f"{prefix}{name}.")
        if annotations == [str]:
            yield prefix + (field.alias or name), "text"
        elif len(annotations) == 1 and get_origin(annotations[0]) is tuple:
            items = list(_alternatives(get_args(annotations[0])[0]))
            yield prefix + name, "list of texts" if items == [str] else "list"


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _alternatives(inner)
    elif annotation is not type(None):
        yield annotation

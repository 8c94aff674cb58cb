"""The typed settings of the jobs, one file each.

A composed configuration is read once, at the edge, into frozen values; whatever is wrong with it is said before
any engine, GPU or Ray process is asked for.
"""

from glane.settings.aggregate import AggregateSettings, aggregate_settings
from glane.settings.audit import AuditSettings, audit_settings
from glane.settings.brief import BriefSettings, brief_settings
from glane.settings.calibrate import CalibrateSettings, calibrate_settings
from glane.settings.cascade import CascadeSettings, cascade_settings
from glane.settings.checklists import ChecklistsSettings, checklists_settings
from glane.settings.clean import CleanSettings, clean_settings
from glane.settings.cluster import SBATCH_KEYS, BatchSettings, ClusterSettings, LocalSettings, SlurmSettings
from glane.settings.convert import ConvertSettings, convert_settings
from glane.settings.demo_corpus import DemoCorpusSettings, demo_corpus_settings
from glane.settings.doctor import DoctorSettings, doctor_settings
from glane.settings.embed import EmbedSettings, embed_settings
from glane.settings.erase import EraseSettings, erase_settings
from glane.settings.estimate import EstimateSettings, estimate_settings
from glane.settings.evaluate import (
    BootstrapSettings,
    CompareSettings,
    EvaluateSettings,
    compare_settings,
    evaluate_settings,
)
from glane.settings.export import ExportSettings, export_settings
from glane.settings.extract import (
    Beside,
    DataSettings,
    ExtractRunSettings,
    ExtractSettings,
    ResolvedSettings,
    SeveralSettings,
    extract_settings,
)
from glane.settings.ingest import IngestSettings, ingest_settings
from glane.settings.job import JobSettings, read_job
from glane.settings.keys import KeysSettings, keys_settings
from glane.settings.link import LinkDefinition, LinkSettings, link_settings
from glane.settings.model import ModelSettings, SamplingSettings
from glane.settings.models import ModelsSettings, StageModelSettings, models_settings, stage_model_settings
from glane.settings.multiverse import MultiverseSettings, multiverse_settings
from glane.settings.new_task import NewTaskSettings, new_task_settings
from glane.settings.ocr import OcrSettings
from glane.settings.plan import PilotSettings, PlanSettings, plan_settings
from glane.settings.plant import PlantSettings, plant_settings
from glane.settings.prisma import PrismaSettings, prisma_settings
from glane.settings.pseudonymise import PseudonymiseSettings, pseudonymise_settings
from glane.settings.replay import ReplaySettings, replay_settings
from glane.settings.review import ReviewSettings, review_settings
from glane.settings.run import RunSettings
from glane.settings.runs import RunsSettings, runs_settings
from glane.settings.screen import ScreenSettings, screen_settings
from glane.settings.search import SearchSettings, search_settings
from glane.settings.sentinels import SentinelsSettings, sentinels_settings
from glane.settings.status import StatusSettings, status_settings
from glane.settings.studies import StudiesSettings, studies_settings
from glane.settings.trace import TraceSettings, trace_settings
from glane.settings.try_programs import TryProgramsSettings, try_programs_settings
from glane.settings.verify import VerifySettings, verify_settings

__all__ = [
    "SBATCH_KEYS",
    "AggregateSettings",
    "AuditSettings",
    "BatchSettings",
    "Beside",
    "BootstrapSettings",
    "BriefSettings",
    "CalibrateSettings",
    "CascadeSettings",
    "ChecklistsSettings",
    "CleanSettings",
    "ClusterSettings",
    "CompareSettings",
    "ConvertSettings",
    "DataSettings",
    "DemoCorpusSettings",
    "DoctorSettings",
    "EmbedSettings",
    "EraseSettings",
    "EstimateSettings",
    "EvaluateSettings",
    "ExportSettings",
    "ExtractRunSettings",
    "ExtractSettings",
    "IngestSettings",
    "JobSettings",
    "KeysSettings",
    "LinkDefinition",
    "LinkSettings",
    "LocalSettings",
    "ModelSettings",
    "ModelsSettings",
    "MultiverseSettings",
    "NewTaskSettings",
    "OcrSettings",
    "PilotSettings",
    "PlanSettings",
    "PlantSettings",
    "PrismaSettings",
    "PseudonymiseSettings",
    "ReplaySettings",
    "ResolvedSettings",
    "ReviewSettings",
    "RunSettings",
    "RunsSettings",
    "SamplingSettings",
    "ScreenSettings",
    "SearchSettings",
    "SentinelsSettings",
    "SeveralSettings",
    "SlurmSettings",
    "StageModelSettings",
    "StatusSettings",
    "StudiesSettings",
    "TraceSettings",
    "TryProgramsSettings",
    "VerifySettings",
    "aggregate_settings",
    "audit_settings",
    "brief_settings",
    "calibrate_settings",
    "cascade_settings",
    "checklists_settings",
    "clean_settings",
    "compare_settings",
    "convert_settings",
    "demo_corpus_settings",
    "doctor_settings",
    "embed_settings",
    "erase_settings",
    "estimate_settings",
    "evaluate_settings",
    "export_settings",
    "extract_settings",
    "ingest_settings",
    "keys_settings",
    "link_settings",
    "models_settings",
    "multiverse_settings",
    "new_task_settings",
    "plan_settings",
    "plant_settings",
    "prisma_settings",
    "pseudonymise_settings",
    "read_job",
    "replay_settings",
    "review_settings",
    "runs_settings",
    "screen_settings",
    "search_settings",
    "sentinels_settings",
    "stage_model_settings",
    "status_settings",
    "studies_settings",
    "trace_settings",
    "try_programs_settings",
    "verify_settings",
]

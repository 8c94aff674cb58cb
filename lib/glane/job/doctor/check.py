"""Check a site, print what was found, and keep it as JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from glane.cluster.endings import signals_end_in_order
from glane.cluster.findings import Finding, Findings, failed, ok, skipped, within
from glane.cluster.schedulers import scheduler_of
from glane.corpus.find import find_files
from glane.engine.device import num_gpus
from glane.engine.registry import engine_kind
from glane.errors import RecordError, RunError, visible
from glane.job.doctor.machine_checks import (
    check_build,
    check_caches,
    check_compiler,
    check_gpus,
    check_limits,
    check_python,
    check_temporary,
)
from glane.job.doctor.model_checks import check_extraction, check_model
from glane.job.doctor.nodes import check_nodes
from glane.job.doctor.report import NodeReport, SiteReport, has_failed, last_line, lines_here, lines_of_nodes
from glane.job.doctor.storage_checks import check_storage
from glane.languages import say
from glane.records import read_record
from glane.run.written import refuse_inside_run
from glane.settings import BatchSettings, DoctorSettings, ModelSettings
from glane.storage import replace_file
from glane.versions import installed_version

_MODEL_S = 600.0  # a tokenizer is read, and its libraries imported, from a file system that may be slow
_REQUEST = "request"
_NOT_SUBMITTED = [skipped("job", "not submitted: what the scheduler says is above")]
_SITE_S = 300.0  # several questions, each of which the scheduler may take half a minute to answer


@signals_end_in_order()
def check_site(settings: DoctorSettings) -> bool:
    """Check this machine and, if asked for, the nodes of a job. Return whether nothing failed.

    Raises:
        RunError: if the report cannot be written, or would replace a file that is none.
    """
    if settings.out is not None:
        _refuse_other(Path(settings.out))
    here: list[Finding] = []
    can_submit = True
    for name, limit_s, check in _checks(settings):
        found = within(name, limit_s, check)
        here.extend(found)
        can_submit = can_submit and not (name == _REQUEST and has_failed(found))
        for line in lines_here(found):
            _show(line)
    nodes: tuple[NodeReport, ...] = ()
    if settings.nodes:
        found, nodes = check_nodes(settings) if can_submit else (_NOT_SUBMITTED, nodes)
        here.extend(found)
        for line in [*lines_here(found), *lines_of_nodes(nodes)]:
            _show(line)
    everything = [*here, *(finding for node in nodes for finding in node.findings)]
    is_well = not has_failed(everything)
    say(last_line(everything))
    if settings.out is not None:
        _write(Path(settings.out), here, nodes, is_well=is_well)
    return is_well


def _show(line: str) -> None:
    print(visible(line), flush=True)


def _checks(settings: DoctorSettings) -> list[tuple[str, float, Callable[[], Findings]]]:
    cluster, step_s = settings.cluster, settings.step_s
    checks: list[tuple[str, float, Callable[[], Findings]]] = [("python", step_s, check_python)]
    if isinstance(cluster, BatchSettings):
        scheduler = scheduler_of(cluster)
        checks += [
            (_REQUEST, _SITE_S, lambda: scheduler.findings(cluster)),
            ("build of vLLM", step_s, lambda: [_build(cluster)]),
            ("GPUs asked", step_s, lambda: [_gpus_asked(cluster, settings.model)]),
        ]
    else:
        checks += [
            ("GPUs", step_s, lambda: [check_build(num_gpus()), check_gpus(num_gpus())]),
            ("compiler", step_s, lambda: check_compiler(num_gpus())),
            ("limits", step_s, lambda: check_limits(num_gpus())),
            ("temporary files", step_s, check_temporary),
        ]
    return [
        *checks,
        ("run.dir", step_s, lambda: _storage(settings.run_dir)),
        ("data.path", step_s, lambda: [_data(settings.data.path)]),
        ("caches", step_s, lambda: check_caches(on_nodes=cluster.kind != "local")),
        ("model", _MODEL_S, lambda: check_model(settings.model, settings.task)),
        ("extraction", _MODEL_S, lambda: check_extraction(settings.extraction())),
    ]


def _build(cluster: BatchSettings) -> Finding:
    return check_build(scheduler_of(cluster).most_gpus(cluster))


def _gpus_asked(cluster: BatchSettings, model: ModelSettings | None) -> Finding:
    """Whether a submission would be refused, as it asks for no GPU."""
    name, number = "GPUs asked", cluster.num_gpus_per_node
    if model is not None and not engine_kind(model.engine).needs_hardware:
        return skipped(name, f"the engine {model.engine} works without")
    if told := scheduler_of(cluster).forgotten_gpus(cluster):
        return failed(name, told)
    return ok(name, f"{number} on each node") if number else skipped(name, "none (cluster.gpus_per_node asks for them)")


def _storage(run: str | None) -> Findings:
    if run is None:
        return [skipped("run.dir", "none is told (run.dir=PATH)")]
    return check_storage(Path(run).absolute())


def _data(path: str | None) -> Finding:
    if path is None:
        return skipped("data.path", "none is told (data.path=PATH)")
    files = find_files(path).paths
    if unreadable := [file for file in files if not os.access(file, os.R_OK)]:
        return failed("data.path", f"{unreadable[0]} cannot be read", "Give yourself the right to read it.")
    return ok("data.path", f"{len(files)} file(s)")


def _refuse_other(path: Path) -> None:
    """Refuse to replace what is no report of a site, before anything is checked."""
    refuse_inside_run(path, setting="out")
    if not path.exists() and not path.is_symlink():
        return
    try:
        read_record(SiteReport, path)
    except (RecordError, OSError):
        raise RunError(
            f"out: {path} is there, and is no report of glane doctor. Choose another out, or move the file."
        ) from None


def _write(path: Path, here: list[Finding], nodes: tuple[NodeReport, ...], *, is_well: bool) -> None:
    report = SiteReport(
        time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        host=os.uname().nodename,
        glane=installed_version("glane"),
        state="ok" if is_well else "failed",
        here=tuple(here),
        nodes=nodes,
    )
    content = report.as_json()
    replace_file(path, lambda s: s.write(content), mode=0o600, setting="out")
    say(f"report   {path}")

"""One run on a terminal: how far it is, its workers and its jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from glane.cluster.job_groups import job_groups, shown_first
from glane.cluster.scheduler import Job
from glane.errors import visible
from glane.job.status_files import FILES, files_lines, reads_files
from glane.languages import as_read, in_language, labelled
from glane.run.environment import TRUSTED_LINE, between_nodes_line, guard_line
from glane.run.overview import SILENT_S, Overview, WorkerView

_MOST_JOBS = 12
_MOST_REFUSED = 12
_MOST_WORKERS = 32


def run_view(run: Overview, jobs: Sequence[Job], said: str | None) -> RenderableType:
    """One run in some lines: progress, statuses, speed, workers, jobs, the last errors. `said`: why it is unusable."""
    what = f" ({run.task}, {run.model})" if run.task else f" ({in_language(FILES)})" if reads_files(run) else ""
    parts: list[RenderableType] = [Text(visible(labelled(f"{run.run}{what}", run.state)))]
    if run.extends:
        kept, asked = len(run.extends["reused"]), ", ".join(run.extends["asked"]) or in_language("no field")
        parts.append(_text(f"extends    {run.extends['path']}: {kept} field(s) kept, asked: {asked}"))
    if run.planned:
        parts.append(_text(_bar(run.done / run.planned)))
    if said:
        parts.append(Text(visible(f"{in_language('unusable').upper():<10} {as_read(said)}")))
    parts.extend(_text(line) for line in (files_lines(run) if reads_files(run) else [_documents_line(run)]))
    if run.erased:
        parts.append(_text(f"erased     {run.erased} document(s) of this run, left out of the counts (erased.json)"))
    stale = f", {run.stale_claims} claim(s) of workers that are gone" if run.stale_claims else ""
    parts.append(
        _text(f"shards     {run.shards_done} of {run.shards_planned} done, {run.shards_in_flight} in flight{stale}")
    )
    parts.append(_text(_speed_line(run)))
    if run.engine_deaths:
        parts.append(_text(f"deaths     {run.engine_deaths} engine(s) died so far"))
    parts.extend(_text(f"bad node   {line}") for line in run.bad_nodes)
    if run.batch_invariant:
        parts.append(_text("engines    other documents in a batch change no answer (model.batch_invariant)"))
    if run.guard:
        parts.append(_text(f"network    {guard_line(run.guard)}"))
    if run.between_nodes:
        parts.append(_text(f"network    {between_nodes_line(run.between_nodes)}"))
        if run.trusted_network:
            parts.append(_text(f"network    {TRUSTED_LINE}"))
    parts.extend(_text(f"refused    {line}") for line in run.refused[:_MOST_REFUSED])
    if run.workers:
        parts.append(_worker_table(run.workers[:_MOST_WORKERS]))
        if len(run.workers) > _MOST_WORKERS:
            parts.append(_text(f"… and {len(run.workers) - _MOST_WORKERS} more workers"))
    parts.extend(_job_lines(jobs))
    parts.extend(_of_the_log(line) for line in run.errors)
    return Group(*parts, _text(""))


def _documents_line(run: Overview) -> str:
    statuses = ", ".join(f"{status} {count}" for status, count in run.statuses.items()) or "none yet"
    unit = "documents  " if run.documents is None else f"groups     (of {run.documents} documents) "
    return f"{unit}{run.done} of {run.planned} done; committed: {statuses}; not usable: {run.rejected}"


def _speed_line(run: Overview) -> str:
    if reads_files(run):
        told = f"speed      {run.rows_per_s:.1f} files/s"
    else:
        told = f"speed      {run.rows_per_s:.1f} rows/s, {run.tokens_per_s:.0f} tokens/s"
    return told if run.state == "complete" else f"{told}, ETA {eta(run)}"


def _job_lines(jobs: Sequence[Job]) -> list[Text]:
    """A line for each array, then one for each job: of arrays, for those at work alone."""
    groups = job_groups(jobs)
    lines = [_text(group.text) for group in groups if len(group.jobs) > 1]
    alone = {group.jobs[0].name for group in groups if len(group.jobs) == 1}
    shown = [job for job in shown_first(jobs) if job.name in alone or job.is_at_work]
    for job in shown[:_MOST_JOBS]:
        again = f", requeued {job.requeues} time(s)" if job.requeues else ""
        lines.append(
            _text(f"job {job.name}: {job.shown_state}, {job.elapsed or '0:00'} of {job.time_limit or '?'}{again}")
        )
    if more := Counter(job.state for job in shown[_MOST_JOBS:]):
        lines.append(_text(f"… and {', '.join(f'{count} {state}' for state, count in more.most_common())}"))
    return lines


def _worker_table(workers: Sequence[WorkerView]) -> Table:
    heads = map(in_language, ("worker", "host", "job", "state", "shards", "window", "rows/s", "memory", "GPU"))
    table = Table(*heads, box=None, pad_edge=False)
    for worker in workers:
        gpus = "; ".join(f"{gpu.busy_percent}% {gpu.memory_mib}/{gpu.memory_total_mib} MiB" for gpu in worker.gpu_use)
        table.add_row(
            worker.worker,
            worker.host,
            worker.job or "-",
            in_language(
                worker.state if worker.silent_s < SILENT_S else f"{worker.state}, silent for {worker.silent_s:.0f} s"
            ),
            str(worker.shards_in_flight),
            f"{worker.in_window}/{worker.window_size}",
            as_read(f"{worker.rows_per_s:.1f}"),
            f"{worker.memory_mib} MiB",
            gpus or "-",
        )
    return table


def _bar(share: float, width: int = 60) -> str:
    filled = int(width * min(share, 1.0))
    return "█" * filled + "░" * (width - filled) + f" {100 * share:.1f}%"


def _text(line: str) -> Text:
    return Text(visible(as_read(line)))


def _of_the_log(line: str) -> Text:
    """A line of the log: its time as it is, and what it says."""
    time, blank, said = line.partition(" ")
    return Text(visible(f"{time}{blank}{as_read(said)}"))


def eta(run: Overview) -> str:
    """The time until the run is done, in hours, minutes and seconds, or a word; a dash where nothing is left."""
    if run.state == "complete":
        return "-"
    if run.eta_s is None:
        return in_language("unknown")
    return f"{run.eta_s // 3600}:{run.eta_s % 3600 // 60:02}:{run.eta_s % 60:02}"

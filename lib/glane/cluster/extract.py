"""The extraction job on one machine: prepared, worked on, published."""

from __future__ import annotations

from glane.cluster.crew import Crew
from glane.cluster.layout import plan_layout
from glane.cluster.local import local_ray
from glane.engine.weights import resolve_weights
from glane.run.prepare import PreparedRun, input_pattern_exists, prepare_run
from glane.run.progress import ProgressReporter, summary_lines
from glane.run.publish import finish_run, is_committed
from glane.run.session import WorkerSpec
from glane.settings import ExtractSettings
from glane.task.task import Task, load_task


def checked(settings: ExtractSettings) -> tuple[ExtractSettings, Task]:
    """Read the task and find the weights: everything that can be wrong before the data is touched.

    Raises:
        GlaneError: naming what is wrong and the remedy.
    """
    task = load_task(settings.task)
    input_pattern_exists(settings.data)
    model = resolve_weights(settings.model)
    return settings.model_copy(update={"model": model}), task


def extract(settings: ExtractSettings) -> PreparedRun:
    """Run the job to its end; resume what was begun, and do nothing where all is done.

    Raises:
        GlaneError: for what a user can mend; what was committed stays, and the same command goes on.
    """
    settings, task = checked(settings)
    run = prepare_run(settings, task)
    directory, plan = run.directory, run.plan
    with ProgressReporter(directory, plan, style=settings.progress) as progress:
        if directory.is_complete:
            progress.say(f"{settings.run.dir}: complete already, nothing to do")
        else:
            what = "new run" if run.is_new else "resuming"
            progress.say(
                f"{settings.run.dir}: {what}, {plan.num_selected} of {plan.num_read} rows selected, "
                f"{plan.num_shards} shards"
            )
            if not is_committed(directory, plan):
                _work(settings, task, run, progress)
        summary = finish_run(directory, plan, record_mib=settings.run.record_mib)
        for line in summary_lines(directory, summary):
            progress.say(line)
    return run


def _work(settings: ExtractSettings, task: Task, run: PreparedRun, progress: ProgressReporter) -> None:
    with local_ray(settings.cluster) as ray:
        layout = plan_layout(settings.model, ray.cluster_resources())
        progress.say(
            f"{layout.num_engines} engine(s) on {layout.device}, {layout.cpus} thread(s) and {layout.gpus} GPU(s) each "
            f"({layout.reason})"
        )
        spec = WorkerSpec(
            worker="",
            settings=settings,
            task=task,
            key=run.key,
            start=0.0,
            device=layout.device,
            cpus=layout.cpus,
            gpus=0,
        )
        Crew(ray, layout=layout, spec=spec, directory=run.directory, say=progress.say).run(tick=progress.update)

"""Ray Data LLM: Parquet through its vLLM processor to Parquet. `python -m glane_tools.benchmark.ray_data WORK.json`.

With options {} it has the processor's defaults; `tuned: true` sets the options that its documentation has for speed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from glane_tools.benchmark.work import Clock, Work, distinct, give, read_work, record

_TUNED_BATCH = 16


def main() -> None:
    """Do the work, and write records and times."""
    clock = Clock()
    work = read_work(sys.argv[1])
    import pyarrow as pa
    import pyarrow.parquet as pq
    import ray
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig

    from glane_tools.benchmark.records import write_records

    clock.mark("imported")
    _start_ray(ray, work)
    clock.mark("ray_ready")
    table = pq.read_table(work.documents, columns=[work.id_column, work.text_column])
    texts, wanted_by = distinct(table[work.text_column].to_pylist(), ask_once=work.ask_once)
    source = Path(work.scratch) / "asked.parquet"
    pq.write_table(pa.table({"number": list(range(len(texts))), "text": texts}), source)
    processor = build_processor(
        vLLMEngineProcessorConfig(**_processor_settings(work)),
        preprocess=_Prompt(work),
        postprocess=_answer,
    )
    _time_rows(processor)
    documents = ray.data.read_parquet(str(source))
    if work.options.get("tuned"):  # a file is one block, and a block is returned as a whole, so use many small ones
        documents = documents.repartition(max(1, len(texts) // _TUNED_BATCH))
    sink = Path(work.scratch) / "answers"
    processor(documents).write_parquet(str(sink))
    answers = pq.read_table(sink).to_pylist()
    rows: list[dict[str, Any]] = [{}] * table.num_rows
    for answer in answers:
        wanting = wanted_by[answer["number"]]
        found = record(
            answer["text"],
            finish_reason="length" if answer["output_tokens"] >= work.max_tokens else "stop",
            prompt_tokens=answer["prompt_tokens"],
            output_tokens=answer["output_tokens"],
        )
        give(rows, wanting, found)
        clock.rows(len(wanting), at=answer["done"])
    # The engine reports how long each request took, which gives the time of the first request.
    clock.mark("first_request", at=min(answer["done"] - answer["seconds"] for answer in answers))
    write_records(
        work.records, table[work.id_column].to_pylist(), rows, work.id_column, list(work.schema["properties"])
    )
    clock.mark("written")
    clock.write(work.times, asked=len(answers))
    ray.shutdown()


def _start_ray(ray: Any, work: Work) -> None:
    """Start a separate Ray that listens on this machine only."""
    ray.init(
        # The stages around the engine each reserve a core while they wait. With few cores, it would never start.
        num_cpus=max(work.cpus, 8),
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=os.environ["RAY_TMPDIR"],
    )
    ray.data.DataContext.get_current().enable_progress_bars = False


def _processor_settings(work: Work) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in work.options["environment"]}
    values: dict[str, Any] = {
        "model_source": work.engine["model"],
        "engine_kwargs": {name: value for name, value in work.engine.items() if name != "model"},
        "runtime_env": {"env_vars": environment},
        "log_engine_metrics": False,  # they need packages of Ray's dashboard, and cost time
    }
    if work.device == "cpu":  # by default it reserves a GPU, and would wait for one for ever
        values["placement_group_config"] = {"bundles": [{"CPU": 1}]}
    if work.options.get("tuned"):
        values |= {
            "batch_size": _TUNED_BATCH,  # a batch is returned after its last answer, so use many small ones
            "max_concurrent_batches": max(2, -(-2 * work.engine["max_num_seqs"] // _TUNED_BATCH)),
            "max_pending_requests": round(1.25 * work.engine["max_num_seqs"]),  # glane's own window
        }
    return values


def _time_rows(processor: Any) -> None:
    """Make the engine's stage record when each answer is finished, as it returns whole blocks, much later."""
    from ray.llm._internal.batch.stages.vllm_engine_stage import vLLMEngineStageUDF

    class Timed(vLLMEngineStageUDF):
        async def udf(self, batch: list[dict[str, Any]]) -> Any:
            async for row in super().udf(batch):
                yield {**row, "done": time.time()}

    # Set in __dict__, as an assignment would validate the stage again. Validation removed its resources the first time;
    # without them, it would ask for a GPU.
    processor.get_stage_by_name("vLLMEngineStage").__dict__["fn"] = Timed


class _Prompt:
    """Makes the row for the first stage. The schema is passed as text, as Parquet's types would add nulls to it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._schema = json.dumps(work.schema, ensure_ascii=False)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        work = self._work
        return {
            "messages": work.messages(row["text"]),
            "sampling_params": {
                "temperature": work.temperature,
                "top_p": work.top_p,
                "max_tokens": work.max_tokens,
                "structured_outputs": {"json": self._schema},
            },
            "number": row["number"],
        }


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": row["number"],
        "text": row["generated_text"],
        "prompt_tokens": row["num_input_tokens"],
        "output_tokens": row["num_generated_tokens"],
        "seconds": row["time_taken_llm"],
        "done": row["done"],
    }


if __name__ == "__main__":
    main()

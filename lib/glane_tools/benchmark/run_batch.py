"""`vllm run-batch`: JSON lines in and out, from and to Parquet. `python -m glane_tools.benchmark.run_batch WORK.json`.

The command's entry point asks for the version of a distribution named `vllm`, which the CPU wheel does not have. So the
code behind it is called directly, as the entry point does, with the same arguments.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from glane_tools.benchmark.work import Clock, Work, distinct, give, read_work, record


def main() -> None:
    """Do the work, and write records and times."""
    clock = Clock()
    work = read_work(sys.argv[1])
    import pyarrow.parquet as pq
    from vllm.entrypoints.launchers import run_batch

    from glane_tools.benchmark.records import write_records

    clock.mark("imported")
    table = pq.read_table(work.documents, columns=[work.id_column, work.text_column])
    texts, wanted_by = distinct(table[work.text_column].to_pylist(), ask_once=work.ask_once)
    requests, responses = Path(work.scratch) / "requests.jsonl", Path(work.scratch) / "responses.jsonl"
    requests.write_text("\n".join(_request(work, number, text) for number, text in enumerate(texts)), encoding="utf-8")
    _watch(run_batch, clock)
    sys.argv = ["run-batch", *_arguments(work, requests, responses)]
    asyncio.run(run_batch.main(run_batch.parse_args()))
    rows: list[dict[str, Any]] = [{}] * table.num_rows
    for line in responses.read_text(encoding="utf-8").splitlines():
        response = json.loads(line)
        body = (response["response"] or {}).get("body")
        if body is None:
            raise SystemExit(f"run-batch refused a request: {json.dumps(response['error'])[:500]}")
        found = record(
            body["choices"][0]["message"]["content"],
            finish_reason=body["choices"][0]["finish_reason"],
            prompt_tokens=body["usage"]["prompt_tokens"],
            output_tokens=body["usage"]["completion_tokens"],
        )
        give(rows, wanted_by[int(response["custom_id"])], found)
    write_records(
        work.records, table[work.id_column].to_pylist(), rows, work.id_column, list(work.schema["properties"])
    )
    clock.mark("written")
    clock.write(work.times, asked=len(texts))


def _request(work: Work, number: int, text: str) -> str:
    body = {
        "model": work.engine["model"],
        "messages": work.messages(text),
        "temperature": work.temperature,
        "top_p": work.top_p,
        "max_completion_tokens": work.max_tokens,
        "structured_outputs": {"json": work.schema},
    }
    request = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(request, ensure_ascii=False)


def _arguments(work: Work, requests: Path, responses: Path) -> list[str]:
    """The engine's arguments in the form of the command line."""
    found = ["-i", str(requests), "-o", str(responses)]
    for name, value in work.engine.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            found += [f"--{flag}", json.dumps(value) if isinstance(value, dict) else str(value)]
    return found


def _watch(run_batch: Any, clock: Clock) -> None:
    """Record the time of the first request and of each completed one, from the calls of its progress bar."""
    submitted, completed = run_batch.BatchProgressTracker.submitted, run_batch.BatchProgressTracker.completed
    begun: list[bool] = []

    def watched_submitted(tracker: Any) -> None:
        if not begun:
            begun.append(True)
            clock.mark("first_request")
        submitted(tracker)

    def watched_completed(tracker: Any) -> None:
        completed(tracker)
        clock.rows(1)

    run_batch.BatchProgressTracker.submitted = watched_submitted
    run_batch.BatchProgressTracker.completed = watched_completed


if __name__ == "__main__":
    main()

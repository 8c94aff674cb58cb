"""Bare vLLM: `LLM.chat` on all documents at once, as its documentation shows.

`python -m glane_tools.benchmark.bare WORK.json`
"""

from __future__ import annotations

import sys
from typing import Any

from glane_tools.benchmark.work import Clock, Work, distinct, give, prompt_digest, read_work, record


def main() -> None:
    """Do the work, and write records and times."""
    clock = Clock()
    work = read_work(sys.argv[1])
    import pyarrow.parquet as pq
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    from glane_tools.benchmark.records import write_records

    clock.mark("imported")
    llm = LLM(**work.engine)
    clock.mark("ready")
    table = part_of(pq.read_table(work.documents, columns=[work.id_column, work.text_column]), work)
    texts, wanted_by = distinct(table[work.text_column].to_pylist(), ask_once=work.ask_once)
    params = SamplingParams(
        temperature=work.temperature,
        top_p=work.top_p,
        max_tokens=work.max_tokens,
        structured_outputs=StructuredOutputsParams(json=work.schema),
    )
    _watch(llm, clock, [len(rows) for rows in wanted_by])
    clock.mark("first_request")
    outputs = llm.chat([work.messages(text) for text in texts], params, use_tqdm=False)
    rows: list[dict[str, Any]] = [{}] * table.num_rows
    for output, wanting in zip(outputs, wanted_by, strict=True):
        answer = output.outputs[0]
        found = record(
            answer.text,
            finish_reason=str(answer.finish_reason),
            prompt_tokens=len(output.prompt_token_ids),
            output_tokens=len(answer.token_ids),
        )
        give(rows, wanting, found)
    write_records(
        work.records, table[work.id_column].to_pylist(), rows, work.id_column, list(work.schema["properties"])
    )
    clock.mark("written")
    prompts = [prompt_digest(output.prompt_token_ids) for output in outputs]
    clock.write(work.times, asked=len(outputs), prompts=prompts)


def part_of(table: Any, work: Work) -> Any:
    """The rows of this process: all rows, except if the work is divided among processes."""
    part, parts = work.options.get("part", 0), work.options.get("parts", 1)
    start, end = (table.num_rows * number // parts for number in (part, part + 1))
    return table.slice(start, end - start)


def _watch(llm: Any, clock: Clock, num_rows: list[int]) -> None:
    """Record when each answer is finished, as `chat` returns all answers at the end. The cost is reading the clock.

    vLLM numbers the requests of an `LLM` from 0, in the order in which they are given.
    """
    step = llm.llm_engine.step

    def watched() -> Any:
        outputs = step()
        if finished := [int(output.request_id) for output in outputs if output.finished]:
            clock.rows(sum(num_rows[number] for number in finished))
        return outputs

    llm.llm_engine.step = watched


if __name__ == "__main__":
    main()

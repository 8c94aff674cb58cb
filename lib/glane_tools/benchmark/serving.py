"""The figures of a run, as vLLM's own benchmarks name them: `vllm bench serve`, and that of structured output."""

from __future__ import annotations

from glane_tools.benchmark.measure import Run


def serving_figures(run: Run) -> dict[str, float]:
    """Requests and tokens per second from the first request to the last answer, and the percentage of valid rows.

    A document that repeats is one request where it is asked once. `correct_rate(%)` counts rows with status OK, which
    keeps to the form of the task; vLLM's counts what can be read as JSON.
    """
    answers, rate = run.answers, run.steady_rows_per_s
    if answers is None or not rate or not run.num_rows:
        return {}
    seconds, prompt = run.num_rows / rate, sum(answers.prompt_tokens.values())
    return {
        "request_throughput": round(len(answers.prompt_tokens) / seconds, 3),
        "output_throughput": round(answers.output_tokens / seconds, 1),
        "total_token_throughput": round((prompt + answers.output_tokens) / seconds, 1),
        "correct_rate(%)": round(100 * answers.num_valid / run.num_rows, 2),
    }

"""Starts vLLM after one of its private names is gone: first without what needs such names, then with shared grammars.

Prints a line of JSON for each. What vLLM itself uses the name for goes on: only its importers miss it.
"""

import json
import sys
import types

import yaml
from vllm.v1.structured_output import backend_guidance

from conftest import DEMO_MODEL, ROOT
from glane.engine.protocol import Sampling
from glane.engine.registry import start_engine
from glane.errors import EngineError
from glane.task.form import answer_form
from glane.task.prompt import messages
from glane.task.task import load_task

TEXT = "Femme de 34 ans. Fièvre à 39,2 et toux depuis 3 jours. Hospitalisation."
PRIVATE = "serialize_guidance_grammar"
INSIDE = ("glane.engine.grammars", "glane.engine.vllm_compat")


def main():
    stripped = types.ModuleType(backend_guidance.__name__)
    vars(stripped).update({name: one for name, one in vars(backend_guidance).items() if name != PRIVATE})
    sys.modules[backend_guidance.__name__] = stripped  # vLLM's own functions keep the names that they were made with
    print(json.dumps(without_shared_grammars()), flush=True)
    try:
        start_engine(DEMO_MODEL.model_copy(update={"shared_grammars": True}), device="cpu", cpus=1)
        print(json.dumps({"refusal": "none"}))
    except EngineError as error:
        print(json.dumps({"refusal": str(error)}))


def without_shared_grammars():
    task = load_task(yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text(encoding="utf-8")))
    engine = start_engine(
        DEMO_MODEL.model_copy(update={"shared_grammars": False, "quote_mass": False}), device="cpu", cpus=1
    )
    prompt = engine.encode(messages(task, {"text": TEXT}, style="bare"))
    sampling = Sampling(temperature=0.0, seed=0, max_tokens=256)
    engine.add("a", prompt, form=answer_form(task), text=TEXT, sampling=sampling)
    found = {}
    while not found:
        found = dict(engine.step())
    backend = engine._engine.engine_core.engine_core.structured_output_manager.backend  # vLLM clears it at the end
    engine.close()
    return {
        "answer": found["a"].text,
        "says": engine.shares_grammars,
        "backend": type(backend).__name__,
        "imported": [name for name in INSIDE if name in sys.modules],
    }


if __name__ == "__main__":
    main()

"""List the runs in a folder: task, model, rows, leaks, cost, F1, toy or not; as a table, JSON or pages.

glane runs                                          the runs below runs/
glane runs folder=[scratch,evaluations] out.dir=runs-index

folder=PATH      where to look for runs, and for evaluations, reviews and estimates of them; one or several
out.dir=PATH     index.html, and a page for each run with its summary, codebook and provenance; no server is needed
json=true        a JSON list
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Look, and list."""
    from glane.api.runs import runs
    from glane.languages import say
    from glane.settings import runs_settings

    told = runs_settings(values)
    found = runs(told.folder)
    if told.json_output:
        print(json.dumps(found.as_values(), ensure_ascii=False))
    else:
        say(found)
    if told.out.dir is not None:
        found.write(told.out.dir, language=told.language)
        if not told.json_output:
            say(f"pages: {told.out.dir}/index.html")

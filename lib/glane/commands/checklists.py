"""Fill reporting checklists, an impact assessment and other papers with what a run recorded.

glane checklists run.dir=runs/notes out.dir=runs/checklists
glane checklists run.dir=runs/notes made=[scratch,evaluations] which=[aipd,flows] out.dir=aipd

made=PATH      where evaluations, estimates and reviews of the run are looked for; one folder or several
which=NAME     stard, record, tripod_llm: reporting checklists
               aipd, register, flows: impact assessment, record of processing, data flows (GDPR)
               model_card, data_sheet: the model as it was used, the data that were written; one or several
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Look what there is, fill the items, and write the page."""
    from glane.api.checklists import checklists
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.settings import checklists_settings

    told = checklists_settings(values)
    found = checklists(told.run.dir, told.made, which=told.which)
    files = written_line(told.out.dir, lambda folder: found.write(folder, language=told.language))
    say(found)
    say(files)

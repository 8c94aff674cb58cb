"""`meta.R`: reads `effects.csv`, computes effect sizes with metafor's `escalc`, and pools them with `rma`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from importlib import resources

from glane.types import Language

SCRIPT = "meta.R"
# ASCII alone: R reads its scripts in the encoding of the machine.
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "head": "Pools the effects of effects.csv by random effects (REML), an analysis for each outcome and measure.\n"
        "# Rscript PATH/meta.R, or Rscript PATH/meta.R MY_TABLE.csv for a table whose column use you changed.\n"
        "# It writes results.csv, and plots.pdf with a forest and a funnel plot of each analysis, beside the table.",
        "need": "the package metafor is not installed: install.packages(\\\"metafor\\\")",
        "twice": "more than one row of a study has use = TRUE in: ",
        "left": "rows that are not used (see the column state): ",
        "toy": "These answers are no results: ",
    },
    "fr": {
        "head": "Combine les effets de effects.csv par effets aleatoires (REML), une analyse par critere et mesure.\n"
        "# Rscript CHEMIN/meta.R, ou Rscript CHEMIN/meta.R MON_TABLEAU.csv si vous y avez change la colonne use.\n"
        "# Ecrit results.csv, et plots.pdf avec un graphique en foret et un en entonnoir par analyse, pres du tableau.",
        "need": "le paquet metafor n'est pas installe : install.packages(\\\"metafor\\\")",
        "twice": "plus d'une ligne d'une etude a use = TRUE dans : ",
        "left": "lignes qui ne servent pas (voir la colonne state) : ",
        "toy": "Ces reponses ne sont pas des resultats : ",
    },
}  # fmt: skip


def r_script(language: Language, *, notice: str | None = None) -> str:
    """The script, with its comments in a language; `notice` is said first, of answers that are no results."""
    words = _WORDS[language]
    body = resources.files(__package__).joinpath(SCRIPT).read_text(encoding="ascii")
    for name in ("need", "twice", "left"):
        body = body.replace(f"@{name}@", words[name])
    warning = "" if notice is None else f'message("{words["toy"]}", "{_ascii(notice)}")\n'
    return f"# {words['head']}\n{warning}{body}"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.replace("\\", "").replace('"', "'")

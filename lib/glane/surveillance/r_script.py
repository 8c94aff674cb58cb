"""`lire.R`: reads `table.csv` in base R, and makes what surveillance packages start from, where they are installed."""

from __future__ import annotations

from glane.settings.table import TableDefinition
from glane.types import Language

_FREQUENCY = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}  # periods of a year, as `sts` counts them
_COMMENTS: dict[Language, tuple[str, ...]] = {
    "fr": (
        '# Lit table.csv en R de base : source("lire.R", encoding = "UTF-8"), dans ce dossier.',
        "# cas : une ligne par valeur de chaque marge ; « all » et « unknown » sont le total et l'inconnu.",
        "# model : nombre d'après le modèle seul ; estimate, low, high : nombre corrigé par la relecture.",
        "# courbe : les périodes, sans l'inconnue. Écarter des alertes les périodes incomplètes (incomplete).",
        "# serie : un objet sts, si le paquet surveillance est installé. observed : le nombre du modèle.",
        "# incidence : un objet incidence2, si ce paquet est installé.",
    ),
    "en": (
        '# Reads table.csv in base R: source("lire.R", encoding = "UTF-8"), in this folder.',
        '# cas: a row for each value of each margin; "all" and "unknown" are the total and what is not known.',
        "# model: the count by the model alone; estimate, low, high: the count that the review corrects.",
        "# courbe: the periods, without the unknown one. Leave incomplete ones out of alarms.",
        "# serie: an object sts, where the package surveillance is installed. observed: the model's count.",
        "# incidence: an object incidence2, where that package is installed.",
    ),
}  # fmt: skip


def r_script(definition: TableDefinition, language: Language) -> str:
    """The script of a table's folder."""
    comments = _COMMENTS[language]
    read = "read.csv2" if language == "fr" else "read.csv"
    lines = [comments[0], comments[1], comments[2]]
    codes = [*(["place"] if definition.place is not None else []), *definition.groups]  # 01 is no number
    named = ", ".join(f'`{name}` = "character"' for name in codes)
    kinds = f"c({named})" if codes else "NA"
    lines += [
        f'cas <- {read}("table.csv", fileEncoding = "UTF-8-BOM", na.strings = "", colClasses = {kinds},',
        "  check.names = FALSE, stringsAsFactors = FALSE)",
        'for (nom in intersect("incomplete", names(cas))) cas[[nom]] <- cas[[nom]] == "true"',
    ]
    if definition.time is None:
        return "\n".join([*lines, ""])
    frequency = _FREQUENCY[definition.time.every]
    is_week = definition.time.every == "week"
    shift = " + 3" if is_week else ""  # the day of a week that says its year
    number = 'as.integer(format(debut, "%V"))' if is_week else f"floor(debut$yday * {frequency} / 366) + 1"
    lines += [
        "cas$period <- as.Date(cas$period)",
        comments[3],
        'courbe <- cas[cas$margin == "period" & !is.na(cas$period), ]',
        comments[4],
        'if (requireNamespace("surveillance", quietly = TRUE) && nrow(courbe) > 0) {',
        f"  debut <- as.POSIXlt(courbe$period[1]{shift})",
        f"  numero <- {number}",
        "  serie <- surveillance::sts(observed = courbe$model, start = c(debut$year + 1900, numero),",
        f"    frequency = {frequency}, epoch = courbe$period)",
        "}",
        comments[5],
        'if (requireNamespace("incidence2", quietly = TRUE) && nrow(courbe) > 0) {',
        '  incidence <- incidence2::incidence(courbe, date_index = "period", counts = "model")',
        "}",
        "",
    ]
    return "\n".join(lines)

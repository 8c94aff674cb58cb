"""`lire.R`: reads `table.csv` in base R, and makes what surveillance packages start from, where they are installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glane.settings.table import TableDefinition, TimeDimension
from glane.surveillance.delays import DelaysSummary
from glane.types import Language, Period

_FREQUENCY = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}  # periods of a year, as `sts` counts them
_INCIDENCE2: Mapping[Period, str] = {
    "day": "day",
    "week": "isoweek",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
_MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}
_COMMENTS: dict[Language, tuple[str, ...]] = {
    "fr": (
        '# Lit table.csv en R de base : source("CHEMIN/lire.R", encoding = "UTF-8"), ou Rscript CHEMIN/lire.R.',
        "# cas : une ligne par valeur de chaque marge ; « ensemble » et « inconnu » sont le total et l'inconnu.",
        "# model : nombre d'après le modèle seul ; estimate, low, high : nombre corrigé par la relecture.",
        "# courbe : les périodes, sans l'inconnue. Écarter des alertes les périodes incomplètes (incomplete).",
        "# serie : un objet sts, si le paquet surveillance est installé. observed : le nombre du modèle.",
        "# incidence : un objet du paquet incidence2 ou, à défaut, incidence, si l'un est installé.",
        "# start est en semaines épidémiologiques ; surveillance::epochInYear(serie) compte toujours en semaines ISO.",
    ),
    "en": (
        '# Reads table.csv in base R: source("PATH/lire.R", encoding = "UTF-8"), or Rscript PATH/lire.R.',
        '# cas: a row for each value of each margin; "all" and "unknown" are the total and what is not known.',
        "# model: the count by the model alone; estimate, low, high: the count that the review corrects.",
        "# courbe: the periods, without the unknown one. Leave incomplete ones out of alarms.",
        "# serie: an object sts, where the package surveillance is installed. observed: the model's count.",
        "# incidence: an object of the package incidence2 or else incidence, where one is installed.",
        "# start is in epidemiological weeks; surveillance::epochInYear(serie) counts ISO weeks all the same.",
    ),
}  # fmt: skip


_DELAYS: Mapping[Language, tuple[str, ...]] = {
    "fr": (
        "# delais : cas du modèle par période et par délai (en périodes) ; sans delay : délai inconnu.",
        "# triangle : les mêmes en matrice ; NA : ne peut pas encore être arrivé.",
        "# declarations : une ligne par cas dont le délai est connu, avec les premiers jours des deux périodes.",
        "# prevision() : ce que le paquet surveillance en fait, par la même méthode (Lawless 1994).",
    ),
    "en": (
        "# delais: the model's cases by period and by the delay of their document, in periods; no delay: not known.",
        "# triangle: the same as a matrix; NA: cannot have arrived yet.",
        "# declarations: a row for each case whose delay is known, with the first days of both periods.",
        "# prevision(): what the package surveillance makes of it, by the same method (Lawless 1994).",
    ),
}  # fmt: skip


_LIST: Mapping[Language, tuple[str, ...]] = {
    "fr": (
        "# liste : une ligne par document ou personne (données personnelles) ; case : ce qu'en dit le modèle seul.",
        "# lignes : la même, avec les étiquettes du paquet linelist, s'il y est. Si event est le début des signes :",
        '# lignes <- linelist::set_tags(lignes, date_onset = "event")',
    ),
    "en": (
        "# liste: a row for each document or person (personal data); case: what the model alone says of it.",
        "# lignes: the same with the tags of the package linelist, where it is installed. If event is the onset:",
        '# lignes <- linelist::set_tags(lignes, date_onset = "event")',
    ),
}  # fmt: skip


_FOLDER = (  # of this script: that of source(), which may have gone there, or of Rscript, which writes blanks as ~+~
    "dossier <- unlist(lapply(sys.frames(), function(cadre)",
    '  if (is.character(cadre$ofile)) if (isTRUE(cadre$chdir)) "." else dirname(cadre$ofile)))',
    'if (is.null(dossier)) dossier <- dirname(gsub("~+~", " ", sub("^--file=", "",',
    '  grep("^--file=", commandArgs(), value = TRUE)), fixed = TRUE))',
    'dossier <- if (length(dossier) > 0) dossier[length(dossier)] else "."',
)


def r_script(
    definition: TableDefinition,
    language: Language,
    *,
    delays: DelaysSummary | None = None,
    with_line_list: bool = False,
) -> str:
    """The script of a table's folder; with `delays`, it reads the triangle, too, and a line list where there is one."""
    comments = _COMMENTS[language]
    read = "read.csv2" if language == "fr" else "read.csv"
    lines = [comments[0], comments[1], comments[2]]
    codes = [*(["place"] if definition.place is not None else []), *definition.groups]  # 01 is no number
    named = ", ".join(f'`{name}` = "character"' for name in codes)
    kinds = f"c({named})" if codes else "NA"
    lines += [
        *_FOLDER,
        f'cas <- {read}(file.path(dossier, "table.csv"), fileEncoding = "UTF-8-BOM", na.strings = "",',
        f"  colClasses = {kinds}, check.names = FALSE, stringsAsFactors = FALSE)",
        'for (nom in intersect("incomplete", names(cas))) cas[[nom]] <- cas[[nom]] == "true"',
    ]
    if with_line_list:
        lines += _line_list(definition, read, language)
    if definition.time is None:
        return "\n".join([*lines, ""])
    frequency = _FREQUENCY[definition.time.every]
    is_week = definition.time.every == "week"
    shift = " + 3" if is_week else ""  # the day of a week that says its year: its Thursday, or of epi ones Wednesday
    number = "debut$yday %/% 7 + 1" if is_week else f"floor(debut$yday * {frequency} / 366) + 1"
    is_epi = is_week and definition.time.weeks == "epi"
    lines += [
        "cas$period <- as.Date(cas$period)",
        comments[3],
        'courbe <- cas[cas$margin == "period" & !is.na(cas$period), ]',
        comments[4],
        *([comments[6]] if is_epi else []),
        'if (requireNamespace("surveillance", quietly = TRUE) && nrow(courbe) > 0) {',
        f"  debut <- as.POSIXlt(courbe$period[1]{shift})",
        f"  numero <- {number}",
        "  serie <- surveillance::sts(observed = courbe$model, start = c(debut$year + 1900, numero),",
        f"    frequency = {frequency}, epoch = courbe$period)",
        "}",
        comments[5],
        *_incidence(definition.time),
        *([] if delays is None else _triangle(definition.time, delays, read, language)),
        "",
    ]
    return "\n".join(lines)


def _line_list(definition: TableDefinition, read: str, language: Language) -> Iterator[str]:
    """The line list with its types, and with its tags."""
    comments, time = _LIST[language], definition.time
    yield comments[0]
    yield f'liste <- {read}(file.path(dossier, "linelist.csv"), fileEncoding = "UTF-8-BOM", na.strings = "",'
    yield '  colClasses = "character", check.names = FALSE, stringsAsFactors = FALSE)'
    yield 'liste$case <- liste$case == "true"'
    days = ("event", "reported", "period") if time is not None and time.reported is not None else ("event", "period")
    for name in days if time is not None else ():
        yield f"liste${name} <- as.Date(liste${name})"
    if definition.age is not None:
        comma = 'sub(",", ".", liste$age, fixed = TRUE)' if language == "fr" else "liste$age"
        yield f"liste$age <- as.numeric({comma})"
        yield 'classes <- cas$age_class[cas$margin == "age" & !is.na(cas$age)]'
        yield "liste$age_class <- factor(liste$age_class, levels = classes)"
    factors = [
        "status",
        "grounded",
        *(["place", "place_name"] if definition.place is not None else []),
        *definition.groups,
    ]
    for name in factors:
        yield f"liste$`{name}` <- factor(liste$`{name}`)"
    extra = [] if time is None else ['date_event = "event"']
    tags = ['id = "id"', *([] if time is None or time.reported is None else ['date_reporting = "reported"'])]
    tags += [*(['age = "age"'] if definition.age is not None else [])]
    tags += [*(['location = "place"'] if definition.place is not None else []), *extra]
    yield comments[1]
    yield comments[2]
    yield 'if (requireNamespace("linelist", quietly = TRUE)) {'
    yield f"  lignes <- linelist::make_linelist(liste, {', '.join(tags)}, allow_extra = TRUE)"
    yield "}"


def _incidence(time: TimeDimension) -> Iterator[str]:
    is_epi = time.every == "week" and time.weeks == "epi"
    yield 'if (requireNamespace("incidence2", quietly = TRUE) && nrow(courbe) > 0) {'
    yield '  incidence <- incidence2::incidence(courbe, date_index = "period", counts = "model",'
    yield f'    interval = "{"epiweek" if is_epi else _INCIDENCE2[time.every]}")'
    yield '} else if (requireNamespace("incidence", quietly = TRUE) && sum(courbe$model) > 0) {'
    yield "  incidence <- incidence::incidence(rep(courbe$period, courbe$model),"
    yield f'    interval = "{"sunday week" if is_epi else time.every}", first_date = min(courbe$period),'
    standard = "" if is_epi else ", standard = FALSE"  # it warns otherwise of dates that are given; an epi week is one
    yield f"    last_date = max(courbe$period){standard})"
    yield "}"


def _triangle(time: TimeDimension, delays: DelaysSummary, read: str, language: Language) -> Iterator[str]:
    """The triangle in the forms that R takes: long, a matrix, and a row for each case."""
    comments = _DELAYS[language]
    yield comments[0]
    yield f'delais <- {read}(file.path(dossier, "triangle.csv"), fileEncoding = "UTF-8-BOM", na.strings = "",'
    yield "  stringsAsFactors = FALSE)"
    yield "delais$period <- as.Date(delais$period)"
    yield 'delais$whole <- delais$whole == "true"'
    yield comments[1]
    yield "connus <- delais[!is.na(delais$delay), ]"
    yield "triangle <- tapply(connus$model, list(as.character(connus$period), connus$delay), sum)"
    yield comments[2]
    yield 'declarations <- connus[rep(seq_len(nrow(connus)), connus$model), c("period", "delay")]'
    if months := _MONTHS.get(time.every):
        yield "arrivee <- as.POSIXlt(declarations$period)"
        yield f"arrivee$mon <- arrivee$mon + {months}L * declarations$delay"
        yield "declarations$report <- as.Date(arrivee)"
    else:
        yield f"declarations$report <- declarations$period + {7 if time.every == 'week' else 1} * declarations$delay"
    if time.every not in ("day", "week") or (time.every == "week" and time.weeks == "epi"):
        return  # nowcast() of surveillance is for days and for weeks from Monday
    yield comments[3]
    yield f'maintenant <- as.Date("{delays.last_whole.isoformat()}")'
    yield f"prevision <- function(D = {delays.longest}) surveillance::nowcast(now = maintenant,"
    yield "  when = sort(unique(delais$period[delais$period <= maintenant])), data = declarations,"
    yield f'  dEventCol = "period", dReportCol = "report", method = "lawless", aggregate.by = "1 {time.every}", D = D,'
    yield '  m.interpretation = "lawless1994",'
    yield "  control = list(dRange = range(delais$period), N.tInf.max = 10 * max(courbe$model) + 100))"

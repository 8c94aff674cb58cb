"""What the calibration says, in both languages: what is controlled, what is not, and what is to be known of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.calibrate.record import AcceptedGroup, Clusters, Drawn
from glane.assess.clusters import FEW_CLUSTERS, TEXTS_UNKNOWN
from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "guarantee": "With probability {sure} over the draw of the judged documents, in all groups at once: of the "
        "values that are accepted without review, at most {alpha} is wrong in each group. Groups are the accepted "
        '"true" of a field, its accepted "false", those of each category, and all values of a field without '
        "categories. The share is one of values, in long lists as in short ones. The tests share the "
        "probability {delta}: {tests} in all.",
        "guarantee_none": "Nothing is controlled, and no value is accepted without review: too few documents of each "
        "group were judged for a test.",
        "equal": "The judged documents were drawn with equal probabilities, as their weights say.",
        "by answer": "The judged documents were drawn with equal probabilities within the groups that are tested, as "
        "their weights say, and not over all: each group stands by itself.",
        "untold": "How the judged documents were drawn is not known, for they carry no weights: the guarantee holds "
        "only if they are a plain random sample of the run.",
        "silent": "What the model missed. Nobody looks where it found nothing or said false; how much it missed there "
        "is told by field, with a limit for each field alone (missed=0.01 has it tested).",
        "silence_tested": "What the model missed where silence is not accepted: more than {missed} of those documents "
        "may hide a value. For lists the share is one of documents that lack an item.",
        "unclustered": "Further documents of the same hospitals or patients, whose errors go together: clusters= says "
        "which do. For the documents of this run the guarantee needs no more than the draw.",
        "pooled": "Each answer of {fields} by itself: they were tested together (pooled).",
        "parts": "Parts of a group: in a hospital, an age or a week more may be wrong than in the whole.",
        "others": "Other documents than those that were drawn from: another season, hospital, prompt or model.",
        "reviewers": "Errors of reviewers: what they say is taken to be right.",
        "not_even": "its documents were drawn with unequal probabilities, so nothing can be accepted",
        "more": "at least {more} more documents with it to be judged, all of them right",
        "not_enough": "cannot be tested in this run: at least {more} more documents with it would have to be judged, "
        "all of them right, and the run has {left} more values of it",
        "draw": " (glane review sample=stratified by={field})",
        "left_out": "{left_out} values are to be reviewed, for more than {largest} go together",
        "not_apart": "nearly all were judged: for further documents the guarantee is approximate",
        "clusters": "Documents {what} count as one: {judged} judged clusters, {run} in the run.",
        "same_text": "with the same text",
        "same": "with the same {columns}",
        "few": "So few clusters say next to nothing of others.",
    },
    "fr": {
        "guarantee": "Avec une probabilité de {sure} sur le tirage des documents jugés, dans tous les groupes à la "
        "fois : parmi les valeurs acceptées sans relecture, au plus {alpha} sont fausses dans chaque groupe. Les "
        "groupes sont les « true » acceptés d'un champ, ses « false » acceptés, ceux de chaque catégorie, et toutes "
        "les valeurs d'un champ sans catégories. C'est une part de valeurs, dans les listes longues comme dans les "
        "courtes. Les tests se partagent la probabilité {delta} : {tests} en tout.",
        "guarantee_none": "Rien n'est garanti, et aucune valeur n'est acceptée sans relecture : trop peu de documents "
        "de chaque groupe ont été jugés pour un test.",
        "equal": "Les documents jugés ont été tirés avec des probabilités égales, comme le disent leurs poids.",
        "by answer": "Les documents jugés ont été tirés avec des probabilités égales dans chaque groupe testé, comme "
        "le disent leurs poids, et inégales sur l'ensemble : chaque groupe vaut pour lui-même.",
        "untold": "On ne sait pas comment les documents jugés ont été tirés, car ils ne portent pas de poids : la "
        "garantie ne vaut que s'ils sont un échantillon aléatoire simple de l'extraction.",
        "silent": "Ce que le modèle a omis. Personne ne regarde là où il n'a rien trouvé ou a dit false ; ce qu'il y a "
        "omis est donné par champ, avec une limite pour chaque champ seul (missed=0.01 le fait tester).",
        "silence_tested": "Ce que le modèle a omis là où le silence n'est pas accepté : plus de {missed} de ces "
        "documents peuvent cacher une valeur. Pour les listes, c'est la part de documents où il manque un élément.",
        "unclustered": "D'autres documents des mêmes hôpitaux ou patients, dont les erreurs vont ensemble : clusters= "
        "dit lesquels. Pour les documents de cette extraction, la garantie ne demande que le tirage.",
        "pooled": "Chaque réponse de {fields} prise à part : elles ont été testées ensemble (pooled).",
        "parts": "Les parties d'un groupe : dans un hôpital, un âge ou une semaine, il peut y avoir plus de faux que "
        "dans l'ensemble.",
        "others": "D'autres documents que ceux dont on a tiré : autre saison, autre hôpital, autre prompt ou modèle.",
        "reviewers": "Les erreurs des relecteurs : ce qu'ils disent est tenu pour juste.",
        "not_even": "ses documents ont été tirés avec des probabilités inégales : rien ne peut être accepté",
        "more": "il faut juger au moins {more} documents de plus qui l'ont, tous justes",
        "not_enough": "ne peut être testé dans cette extraction : il faudrait juger au moins {more} documents de plus "
        "qui l'ont, tous justes, et il n'en reste que {left} valeurs",
        "draw": " (glane review sample=stratified by={field})",
        "left_out": "{left_out} valeurs restent à relire, car plus de {largest} vont ensemble",
        "not_apart": "presque toutes ont été jugées : pour d'autres documents la garantie est approchée",
        "clusters": "Les documents {what} comptent pour un : {judged} grappes jugées, {run} dans l'extraction.",
        "same_text": "de même texte",
        "same": "qui ont les mêmes {columns}",
        "few": "Si peu de grappes ne disent presque rien des autres.",
    },
}


def percent(value: float, language: Language) -> str:
    """A share in per cent."""
    text = f"{100 * value:.3g} %"
    return text.replace(".", ",") if language == "fr" else text


def number(value: float, language: Language) -> str:
    """A number as it was told."""
    text = f"{value:.4g}"
    return text.replace(".", ",") if language == "fr" else text


def guarantee(alpha: float, delta: float, num_tests: int, sample: Drawn, *, language: Language) -> str:
    """What is controlled."""
    words = WORDS[language]
    if not num_tests:
        return words["guarantee_none"]
    told = words["guarantee"].format(
        sure=number(1 - delta, language), alpha=percent(alpha, language), tests=num_tests, delta=number(delta, language)
    )
    return f"{told} {words[sample]}"


def not_controlled(
    missed: float | None, clusters: Clusters, pooled: Sequence[str], *, language: Language
) -> tuple[str, ...]:
    """What is not controlled, a sentence each."""
    words = WORDS[language]
    found = [words["silent"]]
    if missed is not None:
        found = [words["silence_tested"].format(missed=percent(missed, language))]
    if not clusters.columns:
        found.append(words["unclustered"])
    if pooled:
        found.append(words["pooled"].format(fields=", ".join(pooled)))
    return (*found, *(words[key] for key in ("parts", "others", "reviewers")))


def cluster_notes(clusters: Clusters, num_documents: int, *, language: Language) -> tuple[str, ...]:
    """What counts as one, if anything does but documents."""
    words = WORDS[language]
    if not clusters.are_known:
        return (TEXTS_UNKNOWN[language],)
    if not clusters.columns and clusters.judged == num_documents:
        return ()
    columns = ", ".join(clusters.columns)
    what = words["same"].format(columns=columns) if columns else words["same_text"]
    told = words["clusters"].format(what=what, judged=clusters.judged, run=clusters.run)
    return (told, words["few"]) if clusters.judged < FEW_CLUSTERS else (told,)


def group_notes(field: str, entry: AcceptedGroup, *, is_list: bool, language: Language) -> tuple[str, ...]:
    """What a reader must know of a group."""
    words: Mapping[str, str] = WORDS[language]
    notes = []
    if not entry.is_even:
        notes.append(words["not_even"])
    elif entry.more_needed > (left := entry.run.values - entry.judged):
        notes.append(words["not_enough"].format(more=entry.more_needed, left=max(0, left)))
    elif entry.more_needed:
        # A sample can be drawn by an answer where each document has one.
        drawn = "" if entry.value is None or is_list or "." in field else words["draw"].format(field=field)
        notes.append(words["more"].format(more=entry.more_needed) + drawn)
    if entry.left_out:
        notes.append(words["left_out"].format(left_out=entry.left_out, largest=entry.largest_unit))
    if not entry.are_thresholds_apart and entry.threshold is not None:
        notes.append(words["not_apart"])
    return tuple(notes)

"""What the page of a surveillance table says, in French and English."""

from __future__ import annotations

from glane.surveillance.disclosure_words import DISCLOSURE_WORDS
from glane.surveillance.signal_words import SIGNAL_WORDS
from glane.types import Language

_PAGE: dict[Language, dict[str, str]] = {
    "fr": {
        "cases": "Cas : {case}",
        "title": "Tableau de surveillance",
        "run": "Extraction",
        "gold": "Documents relus",
        "unit": "Unité de compte",
        "unit_document": "le document : deux documents d'une même personne comptent deux fois",
        "unit_person": "la personne ({columns}), comptée une fois, là où se trouve son premier document qui est un cas",
        "unit_event": "l'événement (liens de {columns}), compté une fois, là où est son premier cas",
        "days": "Période couverte",
        "from_to": "du {first} au {last}",
        "documents": "Documents avec réponse",
        "persons": "Personnes avec réponse",
        "events": "Événements avec réponse",
        "failed": "Sans réponse",
        "failed_how": (
            "{failed} sans réponse lisible ne sont comptés ni comme cas ni au dénominateur ; s'ils étaient tous des "
            "cas, le total serait plus élevé d'autant."
        ),
        "total": "{estimate} cas (intervalle de confiance à {level} % : {low} – {high})",
        "total_model": "{model} cas d'après le modèle seul",
        "model_says": "Le modèle seul en compte {model}. {reviewed} document(s) relu(s).",
        "not_corrected": (
            "Ces nombres sont ceux du modèle, non corrigés : aucune relecture n'a été donnée (gold=…). Le modèle se "
            "trompe, et toujours dans le même sens ; ne pas publier ces nombres comme des nombres de cas."
        ),
        "curve": "Courbe épidémique",
        "curve_title": "Nombre de cas par période",
        "curve_how": (
            "Barres : nombre de cas d'après le modèle seul. Points et traits : nombre corrigé et son intervalle. En "
            "clair et rayé : périodes incomplètes, dont les nombres peuvent encore augmenter ou dont il manque des "
            "jours. Les intervalles valent pour chaque période prise seule."
        ),
        "curve_model": (
            "Barres : nombre de cas d'après le modèle seul, non corrigé. En clair et rayé : périodes incomplètes."
        ),
        "curve_delays": (
            "Contour en tirets et bande orange : nombre attendu quand tous les documents seront arrivés, et son "
            "intervalle, d'après le modèle seul."
        ),
        "map": "Carte",
        "map_title": "{figure} par {level}",
        "map_how": (
            "Un carré par département, de même taille pour tous, à sa place approchée ; outre-mer en bas. Gris : aucun "
            "document. Codes officiels géographiques de l'Insee au {vintage}."
        ),
        "map_how_changed": (
            "Un carré par département, de même taille pour tous, à sa place approchée ; outre-mer en bas. Gris : aucun "
            "document, ou trop peu pour être dit. Codes officiels géographiques de l'Insee au {vintage}."
        ),
        "level_department": "département",
        "level_region": "région",
        "figure_rate": "Taux corrigé pour {per}",
        "figure_rate_model": "Taux pour {per} (modèle seul)",
        "figure_standard": "Taux standardisé corrigé pour {per}",
        "figure_standard_model": "Taux standardisé pour {per} (modèle seul)",
        "figure_count": "Nombre de cas corrigé",
        "figure_count_model": "Nombre de cas (modèle seul)",
        "by_period": "Par période",
        "by_place": "Par lieu",
        "by_age": "Par classe d'âge",
        "by_group": "Par « {name} »",
        "head_label": "groupe",
        "head_corrected": "corrigé|intervalle|modèle seul",
        "head_model": "modèle seul",
        "head_counts": "documents|sans réponse|relus",
        "head_rate": "taux corrigé pour {per}|intervalle",
        "head_rate_model": "taux pour {per} (modèle seul)|intervalle",
        "head_standard": "taux standardisé corrigé|intervalle",
        "head_standard_model": "taux standardisé (modèle seul)|intervalle",
        "head_notes": "remarques",
        "all": "ensemble",
        "unknown": "inconnu",
        "incomplete": "incomplète",
        "no_document": "aucun document",
        "few_documents": "aucun document, ou trop peu pour être dit",
        "not_covered": "hors du tableau",
        "silent": (
            "Lieux d'où aucun document n'est venu : {num}. Ils n'ont ni taux ni nombre corrigé, et leur population "
            "n'est dans aucun dénominateur : les taux sont ceux des lieux d'où des documents sont venus. Si des lieux"
            " participent sans avoir rien transmis, indiquez dans table.place.only tous ceux que le tableau couvre."
        ),
        "silent_declared": (
            "Lieux de table.place.only d'où aucun document n'est venu : {places}. Ils n'ont ni taux ni nombre "
            "corrigé, mais leur population est au dénominateur des totaux : si rien n'y a été transmis, ces taux sont"
            " trop bas. Retirez-les alors de table.place.only."
        ),
        "many": "Les {shown} premières lignes sur {all} ; table.parquet les contient toutes.",
        "how": "Comment ces nombres sont faits",
        "pooled": (
            "Chaque découpage (périodes, lieux, âges, groupes) est corrigé par les taux d'erreur du modèle dans les "
            "documents relus et par ce que la relecture de chaque groupe dit de plus ; les croisements sont ajustés à "
            "tous ces découpages à la fois (calage sur marges). Tout s'additionne."
        ),
        "linked": (
            "Chaque personne ou événement relu en entier a une réponse du modèle et une vraie ; les nombres sont "
            "corrigés comme ceux de documents, puis multipliés par ce que les erreurs des liens (glane link) font au "
            "nombre du modèle, dans chaque tirage, d'après les paires relues. Ce facteur est le même pour toutes les "
            "lignes, et suppose que les liens se trompent autant pour les vrais cas que pour ceux du modèle. Ce "
            "qu'aucune règle de rapprochement n'a réuni compte deux fois. Les paires relues sont supposées tirées au "
            "hasard."
        ),
        "transported": (
            "Rien de cette extraction n'a été relu : les taux d'erreur sont ceux d'une relecture antérieure. Rien ne "
            "montre qu'ils valent encore ici."
        ),
        "of_run": (
            "Les intervalles des nombres portent sur les documents de cette extraction ; ceux des taux tiennent compte "
            "en plus du hasard de la survenue des cas (loi de Poisson)."
        ),
        "of_model": "Les intervalles des taux du modèle ne tiennent compte que du hasard de la survenue des cas.",
        "denominator_documents": "Dénominateur : les documents de chaque groupe.",
        "denominator_file": "Dénominateur : {file}.",
        "no_denominator": "Aucun taux : le tableau n'indique pas de dénominateur (table.denominator).",
        "standard": "Taux standardisés directement sur l'âge : population {name}, intervalles de Fay et Feuer.",
        "weeks_iso": "Semaines ISO 8601, du lundi au dimanche.",
        "weeks_epi": "Semaines épidémiologiques (MMWR), du dimanche au samedi.",
        "outside": "{num} document(s) hors de la période couverte ne compte(nt) nulle part.",
        "elsewhere": "{num} document(s) de lieux hors de table.place.only ne compte(nt) nulle part.",
        "reported_later": "{num} document(s) arrivé(s) après la date retenue ne compte(nt) nulle part.",
        "without_date": "{num} sans date : dans la ligne « inconnu » des périodes.",
        "without_place": "{num} sans lieu : dans la ligne « inconnu » des lieux.",
        "unknown_places": (
            "{num} avec un code de lieu qui n'existe pas : dans la même ligne, sans taux. Départements : 01 à 95, "
            "2A, 2B, 971 à 974 et 976, et non 20, 975, 977, 978 ni un code postal ; table.place.codes dit ce que la "
            "colonne contient."
        ),
        "without_age": "{num} sans âge : dans la ligne « inconnu » des âges.",
        "unknown_ages": "{num} avec un âge hors des classes : dans la même ligne.",
        "unnamed": "{num} documents ne sont rattachés à aucune personne ni aucun événement ; chacun compte pour un.",
        "extracted": ("{columns} : extrait par le modèle. Une relecture du cas ne corrige pas ces groupes."),
        "unreviewed": (
            "Sur {rows} lignes avec des documents, {num} n'en ont aucun de relu : elles sont corrigées par ce que "
            "disent les autres."
        ),
        "assumes": (
            "Tout cela suppose que les relecteurs ne se trompent pas, et que les documents relus ont été tirés au "
            "hasard."
        ),
    },
    "en": {
        "cases": "Cases: {case}",
        "title": "Surveillance table",
        "run": "Run",
        "gold": "Reviewed documents",
        "unit": "Unit of count",
        "unit_document": "the document: two documents of one person count twice",
        "unit_person": "the person ({columns}), counted once, where the first document that is a case stands",
        "unit_event": "the event (links of {columns}), counted once, where the first document that is a case stands",
        "days": "Days covered",
        "from_to": "{first} to {last}",
        "documents": "Documents with an answer",
        "persons": "Persons with an answer",
        "events": "Events with an answer",
        "failed": "Without an answer",
        "failed_how": (
            "{failed} without a readable answer count neither as cases nor in the denominator; were all of them cases, "
            "the total would be higher by as many."
        ),
        "total": "{estimate} cases ({level} % interval: {low} – {high})",
        "total_model": "{model} cases by the model alone",
        "model_says": "The model alone counts {model}. {reviewed} documents reviewed.",
        "not_corrected": (
            "These are the model's counts, not corrected: no review was given (gold=…). The model errs, and always to "
            "the same side; do not publish these as counts of cases."
        ),
        "curve": "Epidemic curve",
        "curve_title": "Cases by period",
        "curve_how": (
            "Bars: cases by the model alone. Points and lines: the corrected count and its interval. Pale and hatched: "
            "incomplete periods, whose counts may still grow or of which days are missing. The intervals hold for each "
            "period by itself."
        ),
        "curve_model": "Bars: cases by the model alone, not corrected. Pale and hatched: incomplete periods.",
        "curve_delays": (
            "Dashed outline and orange band: the count that is expected once all documents have arrived, and its "
            "interval, by the model alone."
        ),
        "map": "Map",
        "map_title": "{figure} by {level}",
        "map_how": (
            "One square for each department, all of one size, near its place; overseas below. Grey: no document. "
            "Official codes of Insee, {vintage}."
        ),
        "map_how_changed": (
            "One square for each department, all of one size, near its place; overseas below. Grey: no document, or "
            "too few to be told. Official codes of Insee, {vintage}."
        ),
        "level_department": "department",
        "level_region": "region",
        "figure_rate": "Corrected rate per {per}",
        "figure_rate_model": "Rate per {per} (model alone)",
        "figure_standard": "Corrected standardised rate per {per}",
        "figure_standard_model": "Standardised rate per {per} (model alone)",
        "figure_count": "Corrected cases",
        "figure_count_model": "Cases (model alone)",
        "by_period": "By period",
        "by_place": "By place",
        "by_age": "By class of age",
        "by_group": "By “{name}”",
        "head_label": "group",
        "head_corrected": "corrected|interval|model alone",
        "head_model": "model alone",
        "head_counts": "documents|no answer|reviewed",
        "head_rate": "corrected rate per {per}|interval",
        "head_rate_model": "rate per {per} (model alone)|interval",
        "head_standard": "corrected standardised rate|interval",
        "head_standard_model": "standardised rate (model alone)|interval",
        "head_notes": "notes",
        "all": "all",
        "unknown": "unknown",
        "incomplete": "incomplete",
        "no_document": "no document",
        "few_documents": "no document, or too few to be told",
        "not_covered": "not covered by the table",
        "silent": (
            "Places from which no document came: {num}. They have neither a rate nor a corrected count, and their "
            "people are in no denominator: rates are those of the places from which documents came. If places take "
            "part that sent nothing, name all that the table covers in table.place.only."
        ),
        "silent_declared": (
            "Places of table.place.only from which no document came: {places}. They have neither a rate nor a "
            "corrected count, but their people are in the denominators of totals: if they did not report, these rates"
            " are too low. Then take them out of table.place.only."
        ),
        "many": "The first {shown} of {all} rows; table.parquet has all.",
        "how": "How these figures are made",
        "pooled": (
            "Periods, places, ages and groups are each corrected by the model's error rates in the reviewed documents "
            "and by what the review of each group says beyond; cells of several of them are fitted to all of these at "
            "once (raking). All of it adds up."
        ),
        "linked": (
            "Each person or event that was reviewed whole has an answer of the model and a true one; counts are "
            "corrected as those of documents, then multiplied in each draw by what errors of links (glane link) do to "
            "the model's count, by the reviewed pairs. This factor is the same for all rows, and takes links to err "
            "for true cases as for the model's. What no rule of the linkage brought together counts twice. The "
            "reviewed pairs are taken to be drawn at random."
        ),
        "transported": (
            "Nothing of this run was reviewed: the error rates are those of an earlier review. Nothing shows that they "
            "still hold here."
        ),
        "of_run": (
            "The intervals of counts are about the documents of this run; those of rates add the chance of cases to "
            "occur (Poisson)."
        ),
        "of_model": "The intervals of the model's rates tell only of the chance of cases to occur.",
        "denominator_documents": "Denominator: the documents of each group.",
        "denominator_file": "Denominator: {file}.",
        "no_denominator": "No rate: the table names no denominator (table.denominator).",
        "standard": "Rates directly standardised for age: population {name}, limits of Fay and Feuer.",
        "weeks_iso": "Weeks of ISO 8601, Monday to Sunday.",
        "weeks_epi": "Epidemiological weeks (MMWR), Sunday to Saturday.",
        "outside": "{num} documents outside of the days covered are counted nowhere.",
        "elsewhere": "{num} documents of places that the table does not cover (table.place.only) are counted nowhere.",
        "reported_later": "{num} documents that arrived after the day until which they count are counted nowhere.",
        "without_date": "{num} without a date: in the row “unknown” of the periods.",
        "without_place": "{num} without a place: in the row “unknown” of the places.",
        "unknown_places": (
            "{num} with a code of a place that there is not: in the same row, without a rate. Departments are 01 to "
            "95, 2A, 2B, 971 to 974 and 976, not 20, 975, 977, 978 nor a postal code; table.place.codes says what "
            "the column holds."
        ),
        "without_age": "{num} without an age: in the row “unknown” of the ages.",
        "unknown_ages": "{num} with an age outside of the classes: in the same row.",
        "unnamed": "{num} documents name no person or event; each is taken for one.",
        "extracted": "{columns}: extracted by the model. A review of the case does not correct these groups.",
        "unreviewed": (
            "Of {rows} rows with documents, {num} have no reviewed one: they are corrected by what the others tell."
        ),
        "assumes": "All of it assumes that reviewers do not err, and that the reviewed documents were drawn at random.",
    },
}
WORDS: dict[Language, dict[str, str]] = {
    language: {**told, **SIGNAL_WORDS[language], **DISCLOSURE_WORDS[language]} for language, told in _PAGE.items()
}

"""What the page of a brief says around its sentences, in French and English."""

from __future__ import annotations

from collections.abc import Mapping

from glane.types import Language

WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "draft": "Brouillon : personne n'a encore signé cette synthèse.",
        "signed": "Lu et signé par {name} le {day}.",
        "unfinished": "Inachevé : des réponses manquent encore ; ce qui suit n'a que les nombres.",
        "toy": "Réponses d'un modèle d'essai : pour essayer glane seulement, jamais pour des résultats.",
        "not_corrected": (
            "Ces nombres sont ceux du modèle, non corrigés : aucune relecture n'a été donnée (gold=…). Le modèle se "
            "trompe, et toujours dans le même sens."
        ),
        "disclosed": (
            "Cette synthèse ne dit que des nombres que des tableaux protégés ont dits : les petits nombres (moins de "
            "{least}), et ceux qui les feraient retrouver, y sont masqués."
        ),
        "hidden": "Des nombres masqués dans ces tableaux sont laissés de côté.",
        "audience": "Pour : {audience}",
        "figures": "Nombres",
        "figure_how": (
            "Chaque phrase est faite de sa mesure, et de rien d'autre : aucun modèle ne l'a écrite. Ouvrir une phrase "
            "montre ce qui a été compté."
        ),
        "left_out": "{measure} : aucun nombre pour {values}, sans document dans le champ de la synthèse ({by}).",
        "left_out_unnamed": "{measure} : {num} documents sans {by} ne sont dans aucun de ces nombres.",
        "review_note": "Sur la relecture : {note}.",
        "reviewed": "Relus, parmi les documents regardés",
        "note": "Remarques",
        "figure_how_table": (
            "Chaque phrase est faite de sa mesure, et de rien d'autre : aucun modèle ne l'a écrite. La table des "
            "nombres dit ce qui a été compté."
        ),
        "statements": "Ce que rapportent les documents",
        "statement_how": (
            "Énoncés d'un modèle, chacun avec les passages qui le portent, retrouvés dans leurs documents. Ils ne "
            "disent ni fréquence, ni tendance, ni cause. La vérification réduit les erreurs, sans les exclure."
        ),
        "statement_alone": (
            "Énoncés d'un modèle, vérifiés, laissés sans leurs passages ni leurs documents ; ceux qui ont un nombre "
            "sont ôtés. Aucun tableau ne les protège : un énoncé dit qu'une chose a été rapportée."
        ),
        "no_statement": "Aucun énoncé n'a passé les vérifications.",
        "unverified": "Non vérifié",
        "failed_checks": "Vérifications échouées : {checks}",
        "id": "Identifiant",
        "case": "Compté",
        "among": "Parmi",
        "conditions": "Comment cela a été compté : les conditions en SQL",
        "value": "Valeur du modèle",
        "counted": "Documents comptés",
        "looked": "Documents regardés",
        "unknown": "Non renseigné",
        "without": "Sans réponse",
        "documents": "Identifiants (les premiers)",
        "all": "tous les documents",
        "figures_table": "Table des nombres",
        "quotes": "Passages",
        "passage": "passage",
        "document": "document",
        "day": "date",
        "place": "lieu",
        "coverage": "Couverture",
        "coverage_text": (
            "{cited} des {quoted} documents dont un passage a été lu sont cités par un énoncé vérifié ; la synthèse "
            "porte sur {documents} documents."
        ),
        "calibrated": (
            "Étalonné sur des énoncés relus : avec une certitude de {certainty} %, au plus {alpha} % des énoncés "
            "acceptés sont faux."
        ),
        "not_calibrated": "Aucun énoncé n'a été relu pour étalonner la seconde lecture (calibration=…).",
        "type_statement": "Énoncés sans nombre",
        "type_statement_number": "Énoncés avec un nombre",
        "type_accepted": (
            "{type} : acceptés par {labels} étiquettes de relecteurs, dont {unsupported} non soutenus ; avec une "
            "certitude de {certainty} %, au plus {alpha} % ne sont pas soutenus."
        ),
        "type_few": (
            "{type} : non vérifiés, car {labels} étiquettes (dont {unsupported} non soutenus) ne suffisent pas ; il en "
            "faut au moins {needed} de plus, toutes soutenues."
        ),
        "type_wrong": "{type} : non vérifiés, car {unsupported} de {labels} étiquettes ne sont pas soutenus.",
        "type_others": "Étiquettes d'autres modèles ou questions, qui ne disent rien ici : {num} fichiers.",
        "found": "Pour les énoncés, seuls les {num} documents qu'une recherche a trouvés ont été lus.",
        "suspicious": "{num} documents qui s'adressent à un modèle ont été écartés.",
        "absent": "Sans aucun énoncé : {groups}.",
        "no_key": (
            "Personne n'a dit quels sont les événements clés : rien ne dit si l'important est passé sous silence."
        ),
        "key": "Événements clés, {name} : {events}, dont {cited} cités par un énoncé vérifié.",
        "key_group": "par {column}",
        "key_linked": "réunis de plusieurs documents",
        "key_absent": "Sans aucun énoncé : {name}.",
        "key_more": "Et {num} autres sans aucun énoncé.",
        "checks": "Vérifications",
        "check_head": "première vérification échouée|énoncés",
        "checks_text": "{statements} énoncés faits par le modèle, {merged} réunis à un autre, {verified} vérifiés.",
        "rests": "Sur quoi tout repose",
        "run": "Extraction",
        "fingerprint": "Empreinte",
        "of_its_run": "empreinte de son extraction {digest}",
        "made": "Faite le",
        "period": "Période",
        "gold": "Documents relus",
        "answered": "Documents avec réponse",
        "failed": "Sans réponse",
        "model": "Modèle ({role})",
        "licence": "licence {licence}",
        "no_licence": "licence inconnue",
        "review": "Relecture",
        "role_records": "extraction",
        "role_statements": "énoncés",
        "role_same": "réunion d'énoncés",
        "role_support": "vérification",
    },
    "en": {
        "draft": "Draft: nobody has signed this brief yet.",
        "signed": "Read and signed by {name} on {day}.",
        "unfinished": "Unfinished: answers are still missing; what follows has the figures only.",
        "toy": "Answers of a model for trying: for trying glane only, never for results.",
        "not_corrected": (
            "These are the model's figures, not corrected: no review was given (gold=…). The model errs, and always to "
            "the same side."
        ),
        "disclosed": (
            "This brief tells figures only that protected tables have told: small counts (below {least}), and those "
            "that would give them back, are suppressed there."
        ),
        "hidden": "Figures that are suppressed in these tables are left out.",
        "audience": "For: {audience}",
        "figures": "Figures",
        "figure_how": (
            "Each sentence is made of its measure, and of nothing else: no model wrote it. Opening a sentence shows "
            "what was counted."
        ),
        "left_out": "{measure}: no figure of {values}, without a document in what the brief is of ({by}).",
        "left_out_unnamed": "{measure}: {num} documents without {by} are in none of these figures.",
        "review_note": "On the review: {note}.",
        "reviewed": "Reviewed, of the documents looked at",
        "note": "Notes",
        "figure_how_table": (
            "Each sentence is made of its measure, and of nothing else: no model wrote it. The table of figures says "
            "what was counted."
        ),
        "statements": "What documents report",
        "statement_how": (
            "Statements of a model, each with the passages that carry it, found in their documents. They tell no "
            "frequency, trend or cause. Checks make errors fewer, and cannot exclude them."
        ),
        "statement_alone": (
            "Statements of a model, verified, without their passages and documents; those with a number are left out. "
            "No table protects them: a statement tells that something was reported."
        ),
        "no_statement": "No statement passed the checks.",
        "unverified": "Unverified",
        "failed_checks": "Checks failed: {checks}",
        "id": "Id",
        "case": "Counted",
        "among": "Among",
        "conditions": "How this was counted: the conditions as SQL",
        "value": "The model's value",
        "counted": "Documents counted",
        "looked": "Documents looked at",
        "unknown": "Unknown",
        "without": "Without an answer",
        "documents": "Ids (the first)",
        "all": "all documents",
        "quotes": "Passages",
        "passage": "passage",
        "document": "document",
        "day": "date",
        "place": "place",
        "coverage": "Coverage",
        "coverage_text": (
            "{cited} of the {quoted} documents of which a passage was read are cited by a verified statement; the "
            "brief is of {documents} documents."
        ),
        "calibrated": (
            "Calibrated on reviewed statements: with a certainty of {certainty} %, at most {alpha} % of the accepted "
            "statements are wrong."
        ),
        "not_calibrated": "No statement was reviewed to calibrate the second reading (calibration=…).",
        "type_statement": "Statements without a number",
        "type_statement_number": "Statements with a number",
        "type_accepted": (
            "{type}: accepted by {labels} labels of readers, {unsupported} of them unsupported; with a certainty of "
            "{certainty} %, at most {alpha} % are unsupported."
        ),
        "type_few": (
            "{type}: unverified, as {labels} labels ({unsupported} unsupported) are too few; at least {needed} more "
            "are needed, all supported."
        ),
        "type_wrong": "{type}: unverified, as {unsupported} of {labels} labels are unsupported.",
        "type_others": "Labels of other models or questions, which tell nothing here: {num} files.",
        "found": "For statements, only the {num} documents that a search found were read.",
        "suspicious": "{num} documents that speak to a model were left out.",
        "absent": "Without any statement: {groups}.",
        "no_key": "Nobody said what the key events are: nothing tells whether what matters is passed over in silence.",
        "key": "Key events, {name}: {events}, of which verified statements cite {cited}.",
        "key_group": "by {column}",
        "key_linked": "linked of several documents",
        "key_absent": "Without any statement: {name}.",
        "key_more": "And {num} more without any statement.",
        "checks": "Checks",
        "check_head": "first check that failed|statements",
        "checks_text": "{statements} statements by the model, {merged} joined with another one, {verified} verified.",
        "figures_table": "Table of figures",
        "rests": "What all rests on",
        "run": "Run",
        "fingerprint": "Fingerprint",
        "of_its_run": "fingerprint of its run {digest}",
        "made": "Made on",
        "period": "Period",
        "gold": "Reviewed documents",
        "answered": "Documents with an answer",
        "failed": "Without an answer",
        "model": "Model ({role})",
        "licence": "licence {licence}",
        "no_licence": "unknown licence",
        "review": "Review",
        "role_records": "extraction",
        "role_statements": "statements",
        "role_same": "joining of statements",
        "role_support": "checking",
    },
}
CHECKS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "citation": "ne cite aucun passage",
        "quote": "passage introuvable dans son document",
        "context": "passage pris hors de son contexte",
        "number": "nombre absent des passages",
        "unit": "nombre d'autre chose que dans les passages",
        "place": "lieu ou nom absent des passages",
        "term": "terme d'autres documents, absent des passages",
        "period": "date ou période absente des passages",
        "negation": "négation autre que dans les passages",
        "sense": "mot qui change le sens, absent des passages (avant ou après, positif ou négatif)",
        "frame": "le passage pose une question, ou en dit moins (faux, rumeur, condition, objectif, projet)",
        "status": "suspect ou confirmé, nouveau ou cumulé autrement que dans les passages",
        "trend": "tendance, sans test",
        "cause": "cause",
        "order": "s'adresse à un modèle",
        "form": "pas une phrase",
        "support": "la seconde lecture ne le trouve pas dans les passages",
        "accepted": "la seconde lecture n'en est pas assez sûre",
        "labelled": "trop peu d'énoncés de cette sorte ont été relus, ou trop ne sont pas soutenus",
    },
    "en": {
        "citation": "cites no passage",
        "quote": "passage not found in its document",
        "context": "passage taken out of its context",
        "number": "number not in the passages",
        "unit": "number of something else than in the passages",
        "place": "place or name not in the passages",
        "term": "term of other documents, not in the passages",
        "period": "date or period not in the passages",
        "negation": "negated otherwise than the passages",
        "sense": "word that turns the sense, not in the passages (before or after, positive or negative)",
        "frame": "the passage asks, or says less (false, a rumour, a condition, a target, a plan)",
        "status": "suspected or confirmed, new or cumulative otherwise than the passages",
        "trend": "trend, without a test",
        "cause": "cause",
        "order": "speaks to a model",
        "form": "not one sentence",
        "support": "the second reading does not find it in the passages",
        "accepted": "the second reading is not sure enough of it",
        "labelled": "too few statements of its type were reviewed, or too many are unsupported",
    },
}

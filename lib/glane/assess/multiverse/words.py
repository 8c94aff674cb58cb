"""What the page of a multiverse says, in French and English."""

from __future__ import annotations

from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Le chiffre tiendrait-il devant une autre question raisonnable ?",
        "what": "Chiffre",
        "percent": "en %",
        "points": "en points de pourcentage",
        "documents": "Documents, les mêmes partout",
        "other_files": (
            "Les extractions ont lu d'autres fichiers : les mêmes identifiants peuvent être d'autres textes."
        ),
        "unasked": (
            "Aucune question n'a été envoyée dans {runs} (prompt_style=bare : le document seul). Que les chiffres n'y "
            "bougent pas avec le libellé ne dit rien de lui."
        ),
        "clusters": "… qui vont ensemble",
        "clusters_how": "{num} grappes, que suivent les intervalles",
        "specifications": "Spécifications",
        "counted": "{num} (libellés : {wordings}, modèles : {models}, lectures : {readings})",
        "chosen": "Spécification retenue",
        "gold": "Documents relus",
        "gold_told": "{path}, du {modified}, SHA-256 {sha256}",
        "no_time": "date inconnue",
        "sealed": "Scellé",
        "not_sealed": "Le choix n'a pas été scellé auparavant.",
        "sealed_on": "scellé le {sealed} (SHA-256 du sceau : {sha256})",
        "before": "scellé le {sealed}, avant la référence du {modified} (SHA-256 du sceau : {sha256})",
        "not_before": (
            "scellé le {sealed}, PAS avant la référence du {modified} : ce fichier est plus ancien (SHA-256 du sceau : "
            "{sha256})"
        ),
        "broken": "Sceau rompu : ce qui est estimé n'est pas ce qui a été scellé",
        "broken_head": "clé|scellé|maintenant",
        "seal_how": (
            "L'heure est celle de la machine qui a scellé, et un fichier se supprime : qui veut une preuve garde le "
            "SHA-256 du sceau ailleurs. Les chiffres bruts ont pu être vus avant le sceau."
        ),
        "curve": "Courbe des spécifications",
        "curve_title": "Courbe des spécifications : {subject}",
        "curve_how": (
            "De gauche à droite, chaque spécification, du chiffre brut le plus bas au plus haut ; en gris le modèle "
            "seul, en bleu le chiffre corrigé par la relecture s'il y en a une, avec leurs intervalles de confiance à "
            "95 %. Bande claire et tirets : la spécification retenue. En dessous, ce avec quoi elle a été posée "
            "(W : libellé, M : modèle, R : lecture)."
        ),
        "spread": "Jusqu'où les chiffres s'écartent",
        "spread_head": "mesure|modèle seul|corrigé",
        "lowest": "Le plus bas",
        "highest": "Le plus haut",
        "median": "Médiane",
        "reversed": "Autres dont le signe est contraire à celui de la spécification retenue",
        "excluding": "Autres dont l'intervalle ne contient pas le chiffre retenu",
        "differing": "Autres dont l'écart apparié avec la retenue a un intervalle sans 0",
        "of": "{num} sur {others}",
        "own": "La spécification retenue",
        "spread_how": (
            "Les spécifications ne sont pas un échantillon : leur médiane situe le chiffre retenu, elle n'est pas un "
            "résultat, et aucune moyenne n'en est faite. L'écart apparié rééchantillonne les documents, les mêmes pour "
            "toutes. Une relecture corrige chaque chiffre des erreurs de son modèle : si les chiffres corrigés "
            "s'accordent, l'écart entre les bruts tenait aux erreurs."
        ),
        "variation": "De quoi dépend la variation",
        "variation_head": "facteur|niveaux|part, modèle seul|part, corrigé",
        "wording": "Libellés",
        "model": "Modèles",
        "reading": "Lectures",
        "rest": "Interactions",
        "variation_how": (
            "Part de la somme des carrés des écarts de tous les chiffres qui sépare les niveaux d'un facteur "
            "(effets principaux seuls, êta carré). Elle décrit ces spécifications et aucune autre, sans test."
        ),
        "balanced": "Le plan est équilibré : les parts s'additionnent.",
        "unbalanced": "Le plan n'est pas équilibré : les facteurs se recouvrent et les parts ne s'additionnent pas.",
        "table": "Les spécifications",
        "table_head": "spécification|niveaux|modèle seul|écart avec la retenue|corrigé|documents|sans valeur|remarques",
        "is_chosen": "retenue",
        "unlike": "erreurs sans doute autres d'un groupe à l'autre (p = {p}) : voir method=ppi",
        "few_clusters": "{clusters} grappes seulement : intervalle approximatif",
        "no_estimate": "pas d'estimation possible",
        "gold_left_out": "{num} documents relus sans valeur ici",
        "levels": "Ce qui les distingue",
        "levels_head": "niveau|facteur|tâche ou modèle|réglages",
        "texts": "Les libellés en entier",
        "texts_head": "libellé|clé|texte",
        "factor_wording": "libellé",
        "factor_model": "modèle",
        "factor_reading": "lecture",
        "contrast_how": (
            "La différence corrigée entre deux groupes est faite de leurs deux intervalles (MOVER, Zou et Donner "
            "2008), avec la corrélation que donne une table commune."
        ),
    },
    "en": {
        "title": "Would the figure survive another reasonable question?",
        "what": "Figure",
        "percent": "in %",
        "points": "in percentage points",
        "documents": "Documents, the same everywhere",
        "other_files": "The runs read other files: the same ids may be other texts.",
        "unasked": (
            "No question was sent in {runs} (prompt_style=bare: the document alone). That figures do not move with the "
            "wording there says nothing of it."
        ),
        "clusters": "… that go together",
        "clusters_how": "{num} clusters, which the intervals follow",
        "specifications": "Specifications",
        "counted": "{num} (wordings: {wordings}, models: {models}, readings: {readings})",
        "chosen": "Chosen specification",
        "gold": "Reviewed documents",
        "gold_told": "{path}, of {modified}, SHA-256 {sha256}",
        "no_time": "time unknown",
        "sealed": "Sealed",
        "not_sealed": "The choice was not sealed before.",
        "sealed_on": "sealed on {sealed} (SHA-256 of the seal: {sha256})",
        "before": "sealed on {sealed}, before the gold of {modified} (SHA-256 of the seal: {sha256})",
        "not_before": (
            "sealed on {sealed}, NOT before the gold of {modified}: that file is older (SHA-256 of the seal: {sha256})"
        ),
        "broken": "Broken seal: what is estimated is not what was sealed",
        "broken_head": "key|sealed|now",
        "seal_how": (
            "The time is that of the machine that sealed, and a file can be deleted: who wants proof keeps the SHA-256 "
            "of the seal elsewhere. Raw figures may have been seen before the seal."
        ),
        "curve": "Specification curve",
        "curve_title": "Specification curve: {subject}",
        "curve_how": (
            "From left to right every specification, from the lowest raw figure to the highest; in grey the model "
            "alone, in blue the figure corrected by the review if there is one, with their 95 % confidence intervals. "
            "Light band and dashes: the chosen specification. Below, what it was asked with (W: wording, M: model, R: "
            "reading)."
        ),
        "spread": "How far the figures lie apart",
        "spread_head": "measure|model alone|corrected",
        "lowest": "Lowest",
        "highest": "Highest",
        "median": "Median",
        "reversed": "Others whose sign is the opposite of the chosen one's",
        "excluding": "Others whose interval does not hold the chosen figure",
        "differing": "Others whose paired difference from the chosen one has an interval without 0",
        "of": "{num} of {others}",
        "own": "The chosen specification",
        "spread_how": (
            "Specifications are no sample: their median tells where the chosen figure stands, it is no result, and no "
            "mean is made of them. The paired difference resamples documents, the same ones for all. A review corrects "
            "each figure for the errors of its own model: where corrected figures agree, the raw ones lay apart by "
            "errors."
        ),
        "variation": "What the variation goes with",
        "variation_head": "factor|levels|share, model alone|share, corrected",
        "wording": "Wordings",
        "model": "Models",
        "reading": "Readings",
        "rest": "Interactions",
        "variation_how": (
            "Share of the sum of squares of all figures that lies between the levels of a factor (main effects alone, "
            "eta squared). It describes these specifications and no others, without a test."
        ),
        "balanced": "The design is balanced: shares add up.",
        "unbalanced": "The design is not balanced: factors overlap, and shares do not add up.",
        "table": "The specifications",
        "table_head": (
            "specification|levels|model alone|difference from the chosen|corrected|documents|without values|notes"
        ),
        "is_chosen": "chosen",
        "unlike": "errors are probably other ones from group to group (p = {p}): see method=ppi",
        "few_clusters": "only {clusters} clusters: the interval is rough",
        "no_estimate": "no estimate is possible",
        "gold_left_out": "{num} reviewed documents without values here",
        "levels": "What tells them apart",
        "levels_head": "level|factor|task or model|settings",
        "texts": "The wordings in full",
        "texts_head": "wording|key|text",
        "factor_wording": "wording",
        "factor_model": "model",
        "factor_reading": "reading",
        "contrast_how": (
            "The corrected difference between two groups is made of their two intervals (MOVER, Zou and Donner 2008), "
            "with the correlation that a common table gives."
        ),
    },
}

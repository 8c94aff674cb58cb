"""What the page of a linkage says, in French and English."""

from __future__ import annotations

from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Rapprochement d'enregistrements",
        "heading": "{entities} entités d'après les liens, pour {records} enregistrements",
        "counted": "{estimate} entités d'après les paires relues (intervalle à {level} % : {low} – {high})",
        "no_review": (
            "Sans intervalle : aucune paire n'a été relue, et rien ne dit combien de liens sont justes. Tirer des "
            "paires par sample=200, remplir la colonne same, et les redonner par reviewed=FICHIER."
        ),
        "no_stratum": "Sans intervalle : aucune paire relue dans les strates {strata}.",
        "covers": (
            "L'intervalle porte l'erreur des liens faits et des liens refusés entre enregistrements comparés, telle "
            "que les paires relues la montrent, et le hasard de leur tirage. Il ne porte pas les paires qu'aucune "
            "règle n'a réunies, ni l'erreur du relecteur, ni celle de l'extraction, sinon par ce que la paire devient."
        ),
        "source": "Source",
        "definition": "Définition",
        "method": "Méthode",
        "keys": (
            "clés : mêmes valeurs dans toutes les colonnes d'une règle, et aucune différence dans les autres ; "
            "différer dans chaque règle est une contradiction"
        ),
        "probabilistic": (
            "probabiliste (Fellegi et Sunter, par EM) : lien à partir de {link}, à relire à partir de {review}"
        ),
        "largest": "Plus grande entité",
        "compared": "Paires comparées",
        "to_review": "Paires à regarder",
        "contested": "Paires d'une même entité qui la contredisent",
        "contradictions": "Contradictions entre enregistrements d'une entité",
        "strata": "Décisions dont le nombre dépend",
        "strata_head": "strate|décisions|liens|justes d'après le modèle|relues|laissées vides|même entité",
        "strata_how": (
            "Une décision réunit deux enregistrements, ou les laisse séparés ; sans elle, le nombre d'entités change "
            "d'une unité. Les liens relus justes sont la précision ; les décisions refusées relues justes sont des "
            "liens manqués."
        ),
        "strata_empty": (
            "Le relecteur n'a rien dit de certaines paires tirées. Elles sont prises pour semblables aux autres de "
            "leur strate ; si ce sont les plus difficiles, le nombre est faux."
        ),
        "certain": "lien, probabilité de 0,99 et plus",
        "probable": "lien, moins de 0,99",
        "divided": "lien de deux enregistrements, défait car les groupes ne vont pas ensemble",
        "doubtful": "entre les deux seuils",
        "unlikely": "sous le seuil de relecture",
        "no": "moins de 0,001",
        "columns": "Colonnes comparées",
        "columns_head": "colonne|niveau|même entité (m)|autres paires (u)",
        "level_equal": "égal",
        "level_swapped": "jour et mois échangés",
        "level_different": "différent",
        "columns_missing": (
            "{column} : {missing} enregistrements sans valeur, dont {unverified} que leur document ne montre pas."
        ),
        "rules": "Règles qui réunissent les paires",
        "rules_head": "colonnes égales|paires|plus grand bloc|enregistrements sans bloc|part de mêmes",
        "rules_how": (
            "Deux enregistrements qu'aucune règle ne réunit ne sont pas comparés, et comptent deux fois. Aucun bloc "
            "n'est laissé de côté : trop de paires est une erreur, et non une perte."
        ),
        "not_converged": "Les probabilités ne se sont pas stabilisées (EM) ; regarder les colonnes avant d'en user.",
        "far_larger": (
            "La plus grande entité a {largest} enregistrements, et 95 sur 100 en ont au plus {usual}. La regarder : "
            "une valeur qui ne veut rien dire (inconnu, 1900-01-01) est à rendre nulle avant de rapprocher de nouveau."
        ),
        "how": "Comment",
        "how_entities": (
            "Une entité n'est pas tout ce qu'une chaîne de liens relie : tous les enregistrements d'une chaîne sont "
            "comparés, et des groupes sont réunis tant que la moyenne de leurs paires reste un lien."
        ),
        "how_missing": (
            "Une valeur absente, ou que le document ne montre pas, ne dit rien : ni accord, ni désaccord. Les textes "
            "sont comparés sans casse ni accents, et sans ordre des mots."
        ),
    },
    "en": {
        "title": "Linkage of records",
        "heading": "{entities} entities by the links, of {records} records",
        "counted": "{estimate} entities by the reviewed pairs ({level} % interval: {low} – {high})",
        "no_review": (
            "No interval: no pair was reviewed, and nothing tells how many links are right. Draw pairs with "
            "sample=200, fill the column same, and give them back with reviewed=FILE."
        ),
        "no_stratum": "No interval: no pair was reviewed of the strata {strata}.",
        "covers": (
            "The interval carries the error of links that were made, and of links that were refused, between records "
            "that were compared, as the reviewed pairs show it, and the chance of their drawing. It does not carry "
            "pairs that no rule brought together, nor the reader's error, nor that of the extraction, other than by "
            "what becomes of the pair."
        ),
        "source": "Source",
        "definition": "Definition",
        "method": "Method",
        "keys": (
            "keys: equal in all columns of a rule, and different in none of the others; to differ in every rule is a "
            "contradiction"
        ),
        "probabilistic": "probabilistic (Fellegi and Sunter, by EM): a link from {link}, to be looked at from {review}",
        "largest": "Largest entity",
        "compared": "Pairs compared",
        "to_review": "Pairs to be looked at",
        "contested": "Pairs of one entity that speak against it",
        "contradictions": "Contradictions between records of one entity",
        "strata": "Decisions that the number hangs on",
        "strata_head": "stratum|decisions|links|right by the model|reviewed|left empty|same entity",
        "strata_how": (
            "A decision makes two records one entity, or leaves them apart; each changes the number of entities by "
            "one. Links found right in review are the precision; refused ones found right are missed links."
        ),
        "strata_empty": (
            "Of some pairs that were drawn the reader said nothing. They are taken to be as the others of their "
            "stratum; if they are the hard ones, the number is wrong."
        ),
        "certain": "link, probability of 0.99 and more",
        "probable": "link, below 0.99",
        "divided": "link of two records, undone as their groups do not go together",
        "doubtful": "between both thresholds",
        "unlikely": "below the threshold of review",
        "no": "below 0.001",
        "columns": "Columns compared",
        "columns_head": "column|level|one entity (m)|other pairs (u)",
        "level_equal": "equal",
        "level_swapped": "day and month exchanged",
        "level_different": "different",
        "columns_missing": (
            "{column}: {missing} records without a value, {unverified} of them with one that their document does not "
            "show."
        ),
        "rules": "Rules that bring pairs together",
        "rules_head": "equal columns|pairs|largest block|records without a block|share of matches",
        "rules_how": (
            "Two records that no rule brings together are not compared, and count twice. No block is left out: too "
            "many pairs are an error, and no loss."
        ),
        "not_converged": "The probabilities did not settle (EM); look at the columns before you use them.",
        "far_larger": (
            "The largest entity has {largest} records, and 95 of 100 have at most {usual}. Look at it: where a value "
            "stands for nothing (unknown, 1900-01-01), make it null and link again."
        ),
        "how": "How",
        "how_entities": (
            "An entity is not all that a chain of links connects: all records of a chain are compared, and groups are "
            "joined while the mean of their pairs is a link."
        ),
        "how_missing": (
            "A value that is missing, or that its document does not show, says nothing: no agreement, and no "
            "disagreement. Texts are compared without case and accents, and with their words in any order."
        ),
    },
}

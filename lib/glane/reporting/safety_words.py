"""What is said of TLS between nodes, of erasures and of how long files are kept, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from glane.types import Language

SAFETY_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "nodes_tls": "Between the nodes, Ray's processes spoke TLS, with certificates of the job's own (cluster.tls).",
        "nodes_plain": "Between the nodes, what Ray's processes sent each other was not encrypted (cluster.tls=false).",
        "nodes_of_starts": "Of {all} starts of the run, {tls} were with TLS, {plain} without, and {none} on one node, "
        "or by a version that did not record it.",
        "erased": "On {time}, {num} document(s) of the run were erased by glane erase; erased.json tells it, without "
        "ids.",
        "none_erased": "No document of the run was erased by glane erase until this page was made.",
        "retention": "Ages after which glane clean remove=true removes files of runs, as the site's file says now: "
        "{ages}. They are of files that glane works with, and no time limit of the results.",
        "age": "{what}: {age}",
        "age_days": "{days} days",
        "age_never": "never",
        "kind_unfinished": "what killed processes left",
        "kind_parts": "parts that a published result holds",
        "kind_unpublished": "parts that no result holds",
        "kind_ledger": "heartbeats of finished runs",
        "kind_logs": "logs",
        "kind_pilots": "samples and trials of pilots",
    },
    "fr": {
        "nodes_tls": "Entre les nœuds, les processus de Ray se parlaient en TLS, avec des certificats propres au job "
        "(cluster.tls).",
        "nodes_plain": "Entre les nœuds, ce que s'envoyaient les processus de Ray n'était pas chiffré "
        "(cluster.tls=false).",
        "nodes_of_starts": "Sur {all} démarrages de l'extraction\u00a0: {tls} avec TLS, {plain} sans, et {none} sur un "
        "seul nœud, ou par une version qui ne l'enregistrait pas.",
        "erased": "Le {time}, glane erase a effacé des documents de l'extraction\u00a0: {num}\u00a0; erased.json le "
        "dit, sans identifiants.",
        "none_erased": "Aucun document de l'extraction n'avait été effacé par glane erase quand cette page a été "
        "faite.",
        "retention": "Âges après lesquels glane clean remove=true supprime des fichiers d'extractions, selon le "
        "fichier du site aujourd'hui\u00a0: {ages}. Ils valent pour les fichiers de travail de "
        "glane, et ne sont pas une durée de conservation des résultats.",
        "age": "{what}\u00a0: {age}",
        "age_days": "{days} jours",
        "age_never": "jamais",
        "kind_unfinished": "ce que des processus tués ont laissé",
        "kind_parts": "parties qu'un résultat publié contient",
        "kind_unpublished": "parties qu'aucun résultat ne contient",
        "kind_ledger": "signaux de vie d'extractions finies",
        "kind_logs": "journaux",
        "kind_pilots": "échantillons et essais de pilotes",
    },
}

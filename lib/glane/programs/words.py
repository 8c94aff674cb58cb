"""What the page of tried programs says, in French and English."""

from __future__ import annotations

from glane.programs.judge import Outcome
from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Programmes traduits, essayés",
        "no_proof": (
            "L'égalité sur une table synthétique n'est pas une preuve : elle ne dit rien des cas que cette table ne "
            "contient pas. Relire chaque programme avant tout usage."
        ),
        "source": "Programmes",
        "tables": "Tables synthétiques",
        "expected": "Résultats attendus",
        "no_expected": "aucun : les programmes ont seulement été exécutés",
        "tolerance": "Tolérance relative des nombres",
        "counts": "Ce qu'il en est",
        "outcome": "résultat",
        "programs": "programmes",
        "all": "tous",
        "each": "Chaque programme",
        "each_head": "programme|résultat|détail|tables égales|cellules différentes|non traduit|étapes approchées",
        "of": "{some} sur {all}",
        "line": "ligne {line}",
        "lacking": "tables absentes : {names}",
        "returned": "tables rendues : {names}",
        "not_returned": "annoncées et non rendues : {names}",
        "not_compared": "colonnes d'un type non comparé : {names}",
        "unsteady": "deux exécutions diffèrent",
        "differences": "Différences",
        "differences_how": (
            "Tables synthétiques, et ce que les programmes contiennent eux-mêmes. Lignes numérotées à partir de 1, "
            "dans l'ordre attendu ou, si l'ordre ne compte pas, parmi les lignes sans égale, triées."
        ),
        "differences_head": (
            "table|lignes attendues|rendues|attendues sans égale|rendues sans égale|colonnes absentes|en trop|"
            "cellules différentes"
        ),
        "only_expected": "Premières lignes attendues de {table} qui n'ont pas été rendues :",
        "only_returned": "Premières lignes rendues de {table} qui n'étaient pas attendues :",
        "cells_head": "table|ligne|colonne|attendu|rendu",
        "none": "manquant",
        "confined": (
            "Chaque programme s'exécute dans un processus à lui, que le noyau confine : aucun fichier, aucun réseau, "
            "aucun autre processus, mémoire, durée et taille du résultat bornées."
        ),
    },
    "en": {
        "title": "Translated programs, tried",
        "no_proof": (
            "Equality on a synthetic table is no proof: it says nothing of the cases that this table does not hold. "
            "Read each program before any use."
        ),
        "source": "Programs",
        "tables": "Synthetic tables",
        "expected": "Expected results",
        "no_expected": "none: the programs were only run",
        "tolerance": "Relative tolerance of numbers",
        "counts": "What became of them",
        "outcome": "result",
        "programs": "programs",
        "all": "all",
        "each": "Each program",
        "each_head": "program|result|detail|tables equal|cells different|not translated|steps approximate",
        "of": "{some} of {all}",
        "line": "line {line}",
        "lacking": "tables that lack: {names}",
        "returned": "tables returned: {names}",
        "not_returned": "announced and not returned: {names}",
        "not_compared": "columns of a type that is not compared: {names}",
        "unsteady": "two runs differ",
        "differences": "Differences",
        "differences_how": (
            "Of synthetic tables, and of what programs hold themselves. Rows count from 1, in the expected order or, "
            "where order does not count, among the rows without an equal one, sorted."
        ),
        "differences_head": (
            "table|rows expected|returned|expected without an equal|returned without an equal|columns lacking|surplus|"
            "cells different"
        ),
        "only_expected": "First rows expected of {table} that were not returned:",
        "only_returned": "First rows returned of {table} that were not expected:",
        "cells_head": "table|row|column|expected|returned",
        "none": "missing",
        "confined": (
            "Each program runs in a process of its own, which the kernel confines: no file, no network, no other "
            "process, and bounds of memory, time and the size of the result."
        ),
    },
}
OUTCOME_WORDS: dict[Language, dict[Outcome, str]] = {
    "fr": {
        "equal": "égal",
        "equal_except_order": "égal, sauf l'ordre des lignes",
        "different": "différent",
        "run": "exécuté, sans résultat attendu",
        "failed": "interrompu",
        "tables_lack": "tables absentes",
        "refused": "non exécuté : refusé",
        "not_translated": "non traduit",
        "unanswered": "sans réponse lisible",
    },
    "en": {
        "equal": "equal",
        "equal_except_order": "equal, except the order of rows",
        "different": "different",
        "run": "run, without an expected result",
        "failed": "ended early",
        "tables_lack": "tables_lack",
        "refused": "not run: refused",
        "not_translated": "not_translated",
        "unanswered": "no readable answer",
    },
}
KIND_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "no_tables": "ne rend pas un dict de tables",
        "too_large": "rend trop de lignes, de tables ou d'octets",
        "timed_out": "durée dépassée",
        "out_of_memory": "mémoire épuisée",
        "died": "processus fini sans réponse, souvent faute de mémoire",
        "bad_answer": "réponse qui n'en est pas une",
        "another_error": "une erreur du programme lui-même",
        "no_python": "n'est pas du Python",
        "no_run": "ne définit pas run(tables)",
        "import": "importe autre chose que Polars et quelques modules",
        "file": "lit ou écrit un fichier",
        "name": "nomme ce dont aucune traduction n'a besoin",
        "attribute": "touche un attribut interne",
    },
    "en": {
        "no_tables": "returns no dict of tables",
        "too_large": "returns too many rows, tables or bytes",
        "timed_out": "took too long",
        "out_of_memory": "memory did not suffice",
        "died": "its process ended without an answer, most often for memory",
        "bad_answer": "an answer that is none",
        "another_error": "an error of the program's own",
        "no_python": "is no Python",
        "no_run": "does not define run(tables)",
        "import": "imports more than Polars and a few modules",
        "file": "reads or writes a file",
        "name": "names what no translation needs",
        "attribute": "touches an internal attribute",
    },
}

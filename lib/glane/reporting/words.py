"""What is said in reporting checklists and papers, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from glane.reporting.safety_words import SAFETY_WORDS
from glane.types import Language

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "language_en": "English",
        "language_fr": "French",
        "title": "Reporting checklists and papers",
        "how": "What a run and what was made of it have recorded is filled in: check it, and say in your own"
        " words what it means. The rest is for people to tell. No document was read for this page. The "
        "items are told in short: the guideline has the last word.",
        "item": "Item",
        "section": "Section",
        "asks": "To report",
        "told": "What is recorded",
        "source": "From",
        "state": "State",
        "count": "Of {all} items, recorded: {told}; recorded after a further command: {to_make}; for people to "
        "complete: {authors}. What is recorded beside the last is of help to them.",
        "state_told": "recorded",
        "state_to_make": "after a command",
        "state_authors": "to complete",
        "to_make": "To be recorded by: glane {commands}.",
        "title_section": "Title",
        "abstract_section": "Abstract",
        "introduction_section": "Introduction",
        "methods_section": "Methods",
        "results_section": "Results",
        "discussion_section": "Discussion",
        "other_section": "Other",
        "documents": "{rows} documents in {files} input file(s).",
        "grouped": "Documents with the same {column} were read as one.",
        "where": "Condition: {condition}.",
        "limit": "The first {num} of these.",
        "sample": "A random sample ({sample}, seed {seed}).",
        "earlier_runs": "Documents were chosen by what earlier runs had done.",
        "all_rows": "All documents of the files.",
        "flow": "{read} read, {selected} selected; by status: {statuses}.",
        "not_usable": "A value that the text does not tell has none, and a reason for it. Documents without a "
        "usable answer are kept with a status and a reason, and none is dropped. There are {num} of them.",
        "left_out": "Documents of the run without values, which the figure does not cover: {num}.",
        "duplicates": "{num} documents got the answer to the same prompt of another; every document counts.",
        "task": "Task {name} {version}, worded in {language}, {fields} fields. Inputs: {inputs}.",
        "fields": "Fields: {fields}.",
        "model": "{name}; weights (digest): {weights}.",
        "no_digest": "not recorded",
        "period": "The model was used from {first} to {last}.",
        "inference": "Settings: {settings}.",
        "prompt": "Instructions of task {name} {version} (in run.yaml), {examples} worked example(s); digest of"
        " the prompt: {digest}.",
        "output": "The answer is JSON, forced into the task's schema while it is decoded; it is parsed "
        "strictly, each value with the words of the text that it rests on, which are looked up there,"
        " and with a confidence where the task asks for one.",
        "derived": "Codes, dates or quantities were set beside: {fields}.",
        "versions": "Versions: {versions}; commit of glane: {commit}.",
        "compute": "{engines} engine(s) on {hosts} machine(s), {engine_hours} engine hours, {gpu_hours} GPU "
        "hours, {rate} documents a second; {prompt} tokens read, {output} written.",
        "energy": "Energy: {kwh} kWh.",
        "no_energy": "Energy was not measured.",
        "test_blind": "The model was given the columns {inputs} and the task, and no right answer. Whether "
        "documents of its training were among these is not recorded.",
        "drift": "{documents} sentinel documents were asked again; fields that drifted: {fields}.",
        "no_field": "none",
        "right_answers": "Right answers: {origin} ({num} documents).",
        "compared": "{num} documents compared, of which {failed} had no usable answer.",
        "measures_of_yes": "Sensitivity, specificity and predictive values of the model's yes, weighted by the design.",
        "measures_of_fields": "Precision, recall and F1 of the values of each field, and the share of "
        "documents without "
        "error.",
        "intervals": "Intervals of {level} %: {ways}",
        "scores": "F1 {f1}, precision {precision}, recall {recall} over all values.",
        "by_field": "F1 by field: {fields}.",
        "case": "A case: {cases}. The same definition is applied to the answers and to the reference.",
        "and": "; ",
        "of_case": "{case}: {told}",
        "two_by_two": "true positive {tp}, false positive {fp}, false negative {fn}, true negative {tn} (reviewed "
        "documents).",
        "accuracy": "sensitivity {sensitivity}, specificity {specificity}, positive predictive value {ppv}, "
        "negative predictive value {npv}.",
        "thresholds": "Values were accepted without review from a confidence on that leaves at most {alpha} % of "
        "them wrong, except with a probability of {delta} %; it was found on {documents} judged "
        "documents.",
        "by_group": "By: {columns}.",
        "readers": "{num} reviewer(s), {reviewed} documents reviewed, of which {twice} by more than one.",
        "agreement": "Krippendorff's alpha: {fields}.",
        "comparisons": "{num} runs compared on the same documents.",
        "context_section": "Context",
        "principles_section": "Principles",
        "risks_section": "Risks",
        "measures_section": "Measures",
        "decision_section": "Decision",
        "flow_section": "Flow",
        "model_section": "Model",
        "use_section": "Use",
        "evaluation_section": "Evaluation",
        "data_section": "Data",
        "to_complete": "*To complete:*",
        "columns": "The model was given the columns {inputs}; carried into the result: {carried}; a row is named "
        "by {id}.",
        "no_column": "none",
        "computed_on": "Engine {engine}, in processes of the run, on: {hosts}.",
        "weights_read": "Weights were read from a disk there; glane asked no service elsewhere for answers.",
        "guard_kernel": "When the run began, the kernel and Python refused connections of its processes to other "
        "machines.",
        "guard_python": "When the run began, Python, and not the kernel, refused connections of its processes to other "
        "machines.",
        "guard_off": "When the run began, connections of its processes to other machines were not refused: the guard "
        "was off.",
        "guard_unknown": "Whether connections of the run's processes were refused was not recorded.",
        "guard_weakest": "The run was started {num} times: this is said of the weakest guard among them.",
        "refused": "Connections that were refused and written down: {num} (glane status lists them).",
        "none_refused": "No connection was refused.",
        "allowed": "Allowed were: {hosts}.",
        **SAFETY_WORDS["en"],
        "audited": "Commands of glane wrote into the audit log {folder} who began, read and wrote what, and what was "
        "refused; glane audit checks it. What other programs read is not seen there.",
        "audited_in_part": "At {num} of the {all} starts of the run, no audit log was named.",
        "no_audit": "No audit log was named when the run was worked on: glane wrote down nowhere who reads or exports "
        "it.",
        "audit_unknown": "Whether commands were written into an audit log was not recorded.",
        "pseudonymised": "Documents were pseudonymised by rules before the model read them, which miss identifiers; "
        "replaced: {replaced}.",
        "pseudonymised_before": "Documents had been pseudonymised by glane before, as their files say, by rules that "
        "miss identifiers.",
        "not_pseudonymised": "glane did not pseudonymise the documents before the model read them, and their files do "
        "not say that they had been.",
        "dates_kept": "Dates other than of birth stayed as they were.",
        "dates_shifted": "Dates were shifted.",
        "licence": "Licence: {licence}.",
        "released": "Released {month}.",
        "not_recorded": "not recorded",
        "kept_in": "Values, quotes and carried columns are in {folder}, with the settings, the ledger and journals.",
        "owner_reads": "The files of the run were written for their owner alone to read (0600).",
        "group_reads": "The files of the run were written for their owner and the group of the folder to read (0640).",
        "core_dumps": "Processes that crash may leave their memory as a file, with texts in it.",
        "no_core_dumps": "Processes that crash leave no image of their memory.",
        "encrypted": "The Parquet files of the run, with its values and quotes, are encrypted (AES-GCM, a key of 256 "
        "bits for each file). run.yaml, pages, and exports but those to Parquet are not.",
        "not_encrypted": "The files of the run are not encrypted by glane.",
        "digests": "Recorded in run.yaml: the state of {num} input file(s), the settings, and the digest of what "
        "decides the answers ({digest}).",
        "journals": "Journals in the run directory tell counts, ids and reasons; nothing of a text.",
        "metrics_in": "Metrics go to {folder}, too.",
        "site_log": "A line for the job went to {file}.",
        "no_sign": "No sign stood beside a value.",
    },
    "fr": {
        "language_en": "anglais",
        "language_fr": "français",
        "title": "Grilles de rédaction et dossiers",
        "how": "Ce qu'une extraction et ses suites ont enregistré est rempli : vérifiez-le, et dites-en le "
        "sens avec vos mots. Le reste est à compléter. Aucun document n'a été lu pour cette page."
        " Les points sont abrégés : la recommandation fait foi.",
        "item": "Point",
        "section": "Partie",
        "asks": "À rapporter",
        "told": "Ce qui est enregistré",
        "source": "D'après",
        "state": "État",
        "count": "Sur {all} points, enregistrés\u00a0: {told}\u00a0; enregistrés après une autre commande\u00a0: "
        "{to_make}\u00a0; à compléter par des personnes\u00a0: {authors}. Ce qui est enregistré à côté de ces derniers "
        "est une aide.",
        "state_told": "enregistré",
        "state_to_make": "après une commande",
        "state_authors": "à compléter",
        "to_make": "À enregistrer par\u00a0: glane {commands}.",
        "title_section": "Titre",
        "abstract_section": "Résumé",
        "introduction_section": "Introduction",
        "methods_section": "Méthodes",
        "results_section": "Résultats",
        "discussion_section": "Discussion",
        "other_section": "Autres",
        "documents": "{rows} documents ; fichiers d'entrée : {files}.",
        "grouped": "Les documents de même {column} ont été lus comme un seul.",
        "where": "Condition : {condition}.",
        "limit": "Les {num} premiers de ceux-ci.",
        "sample": "Un échantillon aléatoire ({sample}, graine {seed}).",
        "earlier_runs": "Les documents ont été choisis selon ce que des extractions antérieures avaient fait.",
        "all_rows": "Tous les documents des fichiers.",
        "flow": "{read} lus, {selected} choisis ; par statut : {statuses}.",
        "not_usable": "Une valeur que le texte ne dit pas est absente, avec une raison. Les documents sans réponse "
        "utilisable sont gardés, avec un statut et une raison, et aucun n'est écarté. Leur nombre : {num}.",
        "left_out": "Documents de l'extraction sans valeurs, que le chiffre ne couvre pas : {num}.",
        "duplicates": "{num} document(s) ont reçu la réponse à la même question d'un autre ; chaque document compte.",
        "task": "Tâche {name} {version}, rédigée en {language}, {fields} champs. Entrées : {inputs}.",
        "fields": "Champs : {fields}.",
        "model": "{name} ; poids (empreinte) : {weights}.",
        "no_digest": "non enregistrée",
        "period": "Le modèle a été employé du {first} au {last}.",
        "inference": "Réglages : {settings}.",
        "prompt": "Consignes de la tâche {name} {version} (dans run.yaml), {examples} exemple(s) ; empreinte du"
        " prompt : {digest}.",
        "output": "La réponse est en JSON, forcée dans le schéma de la tâche pendant le décodage ; elle est lue"
        " strictement, chaque valeur avec les mots du texte sur lesquels elle repose, qui y sont "
        "recherchés, et avec une confiance si la tâche la demande.",
        "derived": "Codes, dates ou quantités mis à côté : {fields}.",
        "versions": "Versions : {versions} ; commit de glane : {commit}.",
        "compute": "{engines} moteur(s) sur {hosts} machine(s), {engine_hours} heures de moteur, {gpu_hours} "
        "heures de GPU, {rate} documents par seconde ; {prompt} jetons lus, {output} écrits.",
        "energy": "Énergie : {kwh} kWh.",
        "no_energy": "L'énergie n'a pas été mesurée.",
        "test_blind": "Le modèle a reçu les colonnes {inputs} et la tâche, et aucune réponse de référence. Si des "
        "documents de son apprentissage étaient parmi ceux-ci n'est pas enregistré.",
        "drift": "{documents} documents sentinelles ont été posés de nouveau ; champs qui ont dérivé : {fields}.",
        "no_field": "aucun",
        "right_answers": "Réponses de référence : {origin} ({num} documents).",
        "compared": "{num} documents comparés, dont {failed} sans réponse utilisable.",
        "measures_of_yes": "Sensibilité, spécificité et valeurs prédictives du oui du modèle, pondérées par le plan de "
        "sondage.",
        "measures_of_fields": "Précision, rappel et F1 des valeurs de chaque champ, et part des documents sans erreur.",
        "intervals": "Intervalles à {level} % : {ways}",
        "scores": "F1 {f1}, précision {precision}, rappel {recall} sur toutes les valeurs.",
        "by_field": "F1 par champ : {fields}.",
        "case": "Un cas : {cases}. La même définition vaut pour les réponses et pour la référence.",
        "and": "\u00a0; ",
        "of_case": "{case}\u00a0: {told}",
        "two_by_two": "vrais positifs {tp}, faux positifs {fp}, faux négatifs {fn}, vrais négatifs {tn} (documents "
        "relus).",
        "accuracy": "sensibilité {sensitivity}, spécificité {specificity}, valeur prédictive positive {ppv}, "
        "valeur prédictive négative {npv}.",
        "thresholds": "Des valeurs ont été acceptées sans relecture à partir d'une confiance qui en laisse au plus "
        "{alpha} % de fausses, sauf avec une probabilité de {delta} % ; elle a été trouvée sur "
        "{documents} documents jugés.",
        "by_group": "Par : {columns}.",
        "readers": "{num} relecteur(s), {reviewed} documents relus, dont {twice} par plusieurs.",
        "agreement": "Alpha de Krippendorff : {fields}.",
        "comparisons": "{num} extractions comparées sur les mêmes documents.",
        "context_section": "Contexte",
        "principles_section": "Principes",
        "risks_section": "Risques",
        "measures_section": "Mesures",
        "decision_section": "Décision",
        "flow_section": "Flux",
        "model_section": "Modèle",
        "use_section": "Usage",
        "evaluation_section": "Évaluation",
        "data_section": "Données",
        "to_complete": "*À compléter\u00a0:*",
        "columns": "Le modèle a reçu les colonnes {inputs}\u00a0; emportées dans le résultat\u00a0: "
        "{carried}\u00a0; une ligne est nommée par {id}.",
        "no_column": "aucune",
        "computed_on": "Moteur {engine}, dans des processus de l'extraction, sur\u00a0: {hosts}.",
        "weights_read": "Les poids y ont été lus sur un disque\u00a0; glane n'a demandé de réponses à aucun service "
        "ailleurs.",
        "guard_kernel": "Au début de l'extraction, le noyau et Python refusaient les connexions de ses processus vers "
        "d'autres machines.",
        "guard_python": "Au début de l'extraction, Python, et non le noyau, refusait les connexions de ses processus "
        "vers d'autres machines.",
        "guard_off": "Au début de l'extraction, les connexions de ses processus vers d'autres machines n'étaient pas "
        "refusées\u00a0: le contrôle était désactivé.",
        "guard_unknown": "Il n'a pas été enregistré si les connexions des processus de l'extraction étaient refusées.",
        "guard_weakest": "L'extraction a été démarrée {num} fois\u00a0: ceci vaut pour le contrôle le plus faible.",
        "refused": "Connexions refusées et consignées\u00a0: {num} (glane status les énumère).",
        "none_refused": "Aucune connexion n'a été refusée.",
        "allowed": "Étaient permises\u00a0: {hosts}.",
        **SAFETY_WORDS["fr"],
        "audited": "Les commandes de glane ont consigné dans le journal d'audit {folder} qui a commencé, lu et écrit "
        "quoi, et ce qui a été refusé\u00a0; glane audit le vérifie. Ce que d'autres programmes lisent n'y est pas vu.",
        "audited_in_part": "Lors de {num} des {all} démarrages de l'extraction, aucun journal d'audit n'était nommé.",
        "no_audit": "Aucun journal d'audit n'était nommé pendant l'extraction\u00a0: glane n'a consigné nulle part qui "
        "la lit ou l'exporte.",
        "audit_unknown": "Il n'a pas été enregistré si les commandes étaient consignées dans un journal d'audit.",
        "pseudonymised": "Les documents ont été pseudonymisés par des règles avant que le modèle ne les lise\u00a0; "
        "elles laissent passer des identifiants. Remplacements\u00a0: {replaced}.",
        "pseudonymised_before": "Les documents avaient été pseudonymisés auparavant par glane, comme leurs fichiers le "
        "disent, par des règles qui laissent passer des identifiants.",
        "not_pseudonymised": "glane n'a pas pseudonymisé les documents avant que le modèle ne les lise, et leurs "
        "fichiers ne disent pas qu'ils l'avaient été.",
        "dates_kept": "Les dates autres que de naissance sont restées telles quelles.",
        "dates_shifted": "Les dates ont été décalées.",
        "licence": "Licence\u00a0: {licence}.",
        "released": "Paru en {month}.",
        "not_recorded": "non enregistrée",
        "kept_in": "Valeurs, citations et colonnes emportées sont dans {folder}, avec les réglages, le registre "
        "des lots et les journaux.",
        "owner_reads": "Les fichiers de l'extraction ont été écrits lisibles par leur seul propriétaire (0600).",
        "group_reads": "Les fichiers de l'extraction ont été écrits lisibles par leur propriétaire et le groupe du "
        "dossier (0640).",
        "core_dumps": "Un processus qui s'arrête brutalement peut laisser l'image de sa mémoire dans un fichier, avec "
        "des textes.",
        "no_core_dumps": "Un processus qui s'arrête brutalement ne laisse pas d'image de sa mémoire.",
        "encrypted": "Les fichiers Parquet de l'extraction, avec ses valeurs et ses citations, sont chiffrés (AES-GCM, "
        "une clé de 256 bits par fichier). run.yaml, les pages et les exports autres que Parquet ne le sont pas.",
        "not_encrypted": "Les fichiers de l'extraction ne sont pas chiffrés par glane.",
        "digests": "Enregistrés dans run.yaml\u00a0: l'état des fichiers d'entrée ({num}), les réglages, et "
        "l'empreinte de ce qui décide des réponses ({digest}).",
        "journals": "Les journaux du dossier de l'extraction disent des comptes, des identifiants et des "
        "raisons\u00a0; rien d'un texte.",
        "metrics_in": "Des mesures vont aussi dans {folder}.",
        "site_log": "Une ligne pour le travail est allée dans {file}.",
        "no_sign": "Aucun signe n'accompagnait une valeur.",
    },
}

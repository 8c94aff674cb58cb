"""What the page of an estimate says, in French and English."""

from __future__ import annotations

from glane.types import Language

WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Estimation corrigée",
        "prevalence": "Part des documents où {field} = {value}",
        "count": "Nombre de documents où {field} = {value}",
        "mean": "Moyenne de {field} parmi les documents qui l'indiquent",
        "linear": "Coefficients de la régression linéaire de {field} sur {covariates}",
        "logistic": (
            "Coefficients (logarithmes de rapports de cotes) de la régression logistique de {field} = {value} sur"
            " {covariates}"
        ),
        "case_prevalence": "Part des documents qui sont des cas : {case}",
        "case_count": "Nombre de documents qui sont des cas : {case}",
        "validation": "Le oui du modèle, face à la relecture",
        "validation_counts": "documents relus|oui à la relecture|non à la relecture",
        "validation_head": "mesure|valeur|documents",
        "validation_intervals": (
            "Entre crochets, intervalles de confiance à {level} % : ceux de Wilson, à l'effectif efficace si les poids "
            "diffèrent, comme dans une évaluation ; d'une relecture par strates, des tirages dans chaque strate (loi "
            "de Dirichlet) et, des valeurs prédictives, les intervalles de Jeffreys des strates mis ensemble ; des "
            "rapports de vraisemblance, des tirages. Des grappes les élargissent autant que celui de la valeur estimée."
        ),
        "plan": "Combien de documents relire pour ± {half_width}",
        "plan_head": "groupe|avec les réponses du modèle|sans elles|documents",
        "plan_how": (
            "Documents relus en tout, ceux qui le sont déjà compris, tirés comme eux. « trop » : plus qu'il n'y en a, "
            "ou que cette relecture ne permet de le dire."
        ),
        "too_many": "trop",
        "rounded": "Les nombres sont arrondis : leur somme peut s'écarter un peu du total écrit.",
        "unit_prevalence": " points de pourcentage",
        "unit_count": " documents",
        "unit_mean": "",
        "unit_linear": "",
        "unit_logistic": "",
        "said_yes": "le modèle dit oui",
        "said_no": "le modèle dit non",
        "sensitivity": "Sensibilité",
        "ppv": "Valeur prédictive positive",
        "specificity": "Spécificité",
        "npv": "Valeur prédictive négative",
        "lr_positive": "Rapport de vraisemblance positif",
        "lr_negative": "Rapport de vraisemblance négatif",
        "case_nulls": "Un document auquel manque une valeur que la définition demande n'est pas un cas.",
        "by": ", par « {by} »",
        "run": "Extraction",
        "gold": "Documents relus",
        "interval_of": "intervalle de confiance à {level} %",
        "model_says": "Le modèle seul dit {model}.",
        "none": "La relecture ne permet pas d'estimer.",
        "reviewed_of": "{reviewed} document(s) relu(s) sur {run}.",
        "head": (
            "groupe|corrigé|intervalle|modèle seul|documents|relus|valable pour tous les groupes à la fois|remarques"
        ),
        "head_terms": "terme|corrigé|intervalle|modèle seul|documents|relus|remarques",
        "all": "ensemble",
        "same_text": "textes identiques",
        "no_value": "(sans valeur)",
        "no_document": "aucun document",
        "no_estimate": "pas d'estimation possible ici",
        "failed": "{failed} documents sans réponse : {no} si aucun n'en était, {yes} si tous en étaient",
        "chart": (
            "Traits gris : le modèle seul. Points : corrigé, avec l'intervalle de chaque groupe. Zone claire : ce"
            " qui vaut pour tous les groupes à la fois."
        ),
        "how": "Comment",
        "pooled": (
            "Les taux d'erreur du modèle sont partagés entre les groupes ; ce que la relecture d'un groupe dit de"
            " plus est pris en compte d'autant plus qu'elle est fournie ; le tout est ramené au total, si bien "
            "que les groupes s'additionnent."
        ),
        "ppi": (
            "Les réponses du modèle sur tous les documents, corrigées par ceux qui ont été relus (inférence assistée "
            "par prédiction, Angelopoulos et al. 2023). De parts, l'intervalle est fait de ceux de Jeffreys parmi "
            "les oui et parmi les non du modèle (MOVER, Zou, Huang et Zhang 2009) ; de moyennes et de coefficients, il "
            "est normal."
        ),
        "transported": (
            "Les réponses du modèle, corrigées par les taux d'erreur d'une relecture antérieure : juste seulement"
            " si le modèle se trompe ici comme alors."
        ),
        "rogan_gladen": (
            "La part donnée par le modèle, corrigée par sa sensibilité et sa spécificité (Rogan et Gladen ; intervalle "
            "de Lang et Reiczigel)."
        ),
        "gold_only": (
            "Les documents relus seuls ; d'une part, l'intervalle est celui de Wilson, ou de strates, de Jeffreys mis "
            "ensemble."
        ),
        "alike": "Le modèle se trompe-t-il de même dans tous les groupes ? p = {p} (grand : rien ne le contredit).",
        "differ": (
            "Le modèle ne se trompe sans doute pas de même dans tous les groupes (p = {p}) : regardez-les un par un."
        ),
        "clusters": (
            "L'intervalle tient compte de {clusters} grappes ({columns}) ; elles multiplient la variance par {effect}."
        ),
        "all_reviewed": "Tous les documents ont été relus : pour eux, la valeur est connue.",
        "of_run": "La valeur estimée est celle des documents de l'extraction eux-mêmes.",
        "of_process": "La valeur estimée est celle de ce dont ces documents sont un échantillon.",
        "nulls": "Un document où le champ est vide compte comme n'étant pas {value}.",
        "assumes": (
            "Ce que cela suppose : que les documents relus ont été tirés au hasard de l'extraction, comme le "
            "disent leurs poids, et que les relecteurs ne se trompent pas."
        ),
        "reviewers_err": "S'ils se trompaient dans un document sur cent, la valeur serait entre {low} et {high}.",
        "many": "Les {shown} premières lignes sur {all} ; estimates.parquet les contient toutes.",
        "validation_left_out": "{num} groupes ne sont pas dans ce tableau : aucun de leurs documents n'a été relu.",
        "validation_by_group": (
            "groupe|sensibilité|oui vrais|VPP|oui du modèle|spécificité|non vrais|VPN|non du modèle"
        ),
    },
    "en": {
        "title": "Corrected estimate",
        "prevalence": "Share of documents with {field} = {value}",
        "count": "Number of documents with {field} = {value}",
        "mean": "Mean of {field} over the documents that state it",
        "linear": "Coefficients of the linear regression of {field} on {covariates}",
        "logistic": "Coefficients (log odds ratios) of the logistic regression of {field} = {value} on {covariates}",
        "case_prevalence": "Share of documents that are a case: {case}",
        "case_count": "Number of documents that are a case: {case}",
        "validation": "The model's yes, against the review",
        "validation_counts": "reviewed documents|yes by the review|no by the review",
        "validation_head": "measure|value|documents",
        "validation_intervals": (
            "In brackets, {level} % confidence intervals: Wilson's, at the effective number of documents where weights "
            "differ, as in an evaluation; of a review by strata, draws in each stratum (Dirichlet) and, of predictive "
            "values, Jeffreys' intervals of the strata put together; of likelihood ratios, draws. Clusters make them "
            "as many times wider as that of the estimate."
        ),
        "plan": "How many documents to review for ± {half_width}",
        "plan_head": "group|with the model's answers|without them|documents",
        "plan_how": (
            "Documents reviewed in all, those that are reviewed already among them, drawn as they were. “too many”: "
            "more than there are, or than this review can tell."
        ),
        "too_many": "too many",
        "rounded": "Numbers are rounded: their sum may differ a little from the total that is written.",
        "unit_prevalence": " percentage points",
        "unit_count": " documents",
        "unit_mean": "",
        "unit_linear": "",
        "unit_logistic": "",
        "said_yes": "the model says yes",
        "said_no": "the model says no",
        "sensitivity": "Sensitivity",
        "ppv": "Positive predictive value",
        "specificity": "Specificity",
        "npv": "Negative predictive value",
        "lr_positive": "Positive likelihood ratio",
        "lr_negative": "Negative likelihood ratio",
        "case_nulls": "A document that lacks a value which the case definition needs is no case.",
        "by": ", by “{by}”",
        "run": "Run",
        "gold": "Reviewed documents",
        "interval_of": "{level} % confidence interval",
        "model_says": "The model alone says {model}.",
        "none": "The review does not allow an estimate.",
        "reviewed_of": "{reviewed} of {run} documents were reviewed.",
        "head": "group|corrected|interval|model alone|documents|reviewed|holds for all groups at once|notes",
        "head_terms": "term|corrected|interval|model alone|documents|reviewed|notes",
        "all": "all",
        "same_text": "identical texts",
        "no_value": "(no value)",
        "no_document": "no document",
        "no_estimate": "no estimate is possible here",
        "failed": "{failed} documents without an answer: {no} if none of them were, {yes} if all were",
        "chart": (
            "Grey lines: the model alone. Points: corrected, with the interval of each group. Light area: what "
            "holds for all groups at once."
        ),
        "how": "How",
        "pooled": (
            "The model's error rates are shared over the groups; what the review of a group says beyond counts "
            "the more the larger it is; all is scaled to the total, so that the groups add up."
        ),
        "ppi": (
            "The model's answers on all documents, corrected by those that were reviewed (prediction-powered "
            "inference). Of shares, the interval is put together from Jeffreys' among the model's yes and among its no "
            "(MOVER, Zou, Huang and Zhang 2009); of means and coefficients, it is a normal one."
        ),
        "transported": (
            "The model's answers, corrected by the error rates of an earlier review: right only if the model errs"
            " here as it did then."
        ),
        "rogan_gladen": (
            "The model's share, corrected by its sensitivity and specificity (Rogan and Gladen; interval of Lang and "
            "Reiczigel)."
        ),
        "gold_only": (
            "The reviewed documents alone; of a share, the interval is Wilson's, or of strata, Jeffreys' put together."
        ),
        "alike": "Does the model err alike in all groups? p = {p} (large: nothing speaks against it).",
        "differ": "The model probably does not err alike in all groups (p = {p}): look at them one by one.",
        "clusters": "The interval follows {clusters} clusters ({columns}); they multiply the variance by {effect}.",
        "all_reviewed": "All documents were reviewed: of these, the figure is known.",
        "of_run": "The figure is that of the run's documents themselves.",
        "of_process": "The figure is that of what these documents are a sample of.",
        "nulls": "A document without a value counts as one that is not {value}.",
        "assumes": (
            "What it assumes: that the reviewed documents were drawn at random from the run, as their weights "
            "say, and that reviewers make no errors."
        ),
        "reviewers_err": "If they were wrong in one document of a hundred, it would be between {low} and {high}.",
        "many": "The first {shown} lines of {all}; estimates.parquet has all of them.",
        "validation_left_out": "{num} groups are not in this table: none of their documents was reviewed.",
        "validation_by_group": "group|sensitivity|true yes|PPV|model's yes|specificity|true no|NPV|model's no",
    },
}

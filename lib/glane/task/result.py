"""The columns that every result has in addition to the task's own: type, content and description.

This table is the only place that names them. The reserved names, the columns of a part file and the codebook are
derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from glane.types import Extraction, Language

_CATEGORY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    """One column. `read` gives its value for a document."""

    name: str
    type: pa.DataType
    read: Callable[[Extraction, bytes | None], object]  # the bytes: a digest of what the document says
    words: Mapping[Language, str]


RESULT_COLUMNS: tuple[ResultColumn, ...] = (
    ResultColumn(
        name="status",
        type=_CATEGORY,
        read=lambda row, _: str(row.status),
        words={
            "fr": "Ce que le document est devenu ; seul OK a des valeurs.",
            "en": "What became of the document; only OK has values.",
        },
    ),
    ResultColumn(
        name="reason",
        type=pa.string(),
        read=lambda row, _: row.reason,
        words={
            "fr": "Pourquoi il n'y a pas de valeurs, sans texte du document.",
            "en": "Why there are no values, without text of the document.",
        },
    ),
    ResultColumn(
        name="finish_reason",
        type=_CATEGORY,
        read=lambda row, _: row.finish_reason,
        words={
            "fr": "Comment la dernière réponse du modèle a fini.",
            "en": "How the model's last answer ended.",
        },
    ),
    ResultColumn(
        name="prompt_tokens",
        type=pa.int32(),
        read=lambda row, _: row.num_prompt_tokens,
        words={
            "fr": "Jetons lus pour ce document ; d'un texte identique dont la réponse a servi, ceux de cette réponse.",
            "en": "Tokens read for this document; where the answer to an identical text served, those of that answer.",
        },
    ),
    ResultColumn(
        name="output_tokens",
        type=pa.int32(),
        read=lambda row, _: row.num_output_tokens,
        words={"fr": "Jetons écrits pour ce document.", "en": "Tokens written for this document."},
    ),
    ResultColumn(
        name="duplicate",
        type=pa.bool_(),
        read=lambda _, digest: digest,  # in a part; published is whether an earlier row has the same
        words={
            "fr": "Le texte est identique à celui d'un document qui précède parmi les lignes retenues (avec les autres "
            "colonnes que la tâche montre).",
            "en": "The text is identical to that of an earlier document among the selected rows (with the other "
            "columns that the task shows).",
        },
    ),
    ResultColumn(
        name="chunks",
        type=pa.int32(),
        read=lambda row, _: row.num_chunks,
        words={
            "fr": "Nombre de morceaux dans lesquels le document a été lu.",
            "en": "Number of chunks in which the document was read.",
        },
    ),
    ResultColumn(
        name="repairs",
        type=pa.int32(),
        read=lambda row, _: row.num_repairs,
        words={
            "fr": "Nombre de réponses inutilisables qui ont été redemandées.",
            "en": "Number of answers that could not be used and were asked again.",
        },
    ),
    ResultColumn(
        name="broken_rules",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.broken_rules,
        words={
            "fr": "Règles entre champs que la réponse enfreint, même redemandée : à vérifier.",
            "en": "Rules between fields that the answer breaks, even asked again: to be checked.",
        },
    ),
    ResultColumn(
        name="leaked_from_example",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.leaked,
        words={
            "fr": "Champs dont la valeur est celle d'un exemple, et que la citation ou le document ne montre pas.",
            "en": "Fields whose value is an example's, and which the quote or the document does not show.",
        },
    ),
    ResultColumn(
        name="not_in_quote",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.not_in_quote,
        words={
            "fr": "Champs dont une valeur ne se lit pas dans sa propre citation : à vérifier.",
            "en": "Fields with a value that cannot be read in its own quote: to be checked.",
        },
    ),
    ResultColumn(
        name="forced_quote",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.forced_quote,
        words={
            "fr": "Champs pour lesquels le modèle voulait citer ce qui n'est pas dans le texte (quote_mass sous "
            "0,01) : à vérifier.",
            "en": "Fields for which the model wanted to quote what is not in the text (quote_mass below 0.01): to be "
            "checked.",
        },
    ),
    ResultColumn(
        name="recalled",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.recalled,
        words={
            "fr": "Ce que seule une relecture a trouvé (events[2] : un élément ; events[0].cases : une valeur d'un "
            "élément déjà connu).",
            "en": "What only a recall pass found (events[2]: an item; events[0].cases: a value of a known item).",
        },
    ),
    ResultColumn(
        name="recalled_without_passage",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.recalled_without_passage,
        words={
            "fr": "Éléments que seule une relecture a trouvés, sans passage à eux dans le texte : à vérifier.",
            "en": "Items that only a recall pass found, without a passage of their own in the text: to be checked.",
        },
    ),
    ResultColumn(
        name="suspicious",
        type=pa.list_(pa.string()),
        read=lambda row, _: row.suspicious,
        words={
            "fr": "En quoi le texte parle à un modèle (turns : marques de conversation, answer : réponse toute faite, "
            "orders : consignes) : à vérifier.",
            "en": "How the text speaks to a model (turns: marks of a conversation, answer: an answer ready made, "
            "orders: instructions): to be checked.",
        },
    ),
)

# In the result of a run that extends another, after the others.
REUSED = ResultColumn(
    name="reused",
    type=pa.bool_(),
    read=lambda row, _: row.reused,
    words={
        "fr": "Les champs repris d'une extraction antérieure (data.extend) en ont les valeurs ; sinon tout a été "
        "demandé ici.",
        "en": "The fields that are kept of an earlier run (data.extend) have its values; else all was asked here.",
    },
)


def reserved_names() -> frozenset[str]:
    """The names that neither a field nor a column kept from the input can have."""
    return frozenset(column.name for column in (*RESULT_COLUMNS, REUSED))

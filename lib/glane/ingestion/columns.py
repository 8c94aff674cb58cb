"""The columns of the run's rows, one a file, and of the data set's, one a document."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from glane.ingestion.inventory import FILE
from glane.run.description import ColumnEntry
from glane.types import DOCUMENTS, Language

_PAGE = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("is_scanned", pa.bool_())])
_PAGE_BY_MODEL = pa.struct([("page", pa.int32()), ("start", pa.int32()), ("end", pa.int32())])
_FAILED = pa.struct([("page", pa.int32()), ("reason", pa.string())])
_BY_MODEL = pa.struct(
    [("model", pa.string()), ("read", pa.list_(_PAGE_BY_MODEL)), ("failed", pa.list_(_FAILED))]
)  # fmt: skip
_METADATA = pa.map_(pa.string(), pa.string())
OFTEN = ("title", "author", "created")  # of the metadata: columns of their own


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data set, with what it holds in both languages."""

    name: str
    type: pa.DataType
    en: str
    fr: str

    def words(self, language: Language) -> str:
        """What it holds."""
        return self.fr if language == "fr" else self.en


_ID = Column(
    "id", pa.string(),
    "the first 24 digits of sha256, where that is of this document alone; of the same content again with -2, -3 … "
    "behind it, in the order of the paths",
    "les 24 premiers chiffres de sha256, s'il est de ce seul document ; le même contenu rencontré de nouveau porte "
    "-2, -3… à la suite, dans l'ordre des chemins",
)  # fmt: skip
OF_A_DOCUMENT = (
    Column(
        "part", pa.string(),
        "where in its file: empty for the file itself, else number and name of the attachment or member",
        "où dans son fichier : vide pour le fichier lui-même, sinon numéro et nom de la pièce jointe ou du membre",
    ),
    Column("outcome", pa.string(), "OK, or why the text is not all of it", "OK, ou pourquoi le texte n'est pas entier"),
    Column("reason", pa.string(), "why, in a sentence", "pourquoi, en une phrase"),
    Column("media_type", pa.string(), "the kind of file, as its content says", "le type de fichier, vu son contenu"),
    Column("text", pa.large_string(), "the text; null where there is none", "le texte ; absent s'il n'y en a pas"),
    Column(
        "pages", pa.list_(_PAGE),
        "of each page, sheet or slide: where it starts and ends in the text, in code points, and whether it is scanned",
        "de chaque page, feuille ou diapositive : début et fin dans le texte (points de code), si elle est numérisée",
    ),
    Column(
        "ocr", _BY_MODEL,
        "which model was given pages that are pictures; read: the numbers of those that it read, from 1, and where in "
        "the text what it wrote starts and ends; failed: the others, and why. Null where no page was given to one",
        "le modèle qui a reçu les pages qui sont des images ; read : le numéro de celles qu'il a lues, dès 1, avec "
        "début et fin dans le texte de ce qu'il a écrit ; failed : les autres, et pourquoi. Absent si aucune page n'a "
        "été donnée à un modèle",
    ),
    Column(
        "language", pa.string(),
        "ISO 639-1, as guessed of the first 20,000 characters; null where the text is short or the guess unsure",
        "ISO 639-1, devinée sur les 20 000 premiers caractères ; absente si le texte est court ou la langue incertaine",
    ),
    Column(
        "sha256", pa.string(),
        "of the bytes of the file or the attachment; null where they could not be read",
        "des octets du fichier ou de la pièce jointe ; absent s'ils n'ont pas pu être lus",
    ),
    Column("encoding", pa.string(), "of a plain text, as guessed or told by itself", "d'un texte brut, deviné ou dit"),
    *(
        Column(name, pa.string(), f"{name}, as the file's metadata say", f"{name}, d'après les métadonnées du fichier")
        for name in OFTEN
    ),
    Column("metadata", _METADATA, "all metadata, by name", "toutes les métadonnées, par nom"),
)  # fmt: skip
"""What the parser and the worker say of each document."""

OF_A_FILE = (
    Column("source", pa.string(), "the folder that was read", "le dossier lu"),
    Column("path", pa.string(), "the file, below source", "le fichier, sous source"),
    Column("bytes", pa.int64(), "its size when it was listed", "sa taille au moment de l'inventaire"),
    Column(
        "modified", pa.timestamp("us", tz="UTC"),
        "when it was changed last, before it was listed", "sa dernière modification, avant l'inventaire",
    ),
)  # fmt: skip

_LINKS = (
    Column(
        "duplicate_of", pa.string(),
        "the id of the first document with the same bytes", "l'id du premier document aux mêmes octets",
    ),
    Column(
        "near_duplicate_of", pa.string(),
        "the id of the first document with nearly the same text, see near_duplicates",
        "l'id du premier document au texte presque identique, voir near_duplicates",
    ),
)  # fmt: skip

DATA_SET = (_ID, *OF_A_FILE, *OF_A_DOCUMENT, *_LINKS)
"""The columns of the data set, in their order."""

KEY, SIGNATURE = "key", "signature"  # what ids and near duplicates are found by, until the data set is written
_NESTED = pa.struct(
    [(KEY, pa.binary(12)), (SIGNATURE, pa.binary()), *((column.name, column.type) for column in OF_A_DOCUMENT)]
)
_DOCUMENTS = pa.field(DOCUMENTS, pa.list_(_NESTED))
ROWS = pa.schema(
    [
        pa.field(FILE, pa.int64()),
        *((column.name, column.type) for column in OF_A_FILE),
        pa.field("status", pa.string()),
        pa.field("outcome", pa.string()),
        pa.field("num_documents", pa.int32()),
        _DOCUMENTS,
    ]
)
"""The rows of the run while it goes on: of each file its documents. Published without these."""


def run_codebook() -> tuple[ColumnEntry, ...]:
    """The columns of the run's published rows, in words."""
    own = [
        ("status", "usable as OK, EMPTY, or neither: INVALID as it is, REJECTED by a limit"),
        ("outcome", "of the file itself"),
        ("num_documents", "of the file, attachments and members included"),
    ]
    told = [(FILE, "number of the file, from 0"), *((column.name, column.en) for column in OF_A_FILE), *own]
    return tuple(
        ColumnEntry(column=name, role="result", type=str(ROWS.field(name).type), description=words)
        for name, words in told
    )

"""The file that the review page saves: what reviewers decided."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field as Key
from pydantic import JsonValue, ValidationError, model_validator

from glane.errors import DataError, RecordError, told
from glane.plain_values import json_values
from glane.records import Record, check_kind, left_out
from glane.regular import content_of
from glane.types import Missing
from glane.validation import Strict

_REMEDY = (
    "Decide on review.html, which saves such a file; review.csv beside it is a list to look at, and nothing reads it."
)


class Decision(Strict):
    """What a reviewer says of one field."""

    decision: str = Key(pattern="^(accepted|corrected|given|missing)$")  # given: the page showed no answer
    answer: JsonValue = None  # corrected or given: the JSON form of an answer, without quotes
    reason: Missing | None = None  # of a field without value
    in_bulk: bool | None = None  # accepted together with all that was left of its document

    @model_validator(mode="after")
    def _whole(self) -> Decision:
        if (self.decision == "missing") != (self.reason is not None):
            raise ValueError("a reason stands with the decision missing, and only there")
        if self.in_bulk and self.decision != "accepted":
            raise ValueError("in_bulk stands with the decision accepted, and only there")
        return self


class ReviewedDocument(Strict):
    """One document, and what was decided about its fields. A page says nothing of how a blind one was drawn."""

    id: str
    inclusion_probability: float | None = Key(default=None, gt=0, le=1)
    stratum: str | None = None
    shown: str | None = None  # `glane.assess.review.data.shown_digest`; None of a blind one, or of an earlier page
    fields: Mapping[str, Decision]


class Corrections(Record):
    """The file that the review page saves."""

    kind: Literal["glane corrections"] = "glane corrections"
    version: Literal[1] = 1
    run: str
    page: str
    task: str
    reviewer: str = Key(min_length=1)
    saved: str
    fields: tuple[str, ...] = Key(min_length=1)
    sampled: int = Key(ge=1)
    adjudicates: str | None = left_out()  # of an adjudicator: which readings; None of a reader
    documents: tuple[ReviewedDocument, ...]


def _shown(part: str | int) -> str:
    """A part of a place in the file. The keys of its mappings may be anything."""
    return str(part) if isinstance(part, int) or part.isidentifier() else told(part)


def read_corrections(path: str | Path, *, run: str) -> Corrections:
    """Read a file that the review page saved.

    Args:
        path: of the file.
        run: the digest of the run's fingerprint.

    Raises:
        DataError: if there is no such file, it holds no corrections, or they are those of another run.
    """
    try:
        values = check_kind(Corrections, json_values(content_of(Path(path))), place=path)
        found = Corrections.model_validate(values)  # its errors can be told without what a reviewer wrote
    except OSError as error:
        raise DataError(f"corrections: {path}: {error.strerror or 'cannot be read'}.") from None
    except RecordError as error:
        raise DataError(f"{error} It is not a file that the review page saved.") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(_shown(part) for part in first["loc"]) or "file"
        raise DataError(f"{path}: not a file that the review page saved: {place}: {first['msg']}.") from None
    except UnicodeDecodeError:
        raise DataError(
            f"{path}: its letters are not UTF-8, in which the review page saves. Another program wrote it again in its "
            "own encoding: give the file as it was saved, or convert it."
        ) from None
    except ValueError:
        raise DataError(f"{path}: not a file that the review page saved: not JSON. {_REMEDY}") from None
    if found.run != run:
        raise DataError(
            f"{path}: these corrections belong to another run than this one (fingerprint {run[:12]}…). "
            "Give the run.dir that the review page was made from."
        )
    if len({document.id for document in found.documents}) < len(found.documents):
        raise DataError(f"{path}: a document stands twice in this file.")
    return found

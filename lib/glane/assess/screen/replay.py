"""A screening from its beginning: the batches that were drawn, as they were drawn, and the one that is next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from glane.assess.screen.certificate import Certificate, How
from glane.assess.screen.policy import next_how
from glane.assess.screen.ranking import DRAW, RANK
from glane.assess.screen.record import BatchState
from glane.errors import DataError

Answers = Mapping[str, bool]  # by document (ids as text): whether it is a case
_ORDERS: Mapping[How, str] = {"ranked": RANK, "random": DRAW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A batch whose page was written: how it was drawn, of how many documents, and which of them its sample has."""

    how: How
    num: int
    ids: frozenset[str] | None  # None where the sample is not written yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Documents to read next."""

    number: int
    how: How
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How far a screening is. `pending` is None once the recall is reached."""

    certificate: Certificate
    done: tuple[BatchState, ...]
    answers: Answers
    pending: Batch | None


def replay(
    order: pl.DataFrame, *, id_column: str, recall: float, certainty: float, rows: int,
    answers_of: Callable[[Batch], Answers | None], written: Sequence[Written] = (),
) -> Replayed:  # fmt: skip
    """Go through the batches that were read, to the first that was not.

    Batches that are written stay as they were drawn, whatever today's rule of thumb would draw. Only what comes after
    them is drawn by it.

    Args:
        order: As `glane.assess.screen.ranking.ranked` makes it.
        id_column: Of it.
        recall: To reach.
        certainty: With which.
        rows: Documents of a batch; fewer where fewer are needed.
        answers_of: The answers of a batch, one for each of its documents; None if it was not read yet.
        written: The batches that are written, from the first on.

    Raises:
        DataError: if a batch that is written has other documents than those that were next.
    """
    certificate = Certificate(num_documents=order.height, recall=recall, certainty=certainty)
    places = {how: order.sort(name)[id_column].cast(pl.String).to_list() for how, name in _ORDERS.items()}
    reading = _Reading(certificate=certificate, places=places)
    for one in written:
        if not reading.go_on(reading.as_written(one), answers_of):
            return reading.replayed()
    while not certificate.is_reached:
        how = next_how(reading.done, certificate, rows=rows)
        num = rows if how == "ranked" else certificate.still_to_draw(rows)
        if not reading.go_on(reading.next_of(how, num), answers_of):
            break
    return reading.replayed()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What was read so far."""

    certificate: Certificate
    places: dict[How, list[str]]  # the unread documents in both orders
    done: list[BatchState] = field(default_factory=list)
    found: dict[str, bool] = field(default_factory=dict)
    pending: Batch | None = None

    def next_of(self, how: How, num: int) -> Batch:
        """The next unread documents of an order."""
        self.places[how] = [name for name in self.places[how] if name not in self.found]
        return Batch(number=len(self.done) + 1, how=how, ids=tuple(self.places[how][:num]))

    def as_written(self, written: Written) -> Batch:
        batch = self.next_of(written.how, written.num)
        if len(batch.ids) < written.num or written.ids not in (None, set(batch.ids)):
            raise DataError(
                f"out.dir: batch {batch.number} has other documents than were next after what was read before. Its "
                "batch.json or sample.parquet, or those of a batch before it, were changed or are of another "
                "screening: restore them, or begin in another out.dir."
            )
        return batch

    def go_on(self, batch: Batch, answers_of: Callable[[Batch], Answers | None]) -> bool:
        """Count a batch; False if it was not read yet."""
        answers = answers_of(batch)
        if answers is None:
            self.pending = batch
            return False
        read, cases = len(batch.ids), sum(answers[name] for name in batch.ids)
        self.certificate.count(batch.how, read, cases)
        self.found |= {name: answers[name] for name in batch.ids}
        self.done.append(
            BatchState(
                number=batch.number,
                how=batch.how,
                read=read,
                cases=cases,
                most_cases=self.certificate.most_cases,
                recall_at_least=self.certificate.recall_at_least,
            )
        )
        return True

    def replayed(self) -> Replayed:
        return Replayed(
            certificate=self.certificate,
            done=tuple(self.done),
            answers=self.found,
            pending=None if self.certificate.is_reached else self.pending,
        )

"""A screening from its beginning: which documents each batch has, as the answers before it decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from glane.assess.screen.certificate import Certificate, How
from glane.assess.screen.policy import Read, next_how
from glane.assess.screen.ranking import DRAW, RANK
from glane.assess.screen.record import BatchState

Answers = Mapping[str, bool]  # by document (ids as text): whether it is a case


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
    answers_of: Callable[[Batch], Answers | None],
) -> Replayed:  # fmt: skip
    """Go through the batches that were read, to the first that was not.

    Args:
        order: As `glane.assess.screen.ranking.ranked` makes it.
        id_column: Of it.
        recall: To reach.
        certainty: With which.
        rows: Documents of a batch; fewer where fewer are needed.
        answers_of: The answers of a batch, one for each of its documents; None if it was not read yet.
    """
    certificate = Certificate(num_documents=order.height, recall=recall, certainty=certainty)
    places = {how: order.sort(name)[id_column].cast(pl.String).to_list() for how, name in _ORDERS.items()}
    reads: list[Read] = []
    done: list[BatchState] = []
    found: dict[str, bool] = {}
    while not certificate.is_reached:
        how = next_how(reads, certificate, rows=rows)
        wanted = rows if how == "ranked" else certificate.still_to_draw(rows)
        places[how] = [name for name in places[how] if name not in found]
        batch = Batch(number=len(done) + 1, how=how, ids=tuple(places[how][:wanted]))
        answers = answers_of(batch)
        if answers is None:
            return Replayed(certificate=certificate, done=tuple(done), answers=found, pending=batch)
        read = Read(how=how, num=len(batch.ids), cases=sum(answers[name] for name in batch.ids))
        certificate.count(how, read.num, read.cases)
        found |= {name: answers[name] for name in batch.ids}
        reads.append(read)
        done.append(
            BatchState(
                number=batch.number,
                how=how,
                read=read.num,
                cases=read.cases,
                most_cases=certificate.most_cases,
                recall_at_least=certificate.recall_at_least,
            )
        )
    return Replayed(certificate=certificate, done=tuple(done), answers=found, pending=None)


_ORDERS: Mapping[How, str] = {"ranked": RANK, "random": DRAW}

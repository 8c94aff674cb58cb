"""What was taken from documents, replaced as these are: values, and passages with the places where they stand."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import get_context

from glane.errors import DataError, where
from glane.pseudonyms.detect import identifiers, looked_for
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.offsets import Offsets
from glane.pseudonyms.replace import Pseudonymised, surrogates_of, with_surrogates
from glane.pseudonyms.rows import manner_of
from glane.pseudonyms.surrogates import Manner
from glane.pseudonyms.whole import known_replaced as known_replaced
from glane.settings.pseudonymise import AskedPseudonyms, Kind

_BATCH = 64  # rows that a process is given at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage of a document: [start, end) of its text, or nowhere."""

    document: str
    start: int | None
    end: int | None
    quote: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row: its documents, whose they are, what is known of that person, and what was taken from them."""

    person: str
    known: tuple[str, ...]
    texts: Mapping[str, str]  # of its documents, by their ids
    values: tuple[str, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The same, replaced, in the same order; and how much of each kind was, in documents and values."""

    texts: Mapping[str, str]
    values: tuple[str, ...]
    passages: tuple[Passage, ...]
    counts: Counter[str] = field(default_factory=Counter)


def replaced(one: Taken, *, key: Key, manner: Manner, keep: Sequence[Kind]) -> Replaced:
    """Replace the identifiers of a row. What is found in a document is found in all that was taken from the row's."""
    whole = "\n".join(one.texts.values())
    made = surrogates_of(whole, key=key, person=one.person, manner=manner)
    found = {
        name: identifiers(text, known=one.known, keep=keep, oldest_age=manner.oldest_age)
        for name, text in one.texts.items()
    }
    done = {name: with_surrogates(text, found[name], made) for name, text in one.texts.items()}
    told = looked_for((one.texts[name][place.start : place.end], place.kind) for name in found for place in found[name])
    counts = Counter[str](place.kind for places in found.values() for place in places)

    def again(text: str) -> str:
        places = identifiers(text, known=one.known, keep=keep, oldest_age=manner.oldest_age, told=told)
        counts.update(place.kind for place in places)
        return with_surrogates(text, places, made).text

    return Replaced(
        texts={name: text.text for name, text in done.items()}, values=tuple(map(again, one.values)),
        passages=tuple(_passage(passage, done, again) for passage in one.passages), counts=counts,
    )  # fmt: skip


def _passage(passage: Passage, done: Mapping[str, Pseudonymised], again: Callable[[str], str]) -> Passage:
    """The passage in the replaced text, where it stands in one; else its words as a value."""
    text = done.get(passage.document)
    if text is None or passage.start is None or passage.end is None:
        quote = None if passage.quote is None else again(passage.quote)
        return Passage(document=passage.document, start=None, end=None, quote=quote)
    start, end = Offsets(text.segments).pseudonymised(passage.start, passage.end)
    quote = None if passage.quote is None else text.text[start:end]
    return Passage(document=passage.document, start=start, end=end, quote=quote)


def each_replaced(rows: Iterable[Taken], told: AskedPseudonyms, key: Key) -> Iterator[Replaced]:
    """Replace rows in as many processes as asked, in order.

    Raises:
        DataError: if the rules fail: nothing of that may leave.
    """
    if told.processes == 1:
        for number, row in enumerate(rows, 1):
            yield _one(row, number, told, key)
        return
    start = partial(_begin, told)  # each process reads the key by itself: it is passed to nobody
    with ProcessPoolExecutor(told.processes, mp_context=get_context("spawn"), initializer=start) as pool:
        begun = deque[Future[list[Replaced]]]()
        first, waiting = 1, iter(rows)
        while some := tuple(islice(waiting, _BATCH)):
            begun.append(pool.submit(_of_process, some, first))
            first += len(some)
            if len(begun) > 2 * told.processes:
                yield from begun.popleft().result()
        for one in begun:
            yield from one.result()


_PROCESS: dict[str, tuple[AskedPseudonyms, Key]] = {}  # what a process of the pool was begun with


def _begin(told: AskedPseudonyms) -> None:
    _PROCESS["told"] = (told, read_key(file=told.key_file, command=told.key_command))


def _of_process(rows: Sequence[Taken], first: int) -> list[Replaced]:
    told, key = _PROCESS["told"]
    return [_one(row, number, told, key) for number, row in enumerate(rows, first)]


def _one(row: Taken, number: int, told: AskedPseudonyms, key: Key) -> Replaced:
    try:
        return replaced(row, key=key, manner=manner_of(told), keep=told.kept_kinds)
    except Exception as error:
        raise DataError(
            f"pseudonyms: the rules failed in row {number} ({where(error)}), and nothing is written. Please report it, "
            "without the text; data.where of a run leaves a row out."
        ) from None

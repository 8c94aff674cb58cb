"""Splits a document into chunks, at sections, lines and sentences.

This is own code because the known libraries (semantic-text-splitter, semchunk) cut after "Dr." and "janv.", do not
recognise tables and headings, and count the tokens of the same text several times.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from glane.types import Chunk

_FIRST_GUESS = 6  # characters per token, estimated high: one count then proves that a short document fits
_AIM = 0.95  # share of the token budget to aim for, as the density of the next chunk is only estimated
_STRETCH = 1.15  # share of the estimated budget, up to which a better bound is looked for
_MIN_GROWTH = 1.08  # a chunk that could grow by more than this factor is tried again
_TRIES = 4  # token counts per chunk, after which it is taken as it is or halved
_REST = 0.3  # share of a chunk that is left at least for the last chunk

# The kinds of bound, from the best to the worst, and the cost of each. The bound is taken whose cost, plus the share of
# the budget that it leaves unused, is lowest: a paragraph wins over a sentence if it wastes at most a fifth more.
_SECTION, _PARAGRAPH, _LINE, _ROW, _SENTENCE, _HEADING, _WRAP, _CLAUSE = range(8)
_COST = (0.0, 0.05, 0.1, 0.15, 0.25, 0.5, 0.5, 0.55)
_WORD_COST = 0.75
_GRAPHEME_COST = 2.0
_POOR = 0.5  # bounds of this cost or more are taken only if no better one follows closely
_INSIDE = 8  # added to the kind of a bound inside a table row or a list item
_INSIDE_COST = 1.0  # exceeds the cost of any unused share, so these bounds are a last resort
_COSTS = (*_COST, *(cost + _INSIDE_COST for cost in _COST))
_STARTS = frozenset({_SECTION, _PARAGRAPH, _LINE, _ROW, _SENTENCE, _HEADING})  # where an overlap may begin

_VISIBLE = re.compile(r"\S")
_RUN = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")  # a line
# Possessive quantifiers and no lookahead: each run of signs is read once, so the time is linear in its length.
_MARK = re.compile(
    r"""(?P<stop>[.!?…؟]++)["'”’)\]»]*+(?:[ \u00a0\u202f]{1,2}»["'”’)\]]*+)?"""
    r"|(?P<dense>[。！？।]++[」』”’）]*+|[，、；：])"  # scripts without spaces between sentences
    r"|[,;:،؛]"
)
_STOPPED = re.compile(r"""([.!?…؟。！？।])["'”’)\]»\s」』）]*\Z""")
# White space between words. Not after an opening quote or an abbreviation, not before a sign that French puts a space
# in front of.
_WORD = re.compile(r"(?<![\s«.°])[ \t\n\r\f\v]++(?=[^\s?!;:»%°])")
_LAST_WORD = re.compile(r"""[^\s(\[«"“'’/]+\Z""")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]")  # J, J.-C, e.g, i.e
_NUMBER = re.compile(r"\d{1,3}|[IVX]{1,4}")  # of a list: "1. ", "IV. "
_NUMBERED = re.compile(r"\(?\d{1,3}[.)]")
_ITEM = re.compile(r"(?:[-•*–—·‣◦▪➢]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s")
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")  # between aligned columns
_SPACED_COMMA = re.compile(r",\s")
_WORDS_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
# Abbreviations that never end a sentence, and those that do not end one before a number ("3 janv. 2024", "No. 4").
_ABBREVIATION = re.compile(
    r"mmes?|mlles?|drs?|dre|prs?|prof|stes?|sts?|mrs?|ms|mgr|cf|art|figs?|vol|éd|eds?|ex|chap|réf|ref|tél|tel|tab|env"
    r"|approx|vs|ca|av|ap|bd|c\.?-à-d|inc|ltd|corp|co|n°|nos|resp|viz|eq|obs|parag|sect|dept|dép"
)
_BEFORE_NUMBER = re.compile(
    r"no|janv|févr|fevr|avr|juill?|sept|oct|nov|déc|dec|jan|feb|mar|apr|jun|jul|aug|temp",
)


def whole(text: str) -> Chunk:
    """Return the whole document as one chunk."""
    return Chunk(text=text, start=0, end=len(text))


def split(text: str, *, max_tokens: int, overlap_tokens: int, count_tokens: Callable[[str], int]) -> list[Chunk]:
    """Cut a document into chunks of at most `max_tokens` tokens each, in the order of the text.

    A document that fits is a single chunk; a blank one has no chunk. Otherwise every visible character is in a chunk,
    and no chunk begins or ends with white space. Each chunk ends at the best bound within its budget: blank line, line,
    table row or list item, sentence, clause, word. It ends inside a word only if there is no other bound. A chunk after
    the first begins at the start of a sentence or line, at most `overlap_tokens` (and at most half of `max_tokens`)
    before the end of the chunk before. If there is no such start, it begins where the chunk before ended.

    `count_tokens` returns the number of tokens of a text. It is called for one to three candidates per chunk, so the
    time is linear in the text. A chunk exceeds its budget only if a single character does.

    Raises:
        ValueError: if `max_tokens` is below 1, or `overlap_tokens` is below 0 or not below `max_tokens`.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens is {max_tokens}; it must be at least 1")
    if not 0 <= overlap_tokens < max_tokens:
        raise ValueError(f"overlap_tokens is {overlap_tokens}; it must be from 0 to max_tokens - 1 ({max_tokens - 1})")
    first = _VISIBLE.search(text)
    if first is None:
        return []
    density = float(_FIRST_GUESS)
    if len(text) <= max_tokens * density:
        num_tokens = count_tokens(text)
        if num_tokens <= max_tokens:
            return [whole(text)]
        density = len(text) / num_tokens
    # With more overlap, most of the text would be asked several times.
    overlap_tokens = min(overlap_tokens, max_tokens // 2)
    fitter = _Fitter(
        text=text,
        end=len(text.rstrip()),
        max_tokens=max_tokens,
        count_tokens=count_tokens,
        bounds=_find_bounds(text, longest_row=_FIRST_GUESS * max_tokens),
    )
    chunks = []
    start = floor = first.start()  # where the next chunk begins, and where the text begins that no chunk has yet
    while True:
        fitted = fitter.fit(start, floor, density)
        if fitted is None:  # nothing new fits beside the overlap
            start = floor
            continue
        cut, num_tokens = fitted
        chunks.append(Chunk(text=text[start:cut], start=start, end=cut))
        if cut == fitter.end:
            return chunks
        density = (cut - start) / max(num_tokens, 1)
        floor = _next_visible(text, cut)
        start = fitter.overlap_start(start, cut, overlap_tokens, density) if overlap_tokens else floor


@dataclass(slots=True, kw_only=True)
class _Bounds:
    """Where a text may be cut, except between words. Sorted arrays, as a long document has many bounds."""

    ends: array[int] = field(default_factory=lambda: array("Q"))  # each after the last visible character before a cut
    kinds: bytearray = field(default_factory=bytearray)
    row_starts: array[int] = field(default_factory=lambda: array("Q"))  # of table rows and list items
    row_ends: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, end: int, kind: int) -> None:
        self.ends.append(end)
        self.kinds.append(kind)

    def in_row(self, cut: int) -> bool:
        index = bisect_left(self.row_starts, cut) - 1
        return index >= 0 and cut < self.row_ends[index]

    def first_start(self, low: int, high: int) -> int | None:
        """The first bound in [low, high) before a sentence or line; else the first one at a wrapped line, or None."""
        wrap = None
        for index in range(bisect_left(self.ends, low), bisect_left(self.ends, high)):
            if self.kinds[index] in _STARTS:
                return self.ends[index]
            if wrap is None and self.kinds[index] == _WRAP:
                wrap = self.ends[index]
        return wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitter:
    """Finds the ends of chunks in one text."""

    text: str
    end: int  # of the visible text
    max_tokens: int
    count_tokens: Callable[[str], int]
    bounds: _Bounds

    def fit(self, start: int, floor: int, density: float) -> tuple[int, int] | None:
        """The cut after `floor` that ends the chunk from `start`, and the tokens of that chunk.

        `density` is an estimate in characters per token; each count corrects it. Returns None if the overlap before
        `floor` uses up the budget, or leaves too little for a whole row.
        """
        fitting: tuple[int, int] | None = None
        too_long = self.end + 1  # the shortest cut known to be over the budget
        reach = self._aim(start, floor, density)
        tries = 0
        while True:
            cut, cost = self._best_cut(floor, reach, too_long)
            num_tokens = self.count_tokens(self.text[start:cut])
            tries += 1
            density = (cut - start) / max(num_tokens, 1)
            aim = self._aim(start, floor, density)
            if num_tokens > self.max_tokens:
                if fitting is not None:
                    return fitting
                if start < floor and (aim <= floor + 1 or cut == floor + 1):
                    return None
                if cut == floor + 1:
                    return cut, num_tokens  # a single character over the budget: it cannot be cut
                too_long = cut
                furthest = cut - 1 if tries < _TRIES else floor + (cut - floor) // 2
                reach = max(min(aim, furthest), floor + 1)
                continue
            if fitting is None or cut > fitting[0]:
                fitting = cut, num_tokens
            if cut == self.end or tries >= _TRIES:
                return fitting
            aim = min(aim, too_long - 1)
            if aim - start > _MIN_GROWTH * (reach - start):
                reach = aim
                continue
            if cost >= _POOR:
                fitting, cost = self._stretched(start, fitting, cost, too_long)
            # Better no overlap than a row cut in two.
            return None if start < floor and cost >= _INSIDE_COST else fitting

    def _stretched(
        self, start: int, fitting: tuple[int, int], cost: float, too_long: int
    ) -> tuple[tuple[int, int], float]:
        """Try the next good bound instead of a poor one: the whole row or sentence may still fit."""
        cut, num_tokens = fitting
        furthest = start + int((cut - start) * self.max_tokens / max(num_tokens, 1) * _STRETCH)
        better = self.bounds.first_start(cut + 1, min(furthest + 1, too_long))
        if better is None:
            return fitting, cost
        num_tokens = self.count_tokens(self.text[start:better])
        return ((better, num_tokens), 0.0) if num_tokens <= self.max_tokens else (fitting, cost)

    def overlap_start(self, start: int, cut: int, overlap_tokens: int, density: float) -> int:
        """The start of the chunk after [`start`, `cut`): the earliest start that the overlap allows."""
        earliest = max(cut - int(overlap_tokens * density), start + 1)
        for _ in range(_TRIES):
            bound = self.bounds.first_start(earliest, cut)
            if bound is None:
                break
            candidate = _next_visible(self.text, bound)
            num_tokens = self.count_tokens(self.text[candidate:cut])
            if num_tokens <= overlap_tokens:
                return candidate
            earliest = max(candidate, cut - (cut - candidate) * overlap_tokens // num_tokens)
        return _next_visible(self.text, cut)

    def _aim(self, start: int, floor: int, density: float) -> int:
        """The furthest end of the chunk from `start`, if `density` (characters per token) is right."""
        if start + int(self.max_tokens * density) >= self.end:
            return self.end
        reach = start + int(self.max_tokens * density * _AIM)
        return max(min(reach, self.end - int(_REST * (reach - floor))), floor + 1)

    def _best_cut(self, floor: int, reach: int, too_long: int) -> tuple[int, float]:
        """The best cut after `floor` up to `reach`, and its cost; if there is none, the next cut before `too_long`."""
        if reach >= self.end:
            return self.end, 0.0
        text, bounds = self.text, self.bounds
        available = reach - floor
        best, best_cost, best_sum = 0, 0.0, float("inf")
        index = bisect_right(bounds.ends, reach) - 1
        while index >= 0 and (cut := bounds.ends[index]) > floor:
            unused = (reach - cut) / available
            if unused >= best_sum:
                break  # bounds further left leave more of the budget unused
            cost = _COSTS[bounds.kinds[index]]
            if unused + cost < best_sum:
                best, best_cost, best_sum = cut, cost, unused + cost
            index -= 1
        if best_sum > _WORD_COST and (word := _last_word(text, floor, reach)):
            cost = _WORD_COST + (_INSIDE_COST if bounds.in_row(word) else 0)
            if (reach - word) / available + cost < best_sum:
                best, best_cost = word, cost
        return (best, best_cost) if best else (_last_grapheme(text, floor, reach, too_long), _GRAPHEME_COST)


def _next_visible(text: str, position: int) -> int:
    found = _VISIBLE.search(text, position)
    assert found is not None
    return found.start()


def _last_word(text: str, floor: int, reach: int) -> int | None:
    """The end of the last word that ends in (`floor`, `reach`]; None if there is no white space."""
    nearest = None
    for gap in _WORD.finditer(text, max(reach - 200, floor), reach + 8):
        if gap.start() <= reach:
            nearest = gap.start()
    if nearest is not None:
        return nearest
    window = text[floor : reach + 1]
    stripped = window.rstrip()
    if len(stripped) < len(window):
        return floor + len(stripped)
    words = window.rsplit(None, 1)
    return floor + len(words[0]) if len(words) == 2 else None


def _last_grapheme(text: str, floor: int, reach: int, too_long: int) -> int:
    """The last cut between two graphemes up to `reach`, else the next one; `reach` if a grapheme does not fit."""
    for cut in range(reach, floor, -1):
        if not _joined(text, floor, cut):
            return cut
    for cut in range(reach + 1, min(too_long, 2 * reach - floor + 64)):
        if cut == len(text) or not _joined(text, floor, cut):
            return cut
    return reach


def _joined(text: str, floor: int, cut: int) -> bool:
    """Whether the characters around `cut` are one grapheme (nearly the rules of Unicode Standard Annex 29)."""
    before, after = text[cut - 1], text[cut]
    if after < "\u0300" or after.isspace():
        return False
    category = unicodedata.category(after)
    if category[0] == "M" or after in "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f":
        return True
    if before == "\u200d" and (category == "So" or "\u0900" <= after <= "\u0dff"):  # emoji, scripts of India
        return True
    if "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb":  # Hangul written letter by letter
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":  # skin tones, tags
        return True
    if _is_regional(before) and _is_regional(after):  # flags are pairs
        first = cut - 1
        while first > floor and _is_regional(text[first - 1]):
            first -= 1
        return (cut - first) % 2 == 1
    return False


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


@dataclass(slots=True, kw_only=True)
class _TextLine:
    """A visible line, without the white space at its edges."""

    start: int
    end: int
    indent: int
    is_table: bool
    is_item: bool
    is_lower: bool  # begins with a small letter
    is_stopped: bool  # ends a sentence
    after_gap: bool  # it is the first line, or follows a blank line or the end of a sentence
    row: int | None = None  # the index of the item that the line belongs to


def _find_bounds(text: str, *, longest_row: int) -> _Bounds:
    """All bounds except words, in one pass. Lines longer than `longest_row` characters are neither rows nor items."""
    bounds = _Bounds()
    last: _TextLine | None = None
    last_break = 0
    is_blank = True
    for found in _RUN.finditer(text):
        breaks = text[last_break : found.start()]
        is_blank = is_blank or len(breaks) > (2 if breaks.startswith("\r\n") else 1)
        last_break = found.end()
        raw = found.group()
        shown = raw.strip()
        if not shown:
            is_blank = True
            continue
        start = found.start() + len(raw) - len(raw.lstrip())
        end = start + len(shown)
        is_short = len(shown) <= longest_row
        is_item = is_short and _ITEM.match(shown) is not None
        line = _TextLine(
            start=start,
            end=end,
            indent=start - found.start(),
            is_table=is_short and not is_item and _is_table(shown),
            is_item=is_item,
            is_lower=shown[0].islower(),
            is_stopped=_is_stopped(text, start, end),
            after_gap=is_blank or last is None or last.is_stopped,
        )
        if last is not None:
            kind = _between(text, last, line, is_blank)
            bounds.add(last.end, kind)
            if kind == _WRAP + _INSIDE:
                line.row = last.row
        if line.row is not None:
            bounds.row_ends[line.row] = end
        elif line.is_table or line.is_item:
            line.row = len(bounds.row_starts)
            bounds.row_starts.append(start)
            bounds.row_ends.append(end)
        _add_marks(bounds, text, line)
        last, is_blank = line, False
    return bounds


def _between(text: str, last: _TextLine, line: _TextLine, is_blank: bool) -> int:
    """The kind of the bound between two lines."""
    if _is_heading(text, last, line, is_blank):
        return _HEADING
    if is_blank:
        is_title = line.end - line.start <= 60 and not (line.is_stopped or line.is_lower or line.is_table)
        return _SECTION if is_title and not line.is_item else _PARAGRAPH
    if (last.is_table and line.is_table) or (last.row is not None and not last.is_table and line.is_item):
        return _ROW
    if last.is_table or line.is_table or line.is_item:
        return _LINE
    # Hard-wrapped text: a long line that does not end a sentence. The limit is lower if the next line begins with a
    # small letter.
    full = 30 if line.is_lower else 60
    goes_on = not last.is_stopped and last.end - last.start >= full and text[last.end - 1] not in ":;"
    if last.row is not None and (goes_on or line.is_lower or line.indent > last.indent):
        return _WRAP + _INSIDE
    return _WRAP if goes_on else _LINE


def _is_heading(text: str, last: _TextLine, line: _TextLine, is_blank: bool) -> bool:
    """Whether `last` is a heading of `line`."""
    size = last.end - last.start
    if last.is_table or size > 200:
        return False
    if text[last.end - 1] == ":" or text[last.start] == "#":
        return True
    if last.is_item and (line.is_item or not _NUMBERED.match(text, last.start)):
        return False
    return (
        size <= 60
        and last.after_gap
        and not (last.is_stopped or last.is_lower or text[last.end - 1] in ",;")
        and (is_blank or not line.is_lower)
    )


def _is_table(shown: str) -> bool:
    if "|" in shown or "\t" in shown or len(_GAP.findall(shown)) >= 2:
        return True
    if shown.count(";") >= 2 and "; " not in shown and " ;" not in shown:
        return True
    # "38,5 puis 39,2" is not a row, but "1,2,3" is.
    if shown.count(",") < 2 or _SPACED_COMMA.search(shown):
        return False
    return " " not in shown or len(_WORDS_COMMA.findall(shown)) >= 2


def _is_stopped(text: str, start: int, end: int) -> bool:
    tail = max(start, end - 40)
    found = _STOPPED.search(text[tail:end])
    if found is None:
        return False
    stop = tail + found.start(1)
    return text[stop] != "." or not _is_abbreviation(text, start, stop, "")


def _add_marks(bounds: _Bounds, text: str, line: _TextLine) -> None:
    """Add the sentence ends and clauses inside a line."""
    inside = 0 if line.row is None else _INSIDE
    for found in _MARK.finditer(text, line.start, line.end):
        cut = found.end()
        if cut >= line.end:
            return
        if found["dense"]:
            if not _joined(text, line.start, cut):
                bounds.add(cut, (_SENTENCE if found["dense"][0] in "。！？।" else _CLAUSE) + inside)
            continue
        if not text[cut].isspace():
            continue
        if not found["stop"]:
            bounds.add(cut, _CLAUSE + inside)
            continue
        follower = text[_next_visible(text, cut)]
        if found["stop"] == "." and _is_abbreviation(text, line.start, found.start(), follower):
            continue
        bounds.add(cut, (_CLAUSE if follower.islower() or follower in ",;:" else _SENTENCE) + inside)


def _is_abbreviation(text: str, line_start: int, stop: int, follower: str) -> bool:
    """Whether the full stop at `stop` is that of an abbreviation. `follower` is the next visible character."""
    head = text[max(line_start, stop - 16) : stop]
    found = _LAST_WORD.search(head)
    if found is None:
        return False
    word = found.group()
    before = head[: found.start()].rstrip()
    if _NUMBER.fullmatch(word):
        return not before or before[-1] in ".:;,)»-–!?"
    if _INITIALS.fullmatch(word):
        is_unit = word.islower() and len(word) == 1 and before[-1:].isdigit()  # "depuis 3 j. Toux"
        return not (is_unit and not follower.islower())
    folded = word.lower()
    if _ABBREVIATION.fullmatch(folded) or word == "MM":
        return True
    # An unknown short word, and the sentence continues: "rens. cliniques".
    return bool(_BEFORE_NUMBER.fullmatch(folded) and follower.isdigit()) or (len(word) <= 4 and follower.islower())

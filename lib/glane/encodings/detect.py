"""Bytes become text in the encoding that they are in: told by a mark, found by what makes sense, or guessed.

Texts in Latin script in 8-bit encodings are decided here, by which encoding makes all their letters those of one
language: short French notes have few letters outside ASCII, and detectors that compare frequencies mistake them.
What is left is asked of charset-normalizer.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from functools import cache

from glane.encodings.typography import is_marked, stands

_SAMPLE = 1 << 16  # bytes that are looked into, from where the first is outside ASCII
_BEFORE = 64  # bytes of what stands before it: a multiple of those of a letter
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The letters outside ASCII of languages in Latin script, in lower case.
_LETTERS = tuple(
    frozenset(letters + letters.upper()) - frozenset("S")
    for letters in (
        "àâæçèéêëîïôœùûüÿ", "äöüß", "áéíóúñüªº", "àáâãçéêíóôõúüªº", "àèéìíîòóùú", "åäöæøéü", "áéíóúýþðæö", "äöõüšž",
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîșțşţ", "çğıöşüâîû",
        "ąčęėįšųūž", "āčēģīķļņšūž",
    )
)  # fmt: skip
_ALPHABETS = (
    "cp1252", "iso8859_15", "cp850", "mac_roman", "cp1250", "iso8859_2", "cp1254", "iso8859_9", "cp1257", "iso8859_13",
    "cp852", "iso8859_4", "mac_latin2",
)  # fmt: skip
_OF_WESTERN, _WESTERN = frozenset({"cp850", "mac_roman"}), 8  # DOS and the Mac wrote these in languages of the West
_MARKS_OF_TEXT = frozenset("«»‹›“”„‘’‚–—…•·°§€£©®™¿¡±×²³½¼¾µ†‡´¨ \xa0\xad")
_JOINING = frozenset("’·\xad\xa0´")  # stand between letters
_OUTSIDE = re.compile(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_ESCAPES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
_DECLARED = re.compile(rb"""(?i)<[^>]{0,400}(?:encoding|charset)\s*=\s*["']?\s*([\w.:-]{2,40})""")
_EAST_ASIA = ("cp932", "euc_jp", "gb18030", "cp949", "big5hkscs")
_WIDE = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"]
# In Latin-9, œ in front of œdème, œil, œuf, œuvre, œsophage, œstrogène; in Windows-1252, ½ before no word.
_OE_OF_LATIN9 = re.compile(rb"(?i)(?<![0-9A-Za-z])\xbd(?:d\xe8m|dem|il|u[fv]|soph|str)")
_LEAST_SHARE = 0.97  # of the letters outside ASCII that must be of one language
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_DAMAGED = 0.02  # of the sequences of UTF-8 that may be broken, before it is none


def decoded(data: bytes, *, told: str | None = None) -> tuple[str, str]:
    """Return a text and the name of its encoding.

    `told` is what its surroundings say, such as a header of mail. It is believed where it makes a text: UTF-8 that is
    told to be Latin-1 is UTF-8. Bytes that are nothing in the encoding become U+FFFD.
    """
    if (mark := marked(data)) is not None:
        return data[len(mark[0]) :].decode(mark[1], "replace"), mark[1]
    if (told_by_nulls := wide(data)) is not None:
        return data.decode(told_by_nulls, "replace"), told_by_nulls
    if known(told) == "utf-7" and (unpacked := _strictly(data, "utf-7")) is not None:
        return unpacked, "utf-7"
    has_escapes = b"\x1b" in data[:_SAMPLE] or b"~{" in data[:_SAMPLE]
    if not has_escapes and _is_utf8(data):
        return data.decode("utf-8", "replace"), "utf-8"
    named = known(told) or _declared(data)
    if named is not None and named not in {"ascii", "utf-8"} and _damage(data, named) <= _DAMAGED:
        return _decode(data, named), named
    if has_escapes and (switched := _with_escapes(data)):
        return data.decode(switched, "replace"), switched
    if _is_utf8(data):
        return data.decode("utf-8", "replace"), "utf-8"
    encoding = eight_bit(data)
    return _decode(data, encoding), encoding


def marked(data: bytes) -> tuple[bytes, str] | None:
    """The mark that a text begins with, and the encoding that it tells; None if there is none."""
    return next(((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)), None)


def eight_bit(data: bytes) -> str:
    """The encoding of a text that is no Unicode, by its letters outside ASCII; of East Asia, too."""
    return codecs.lookup(
        _of_marks(data, "cp1252")
        or _of_alphabet(data)
        or _of_marks(data, "mac_roman")
        or _guessed(data)
        or _of_east_asia(data)
        or "cp1252"
    ).name


def _declared(data: bytes) -> str | None:
    """What a text says of itself, as web pages and XML do."""
    found = _DECLARED.search(data[:4096])
    named = known(found[1].decode("ascii")) if found else None
    return (
        None if named is None or named.startswith(("utf-16", "utf-32")) else named
    )  # it was read in one byte a letter


def _strictly(data: bytes, encoding: str) -> str | None:
    """The text of bytes that are ASCII and nothing else, or None where it is none in this encoding."""
    try:
        return None if _NOT_ASCII.search(data) else data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _sample(data: bytes, most: int = _SAMPLE) -> bytes:
    """What tells the encoding: long texts may have their first letter outside ASCII anywhere."""
    found = _NOT_ASCII.search(data)
    start = max(0, found.start() // _BEFORE - 1) * _BEFORE if found else 0
    return data[start : start + most]


def _damage(data: bytes, encoding: str) -> float:
    """Return which share of what is not ASCII is nothing in an encoding."""
    text = _sample(data).decode(encoding, "replace")
    return text.count("\ufffd") / max(1, sum(letter > "\x7f" for letter in text))


def _of_east_asia(data: bytes) -> str | None:
    """Of a text that is whole in no encoding, the one of several bytes a letter in which the least of it is broken."""
    damage, encoding = min((_damage(data, encoding), encoding) for encoding in _EAST_ASIA)
    return encoding if damage <= _DAMAGED else None


def known(name: str | None) -> str | None:
    """Return the name of a codec for texts, as browsers understand names: Latin-1 is told for cp1252."""
    if not name:
        return None
    try:
        found = codecs.lookup(name.strip().strip("\"'")[:60])
    except (LookupError, ValueError):
        return None
    if not found._is_text_encoding or found.name in _ESCAPES:
        return None
    better = {"iso8859-1": "cp1252", "ascii": "ascii", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
    better |= {"euc_kr": "cp949", "iso8859-9": "cp1254", "tis-620": "cp874", "utf-7": "utf-7"}
    return better.get(found.name, found.name)


def _decode(data: bytes, encoding: str) -> str:
    """Bytes that cp1252 leaves free are what they are in Latin-1, as in browsers."""
    if encoding != "cp1252":
        return data.decode(encoding, "replace")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_cp1252()[byte] for byte in data)


@cache
def _cp1252() -> tuple[str, ...]:
    return tuple(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


def wide(data: bytes) -> str | None:
    """Return the encoding of a text of two or four bytes a letter without a mark: its NULs stand in their places."""
    start = data[:4096]
    if len(start) < 4 or b"\x00" not in start[:-1].rstrip(b"\x00"):
        return None
    if len(data) % 4 == 0:
        for encoding, zeros in (("utf-32-le", start[3::4]), ("utf-32-be", start[0::4])):
            if not any(zeros) and _decodes(start, encoding):
                return encoding
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > 4 * even and odd * 20 > len(start):
        return "utf-16-le" if _decodes(start[: len(start) // 2 * 2], "utf-16-le") else None
    if even > 4 * odd and even * 20 > len(start):
        return "utf-16-be" if _decodes(start[: len(start) // 2 * 2], "utf-16-be") else None
    return None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)  # what is cut at the end is no fault
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(data: bytes) -> bool:
    """Whether a text is UTF-8, or was and is damaged in some places."""
    try:
        decoder = codecs.getincrementaldecoder("utf-8")()
        text = decoder.decode(data)
        # What is cut at the end is no fault; a last letter alone is one of another encoding.
        if not decoder.getstate()[0] or not text.isascii():
            return True
    except UnicodeDecodeError:
        pass
    return _damage(data, "utf-8") <= _DAMAGED


def _with_escapes(data: bytes) -> str | None:
    """Return the encoding of a text that switches between alphabets by escapes, as mail of Japan and Korea does."""
    if _NOT_ASCII.search(data):
        return None
    for encoding in ("iso2022_jp_2", "iso2022_jp_ext", "iso2022_kr", "hz"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not text.isascii() and "\x1b" not in text:
            return encoding
    return None


def _of_marks(data: bytes, encoding: str) -> str | None:
    """Return this encoding, if a text has marks alone outside ASCII there, and no letters."""
    return encoding if is_marked(_sample(data), encoding) else None


def _of_alphabet(data: bytes) -> str | None:
    """Return the encoding in which the letters outside ASCII are those of one language, or None."""
    pieces = Counter(_OUTSIDE.findall(_sample(data)))
    best, most = None, (_LEAST_SHARE, 0)
    for encoding in _ALPHABETS:
        letters, marks, faults = _letters(pieces, encoding)
        languages = _LETTERS[:_WESTERN] if encoding in _OF_WESTERN else _LETTERS
        fit = max(sum(count for letter, count in letters.items() if letter in one) for one in languages)
        share = round(fit / max(1, letters.total() + faults), 3)
        if fit and (share, fit + marks) > most:
            best, most = encoding, (share, fit + marks)
    return "iso8859_15" if best == "cp1252" and _OE_OF_LATIN9.search(_sample(data)) else best


def _letters(pieces: Counter[bytes], encoding: str) -> tuple[Counter[str], int, int]:
    """Count what stands outside ASCII: letters; marks in their places; and what cannot stand where it does."""
    letters: Counter[str] = Counter()
    marks = faults = 0
    whole = b" ".join(pieces).decode(encoding, "replace")
    for piece, count in pieces.items():
        text = piece.decode(encoding, "replace")
        for before, letter, after in zip(" " + text, text, text[1:] + " "):
            if letter < "\x80":
                continue
            if letter in _MARKS_OF_TEXT:
                is_fault = before.isalpha() and (after.isalpha() or letter in "†‡") and letter not in _JOINING
                faults += count * is_fault
                marks += count * (not is_fault and stands(before, letter, after, whole))
            elif letter.isupper() and before.islower():
                faults += count
            else:
                letters[letter] += count
    return letters, marks, faults


def _guessed(data: bytes) -> str | None:
    import charset_normalizer

    text = _sample(data, 2 * _SAMPLE).translate(None, _CONTROLS)
    # Texts of two bytes a letter that have no NULs hold little ASCII.
    excluded = _WIDE if len(_NOT_ASCII.findall(text)) < len(text) / 2 else []
    found = charset_normalizer.from_bytes(text, preemptive_behaviour=False, cp_exclusion=excluded).best()
    return found.encoding if found is not None else None

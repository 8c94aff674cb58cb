"""Electronic addresses, web pages and accounts: as programs read them, and as people write them against programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.kinds import Found
from glane.pseudonyms.words import folded, is_before, is_common

_AT = re.compile(  # as a sign, in brackets, or as a word
    r"[@＠]|(?<=[\[({< _\u00a0])(?:at|arr?obas[eé])(?=[ _\u00a0\])}>])"
    r"|(?<=[\[(])a(?=[\])])",
    re.IGNORECASE,
)
_DOT_WORD = r"(?:[ \u00a0]?[\[({<] ?(?:point|dot|\.) ?[\])}>][ \u00a0]?|[ \u00a0](?:point|dot)[ \u00a0])"
_JOIN_WORD = rf"(?:{_DOT_WORD}|[ \u00a0](?:tiret(?: du (?:bas|6|8|six|huit))?|underscore)[ \u00a0])"
_OPENED = r"[ \u00a0]?[\[({<]?[ \u00a0]?$"
_LOCAL = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}{_OPENED}")
_LOCAL_WORDS = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}(?:{_JOIN_WORD}[\w.+-]{{1,64}}){{0,3}}{_OPENED}", re.IGNORECASE)
_LAST = r"(?:fr|com|org|net|eu|be|ch|re|lu|ca|info)"
_DOMAIN = re.compile(
    rf"[ \u00a0]?[\])}}>_-]?[ \u00a0]?(?P<name>[\w-]{{1,63}})(?:(?: ?\. ?|{_JOIN_WORD})[\w-]{{1,63}}){{0,8}}"
    rf"(?:(?:\.|{_DOT_WORD})[a-z]{{2,24}}| ?\. ?{_LAST})(?!\w)",
    re.IGNORECASE,
)
_TOP = re.compile(r"\W(?:fr|com|org|net|eu|be|ch|lu|info|uk|pt|dz|tn)$", re.IGNORECASE)
_MOST_LOCAL = 140  # code points before the sign
_WEBMAIL = re.compile(
    r"(?:gmail|googlemail|hotmail|outlook|live|msn|yahoo|icloud|orange|wanadoo|free|sfr|neuf|bbox|laposte|aol|gmx"
    r"|proton(?:mail)?|numericable|voila)$",
    re.IGNORECASE,
)
_ENDS = r"[^\s<>\"«»]*[^\s<>\"«».,;:!?)\]'’]"
_URL = re.compile(rf"(?:\bhttps?://|(?<![\w@.-])www\.){_ENDS}", re.IGNORECASE)
_SITE = re.compile(rf"\.(?:com|fr|org|net|be|ch|eu|me|tv|info|lu)/{_ENDS}", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w@./:-])(?=[\d.-]*[a-z])[a-z\d][a-z\d.-]{0,60}$", re.IGNORECASE)
_SERVICE = (
    r"(?:instagram|insta|facebook|fb|messenger|twitter|tik ?tok|snap(?:chat)?|telegram|discord|linked ?in|whats ?app"
    r"|skype|you ?tube|twitch|mastodon|bluesky|threads|pinterest|reddit|tinder|grindr|vinted)"
)
_NAMED = re.compile(
    rf"(?:\b{_SERVICE}\b|\bsur x\b|\bcomptes?\b(?![ -](?:rendu|tenu))"
    r"|\bprofils?\b|\bpseudos?\b|\br[ée]seaux? socia(?:l|ux)\b"
    r"|\baccounts?\b|\busername\b)[^\n]{0,60}$",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w.@＠])[@＠](?P<name>[^\W\d]\w{0,40}(?:\.\w{1,40}){0,4})(?![\w@])")
_SAID = re.compile(
    rf"\b(?:{_SERVICE}|pseudo)\b(?: (?:de la patiente|du patient|de sa m[èe]re|de son p[èe]re))?"
    rf"(?! {_SERVICE}\b)(?P<sign>[ \u00a0]?[:=(][ \u00a0]?| (?:est|sous(?: le (?:nom|pseudo)(?: de)?)?|nomm[ée]e?) "
    r"[«\"“]?[ \u00a0]?| )"
    r"(?P<name>[^\W\d]\w{0,40}(?:\.\w{1,40}){0,4})(?![\w@/])",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"[ \u00a0]?[\[({<_-]?[ \u00a0]?(?:[@＠]|(?<![^\W_])(?:at|arr?obase|a(?=[\])]))(?![^\W_]))"
    r"[ \u00a0]?[\])}>_-]?[ \u00a0]?"
)
_LEAST_SAID = 4  # letters of an account that no sign begins
_LOCAL_IS_ONE = re.compile(r"[^\W_][._+-][^\W_]|\d")


def electronic(text: str) -> Iterator[Found]:
    """Addresses of mail, web pages and accounts."""
    yield from (Found(*one.span(), "url") for one in _URL.finditer(text))
    for one in _SITE.finditer(text):
        host = _HOST.search(text, max(0, one.start() - 64), one.start())
        if host is not None:
            yield Found(host.start(), one.end(), "url")
    mails = list(_mails(text))
    yield from mails
    within = {place for mail in mails for place in range(mail.start, mail.end)}
    for one in _HANDLE.finditer(text):
        if one.start() not in within and (
            "_" in one["name"].strip("_") or is_before(_NAMED, text, one.start(), within=90)
        ):
            yield Found(*one.span(), "account")
    yield from (Found(*one.span("name"), "account") for one in _SAID.finditer(text) if _is_account(one))


def _mails(text: str) -> Iterator[Found]:
    for one in _AT.finditer(text):
        domain = _DOMAIN.match(text, one.end())
        if domain is None:
            continue
        begun = max(0, one.start() - _MOST_LOCAL)
        before = text[begun : one.start()]
        local = (_LOCAL if one[0] in "@＠" else _LOCAL_WORDS).search(before)
        if local is None or (_is_loose(text, one) and not _is_surely(local[0], domain)):
            continue
        yield Found(begun + local.start(), domain.end(), "email")


def _is_loose(text: str, sign: re.Match[str]) -> bool:
    """Whether what is taken for the sign of an address may be a word, a letter in brackets or a sign between words."""
    before, after = text[max(0, sign.start() - 2) : sign.start()], text[sign.end() : sign.end() + 1]
    is_word = sign[0] in "aA" or (sign[0].lower() == "at" and not re.search(r"_$|[\[({<] ?$", before))
    return is_word or (sign[0] == "@" and before[-1:].isspace() and after.isspace())


def _is_surely(local: str, domain: re.Match[str]) -> bool:
    """Whether it is one all the same: "seen at hospital.fr" and "arrêt AT prolongé.Reprise" are none."""
    is_address = _LOCAL_IS_ONE.search(local) is not None or _WEBMAIL.match(domain["name"]) is not None
    return is_address and _TOP.search(domain[0]) is not None


def _is_account(said: re.Match[str]) -> bool:
    """Whether a word behind that of a service is no ordinary one: it has a sign or a digit in it, or ":" before it."""
    name = said["name"]
    if len(name) < _LEAST_SAID:
        return False
    is_odd = re.search(r"[\d_]|\w\.\w", name) is not None
    return is_odd or (said["sign"].strip() in (":", "=") and name.islower() and not is_common(folded(name)))


def plain_address(told: str) -> str:
    """An address, page or account as programs read it, whoever wrote it otherwise: by it, two are the same."""
    plain = re.sub(rf"{_DOT_WORD}|[ \u00a0]?\.[ \u00a0]?", ".", folded(told), flags=re.IGNORECASE)
    plain = re.sub(r"[ \u00a0]tiret(?: du (?:6|six))?[ \u00a0]", "-", plain)
    plain = re.sub(r"[ \u00a0](?:tiret du (?:bas|8|huit)|underscore)[ \u00a0]", "_", plain)
    plain = _SIGN.sub("@", plain)
    return re.sub(r"^(?:https?://)?(?:www\.)?|^@|/$", "", plain)

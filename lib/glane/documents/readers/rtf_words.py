"""The words of Rich Text Format that its reader knows."""

from __future__ import annotations

from collections.abc import Mapping

# Groups whose text is not the document's.
UNSEEN = frozenset(
    b"fonttbl colortbl stylesheet info pict object objdata fldinst listtable listoverridetable revtbl rsidtbl "
    b"generator xmlnstbl themedata colorschememapping datastore latentstyles pgptbl filetbl template bkmkstart "
    b"bkmkend operator sn sv annotation atnid atnauthor atnref atndate atnicn atrfstart atrfend nonshppict "
    b"shprslt ftnsep ftnsepc aftnsep aftnsepc passwordhash ud fchars lchars xe tc private private1 oleclsid "
    b"docvar userprops wgrffmtfilter protusertbl factoidname mhtmltag".split()
)
EDGES = frozenset(b"header headerl headerr headerf footer footerl footerr footerf".split())
KEPT_STARRED = frozenset({b"shptxt", b"shpinst", b"footnote"})
WORDS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"tab": "\t", b"emdash": "—", b"endash": "–",
    b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"emspace": "\u2003",
    b"enspace": "\u2002", b"column": "\n", b"softline": "\n",
}  # fmt: skip
FIELDS = {b"title": "title", b"author": "author", b"subject": "subject", b"keywords": "keywords"}
TIMES = {b"creatim": "created", b"revtim": "modified"}
OF_FORMS = frozenset({b"fftype", b"ffres", b"ffdefres"})
CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip


def box(form: Mapping[bytes, int]) -> str:
    """The box to tick that a field of a form is, or nothing. What was not touched is as it was made."""
    if form.get(b"fftype") != 1:
        return ""
    told = form.get(b"ffres", -1)
    return "☒" if (told if told in (0, 1) else form.get(b"ffdefres", 0)) else "☐"

"""DDI-Codebook 2.5: what archives of the social and health sciences read of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from glane.exports.bundle import Bundle, Kind, Table, Variable
from glane.exports.reasons import reasons_in
from glane.exports.warnings import said_of

NAMESPACE = "ddi:codebook:2_5"
_NUMERIC: frozenset[Kind] = frozenset({"integer", "number"})
_CATEGORIES: Mapping[Kind, str] = {"date": "date", "time": "time"}


def ddi_codebook(bundle: Bundle) -> bytes:
    """The codebook as XML: a file for each table, and a variable for each of its columns."""
    origin = bundle.origin
    root = Element("codeBook", {"xmlns": NAMESPACE, "version": "2.5", "xml:lang": origin.language})
    study = SubElement(root, "stdyDscr")
    citation = SubElement(study, "citation")
    title = SubElement(citation, "titlStmt")
    _text(title, "titl", f"{origin.task} {origin.task_version}")
    _text(title, "IDNo", origin.fingerprint)
    if warnings := said_of(origin):
        _text(SubElement(study, "stdyInfo"), "abstract", " ".join(warnings))
    for number, table in enumerate(bundle.tables, 1):
        _file(root, table, number)
    data = SubElement(root, "dataDscr")
    for number, table in enumerate(bundle.tables, 1):
        for at, one in enumerate(table.variables, 1):
            _variable(data, one, reasons_in(one, table), file=f"F{number}", identity=f"F{number}V{at}")
    ElementTree.indent(root)
    found: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _file(root: Element, table: Table, number: int) -> None:
    about = SubElement(SubElement(root, "fileDscr", {"ID": f"F{number}"}), "fileTxt")
    _text(about, "fileName", f"{table.name}.csv")
    _text(about, "fileCont", table.description)
    sizes = SubElement(about, "dimensns")
    _text(sizes, "caseQnty", str(table.rows.height))
    _text(sizes, "varQnty", str(table.rows.width))
    _text(about, "fileType", "text/csv; charset=utf-8")


def _variable(data: Element, one: Variable, reasons: Mapping[str, str], *, file: str, identity: str) -> None:
    is_measured = one.kind in _NUMERIC
    kind = {"intrvl": "contin" if one.kind == "number" else "discrete"}
    found = SubElement(data, "var", {"ID": identity, "name": one.name, "files": file, **kind})
    _text(found, "labl", one.source)
    bounds = {"min": one.minimum, "max": one.maximum}
    if told := {name: f"{bound:g}" for name, bound in bounds.items() if bound is not None}:
        SubElement(SubElement(found, "valrng"), "range", told)
    if one.description:
        _text(found, "txt", one.description)
    for code in one.categories or one.labels:
        category = SubElement(found, "catgry")
        _text(category, "catValu", code)
        _text(category, "labl", one.labels.get(code, code))
    for code, label in reasons.items():
        category = SubElement(found, "catgry", {"missing": "Y"})
        _text(category, "catValu", code)
        _text(category, "labl", label)
    form = {"type": "numeric" if is_measured else "character"}
    if one.kind in _CATEGORIES:
        form["category"] = _CATEGORIES[one.kind]
    SubElement(found, "varFormat", form)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = "".join(one for one in text if one >= " " or one in "\t\n")

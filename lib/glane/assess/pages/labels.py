"""What pages write for the codes of a result: yes and no, reasons for no value, and assertions."""

from __future__ import annotations

from collections.abc import Mapping

from glane.types import Assertion, Language, Missing

CODES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "true": "oui",
        "false": "non",
        Missing.NOT_STATED: "non mentionné",
        Missing.DENIED: "nié par le texte",
        Missing.UNCERTAIN: "incertain",
        Missing.CONFLICTING: "contradictoire",
        Missing.UNREADABLE: "illisible",
        Assertion.PRESENT: "présent",
        Assertion.ABSENT: "absent",
        Assertion.POSSIBLE: "possible",
        Assertion.HISTORICAL: "antécédent",
        Assertion.FAMILY: "familial",
    },
    "en": {
        "true": "yes",
        "false": "no",
        Missing.NOT_STATED: "not stated",
        Missing.DENIED: "denied by the text",
        Missing.UNCERTAIN: "uncertain",
        Missing.CONFLICTING: "conflicting",
        Missing.UNREADABLE: "unreadable",
        Assertion.PRESENT: "present",
        Assertion.ABSENT: "absent",
        Assertion.POSSIBLE: "possible",
        Assertion.HISTORICAL: "historical",
        Assertion.FAMILY: "family",
    },
}

"""Facts on confidentiality: what the model was given, where it ran, what is kept and who may read it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from glane.assess.pages.page import decimal
from glane.corpus.pseudonymised import known_rules
from glane.engine.registry import engine_kind
from glane.extraction.attention import attention_lines
from glane.languages import in_language, numbers_in
from glane.pseudonyms.kinds import counted
from glane.reporting.fact import MOST_FIELDS, Fact, count
from glane.reporting.known import Known
from glane.reporting.words import WORDS
from glane.run.environment import Guard
from glane.settings.keep import KINDS
from glane.types import Language

_WEAKEST: tuple[Guard, ...] = ("", "off", "python", "kernel")  # the weakest first


def _columns(known: Known, language: Language) -> str:
    words, data = WORDS[language], known.settings.data
    carried = ", ".join(data.carry_columns) or words["no_column"]
    return words["columns"].format(inputs=", ".join(known.task.inputs), carried=carried, id=data.result_id)


def _computed_on(known: Known, language: Language) -> str:
    hosts = ", ".join(known.summary.hosts[:MOST_FIELDS])
    told, engine = WORDS[language]["computed_on"], known.settings.model.engine
    weights = [WORDS[language]["weights_read"]] if engine_kind(engine).has_weights else []
    return " ".join([told.format(engine=engine, hosts=hosts), *weights])


def _network(known: Known, language: Language) -> str:
    words, run = WORDS[language], known.settings.run
    guards = [one.guard for one in known.starts]
    weakest = min(guards, key=_WEAKEST.index)
    told = [words[f"guard_{weakest or 'unknown'}"]]
    if len(set(guards)) > 1:
        told.append(words["guard_weakest"].format(num=len(guards)))
    if run.allow_hosts:
        told.append(words["allowed"].format(hosts=", ".join(run.allow_hosts)))
    if weakest in ("kernel", "python"):
        refused = words["refused" if known.num_refused else "none_refused"]
        told.append(refused.format(num=count(known.num_refused, language)))
    return " ".join(told)


def _between_nodes(known: Known, language: Language) -> str | None:
    words, ways = WORDS[language], [one.between_nodes for one in known.starts]
    if not any(ways):
        return None
    told = words["nodes_plain" if "plain" in ways else "nodes_tls"]
    if len(ways) > 1:
        counted = {way: ways.count(way) for way in ("tls", "plain", "")}
        told += " " + words["nodes_of_starts"].format(
            all=len(ways), tls=counted["tls"], plain=counted["plain"], none=counted[""]
        )
    return told


def _erasures(known: Known, language: Language) -> str:
    words = WORDS[language]
    told = [words["erased"].format(num=count(one.documents, language), time=one.time) for one in known.erasures]
    return " ".join(told) or words["none_erased"]


def _retention(known: Known, language: Language) -> str | None:
    words = WORDS[language]
    ages = {kind: age for kind in KINDS if (age := known.keep.of(kind)) is not None}
    if not ages:
        return None
    told = [words["age"].format(what=words[f"kind_{kind}"], age=_age(age, language)) for kind, age in ages.items()]
    return words["retention"].format(ages=words["and"].join(told))


def _age(days: float, language: Language) -> str:
    words = WORDS[language]
    if math.isinf(days):
        return words["age_never"]
    return words["age_days"].format(days=decimal(days, language, digits=0 if days.is_integer() else 1))


def _audit(known: Known, language: Language) -> str:
    words = WORDS[language]
    folders = [one.audit_log for one in known.starts]
    named = list(dict.fromkeys(filter(None, folders)))
    if not named:
        return words["audit_unknown" if None in folders else "no_audit"]
    told = words["audited"].format(folder=", ".join(named))
    without = sum(not folder for folder in folders)
    return f"{told} {words['audited_in_part'].format(num=without, all=len(folders))}" if without else told


def _pseudonyms(known: Known, language: Language) -> str:
    made, words = known.pseudonyms, WORDS[language]
    rules = known_rules(known.description.fingerprint) if made is None else made.rules
    if rules is None:
        return words["not_pseudonymised"]
    told = words["pseudonymised_before"]
    if made is not None:
        replaced = numbers_in(in_language(counted(made.replaced), language), language)
        told = words["pseudonymised"].format(replaced=replaced)
    return f"{told} {words[f'dates_{rules.dates}']}"


def _encryption(known: Known, language: Language) -> str | None:
    if known.is_encrypted is None:
        return None
    return WORDS[language]["encrypted" if known.is_encrypted else "not_encrypted"]


def _licence(known: Known, language: Language) -> str:
    words, model = WORDS[language], known.settings.model
    told = words["licence"].format(licence=model.licence or words["not_recorded"])
    return told if model.released is None else f"{told} {words['released'].format(month=model.released)}"


def _kept_in(known: Known, language: Language) -> str:
    return WORDS[language]["kept_in"].format(folder=known.folder)


def _permissions(known: Known, language: Language) -> str:
    words, run = WORDS[language], known.settings.run
    dumps = words["core_dumps" if run.core_dumps else "no_core_dumps"]
    return f"{words['group_reads' if run.group_access else 'owner_reads']} {dumps}"


def _digests(known: Known, language: Language) -> str:
    words = WORDS[language]
    return words["digests"].format(num=len(known.description.files), digest=known.description.fingerprint_digest)


def _journals(known: Known, language: Language) -> str:
    words, run = WORDS[language], known.settings.run
    places = [words["journals"]]
    places += [words["metrics_in"].format(folder=run.metrics_dir)] if run.metrics_dir is not None else []
    places += [words["site_log"].format(file=run.site_log)] if run.site_log is not None else []
    return " ".join(places)


def _attention(known: Known, language: Language) -> str:
    lines = attention_lines(known.summary.attention, above=0.0)[:-1]
    return " ".join(f"{in_language(one, language).rstrip('.')}." for one in lines) or WORDS[language]["no_sign"]


CONFIDENTIAL: Mapping[str, Fact] = {
    "columns": Fact(tell=_columns),
    "computed_on": Fact(tell=_computed_on),
    "network": Fact(tell=_network),
    "between_nodes": Fact(tell=_between_nodes),
    "erasures": Fact(tell=_erasures),
    "retention": Fact(tell=_retention),
    "audit": Fact(tell=_audit),
    "pseudonyms": Fact(tell=_pseudonyms),
    "encryption": Fact(tell=_encryption),
    "licence": Fact(tell=_licence),
    "kept_in": Fact(tell=_kept_in),
    "permissions": Fact(tell=_permissions),
    "digests": Fact(tell=_digests),
    "journals": Fact(tell=_journals),
    "attention": Fact(tell=_attention),
}

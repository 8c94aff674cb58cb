"""Every command, model, task and key that a help text or a message names exists, in both languages."""

from __future__ import annotations

import importlib
import re
from collections import Counter

import pytest

from glane.cli import COMMANDS, _overview
from glane.composition import dotted_keys, groups, unresolved
from glane.composition.places import CONF
from glane.languages import in_language
from glane.settings.words import key_types
from glane.task.task import _Definition
from glane_tools.messages import tables

_COMMAND = re.compile(r"\bglane ([a-z]+(?:-[a-z]+)*)")
_CALLED = re.compile(_COMMAND.pattern + r"(?= (?:[\w.]+=|…|--))")
_CHOSEN = re.compile(r"(?<![\w.])(model|task|cluster|reading|to)=([a-z][\w-]*)")
_KEY = re.compile(r"(?<![\w./{}:-])((?:data|run|model|cluster|task|out|pilot|small|large|limits|options)\.[a-z_]+)")
_NO_KEYS = {"run.yaml", "pilot.json", "limits.conf", "run.evidence"}  # files, and a function
_OF_OTHERS = {"co"}  # the tasks that examples make


def _docs():
    for name in COMMANDS:
        yield name, importlib.import_module(f"glane.commands.{name.replace('-', '_')}").__doc__


def _texts():
    for name, doc in _docs():
        yield from ((name, doc), (name, "\n".join(map(_in_french, doc.split("\n")))))
    for room, table in tables("fr").items():
        for entry in table:
            yield from ((room, entry.msgid), (room, entry.msgstr))


def _in_french(text):
    return in_language(text, "fr")


def _known_keys():
    found = {f"task.{name}" for name in _Definition.model_fields}
    for config in (name.replace("-", "_") for name in COMMANDS):
        found |= {key for key, _ in dotted_keys(unresolved(config))} | set(key_types(config))
    for path in CONF.glob("*/*.yaml"):
        found |= {f"{path.parent.name}.{key}" for key in re.findall(r"^([a-z_]+):", path.read_text(), re.MULTILINE)}
    return found


def test_every_command_that_is_named_exists():
    called = {(name, one) for name, text in _texts() for one in _CALLED.findall(text)}
    assert len({one for _, one in called}) > 10
    assert {one for _, one in called} <= {*COMMANDS, "completion"}, called


def test_every_model_task_and_cluster_that_is_named_exists():
    there = {"to": {"csv", "xlsx", "parquet", "duckdb", "r", "sas", "datapackage", "omop", "labelstudio", "brat"}}
    for config in ("extract", "ingest"):
        there |= {group: {*there.get(group, ()), *names} for group, names in groups(config).items()}
    named = {(group, name) for _, text in _texts() for group, name in _CHOSEN.findall(text)}
    assert len(named) > 10
    assert [one for one in sorted(named) if one[1] not in there[one[0]] | _OF_OTHERS] == []


def test_every_key_that_is_named_exists():
    known = _known_keys()
    named = {one for _, text in _texts() for one in _KEY.findall(text)} - _NO_KEYS
    assert len(named) > 60
    assert sorted(named - known) == []


def test_a_translation_names_the_commands_that_its_message_names():
    wrong = []
    for table in tables("fr").values():
        for entry in table:
            english, french = (
                Counter(one for one in _COMMAND.findall(text.replace("glane runs only", "")) if one in COMMANDS)
                for text in (entry.msgid, entry.msgstr)
            )
            if english != french:
                wrong.append(entry.msgid)
    assert wrong == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_in_a_help_text_stay_as_they_are(name):
    lines = [line for line in dict(_docs())[name].split("\n") if line.strip().startswith("glane ")]
    for line in lines:
        command = re.split(r" {3,}", line.strip())[0]
        assert in_language(line, "fr").strip().startswith(command), line


def test_the_overview_is_in_the_language_of_the_user(monkeypatch):
    monkeypatch.setenv("GLANE_LANG", "fr")
    assert _overview().startswith("glane COMMANDE [clé=valeur …]")
    assert "COMMAND " not in _overview()
    assert [line.split()[0] for line in _overview().splitlines() if line.startswith("  ")] == list(COMMANDS)

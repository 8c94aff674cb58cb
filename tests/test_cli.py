"""The command `glane`: help, versions, the order of words, free text, completion in a real shell."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import ROOT, job_here
from glane import cli
from glane.cli import COMMANDS, _completed, _overview
from glane.composition import CONF, composed, dotted_keys, run_composed, unresolved, with_keys
from glane.composition.bare import _BARE
from glane.settings.words import SETTINGS, key_types

GLANE = [sys.executable, "-c", "import sys; sys.argv[0] = 'glane'; from glane.cli import main; main()"]

CHOSEN = ("task=ed_visit", "model=demo")


def glane(*words: str, check: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*GLANE, *words], capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def test_its_help_lists_every_command_in_a_line() -> None:
    shown = glane().stdout
    assert shown == glane("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\w.+\.$", shown, re.MULTILINE), name
    assert {name.replace("-", "_") for name in COMMANDS} == {
        path.stem for path in Path(cli.__file__).with_name("commands").glob("*.py") if path.stem != "__init__"
    }


def test_help_of_a_command_says_first_what_must_be_given() -> None:
    shown = glane("extract", "--help").stdout
    told = [
        shown.index(words) for words in ("glane extract task=", "Must be given:", "Chosen by name", "lease_s: 60.0")
    ]
    assert told == sorted(told)
    assert "task=death_certificate, ed_visit" in shown
    assert "seconds between" in shown  # comments stand beside their keys
    assert "hydra" not in shown


def test_its_version_and_a_wrong_command() -> None:
    assert re.fullmatch(r"glane \d+\.\d+\.\d+\S*\n", glane("--version").stdout)
    wrong = glane("extrct", check=2).stderr
    assert wrong.startswith("error: extrct: there is no such command. Did you mean 'extract'?")
    assert "Traceback" not in wrong


@pytest.mark.parametrize(("language", "mood"), [("en", r"[A-Z][a-z]+"), ("fr", r"[A-ZÉ]\w+(?:er|ir|re)")])
def test_each_command_says_what_it_does_in_the_same_mood(
    language: str, mood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its first word: an imperative in English, an infinitive in French."""
    monkeypatch.setenv("GLANE_LANG", language)
    told = [" ".join(line.split()[1:]) for line in _overview().splitlines() if line.startswith("  ")]
    assert len(told) == len(COMMANDS)
    for line in told:
        assert re.fullmatch(mood, line.split()[0]), line
        assert line.split()[0] not in ("A", "An", "The", "Two"), line


@pytest.mark.parametrize("words", [(), ("--help",), ("extract", "--help"), ("status", "--help"), ("--version",)])
def test_what_only_tells_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.argv = ['glane', *{words!r}]\nfrom glane.cli import main\nmain()\n"
        "print('HEAVY', sorted({'ray', 'vllm', 'torch', 'polars', 'pyarrow', 'scipy', 'submitit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_options_and_overrides_stand_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "own.yaml").write_text("name: own\ninstructions: x\nfields: {a: {type: boolean}}\n")
    words = ["task=own", "data.path=x", "model=scripted", "--config-dir", str(tmp_path), "run.dir=y", "--cfg", "job"]
    first = glane("extract", *words).stdout
    assert "name: own" in first
    assert glane("extract", *words[3:5], *words[:3], *words[5:]).stdout == first
    assert glane("extract", *words[6:], *words[:6]).stdout == first


@pytest.mark.parametrize(
    "text",
    [
        "compte rendu médical",
        "n°",
        "Numéro de séjour (1)",
        "l'entrée",
        'dit "oui"',
        "a,b",
        "a=b",
        "50 %",
        "[x",
        "C:\\notes\\",
        "a$ \\'b\\\\",
        "«50 €»",
        "{y",
        "#1",
        "~/notes",
        "2024",
        "20241105",
        "2024-11-05",
        "1e3",
        "true",
        "12:30",
        "'x' = y AND z = 'w'",
    ],
)
def test_text_is_written_as_in_any_command(text: str) -> None:
    import yaml

    keys = ("text_column", "id_column", "path", "where")
    told = [*(f"data.{key}={text}" for key in keys), f"run.dir={text}", f"model.tokenizer={text}"]
    values = yaml.safe_load(job_here(*told, f"task.instructions={text}", "--cfg", "job").stdout)
    assert {key: values["data"][key] for key in keys} == dict.fromkeys(keys, text)
    assert (values["run"]["dir"], values["model"]["tokenizer"], values["task"]["instructions"]) == (text, text, text)


def test_a_list_of_texts_is_a_list_of_texts() -> None:
    import yaml

    shown = job_here("data.path=x", "data.carry_columns=[poids (kg), âge,n°]", "--cfg", "job").stdout
    assert yaml.safe_load(shown)["data"]["carry_columns"] == ["poids (kg)", "âge", "n°"]


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("data.carry_columns=a,b", ["a", "b"]),
        ("data.carry_columns=[a, b]", ["a", "b"]),
        ("data.carry_columns=[2024,true]", ["2024", "true"]),
        ("data.carry_columns=a", ["a"]),
        ("data.carry_columns=Code postal", ["Code postal"]),
        ("data.carry_columns=['a, b',c]", ["a, b", "c"]),
        ("data.carry_columns=[]", []),
        ("cluster.setup=module load a, b", ["module load a, b"]),
    ],
)
def test_lists_are_written_with_or_without_brackets(told: str, read: list[str]) -> None:
    values = composed(
        "extract", [*CHOSEN, "data.path=x", "run.dir=y", "cluster=slurm", told], types=key_types("extract")
    )
    group, _, key = told.partition("=")[0].partition(".")
    assert values[group][key] == read


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["data.path=a b,~/c"], ["a b", "~/c"]),
        (["data.path=choice(a,b)"], ["a", "b"]),
        (["data.path=x", "data.where=a IN (1,2)"], ["x"]),
    ],
)
def test_a_sweep_parts_texts_at_their_commas(words: list[str], read: list[str]) -> None:
    found: list[str] = []
    run_composed(
        lambda values: found.append(values["data"]["path"]),
        config_name="extract",
        arguments=["-m", *CHOSEN, *words, "run.dir=y"],
        types=key_types("extract"),
    )
    assert found == read


def test_every_job_has_its_settings() -> None:
    assert {path.stem for path in CONF.glob("*.yaml")} - {"benchmark"} == set(SETTINGS)
    assert {name.replace("-", "_") for name in COMMANDS} <= set(SETTINGS)


@pytest.mark.parametrize("words", ["extract --help", "--help", "extract data.path=x run.dir=y --cfg job"])
def test_who_reads_may_stop_reading(words: str) -> None:
    code = "import time; time.sleep(0.3); from glane.cli import main; main()"  # until nobody reads
    command = f"{sys.executable} -c '{code}' {words} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout.strip(), done.stderr) == ("141", "")


def test_names_in_a_folder_of_the_users_are_completed_and_told(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "edge.yaml").write_text("name: edge\n")
    assert _completed(["glane", "extract", "--config-dir", str(tmp_path), "task=edg"]) == ["task=edge "]
    assert _completed(["glane", "extract", f"--config-dir={tmp_path}", "task=ed_"]) == ["task=ed_visit "]
    told = glane("extract", "--config-dir", str(tmp_path), "--help").stdout
    assert re.search(r"task=.*\bed_visit, edge\b", told)


def test_what_can_be_completed() -> None:
    assert _completed(["glane", "ev"]) == ["evaluate "]
    assert _completed(["glane", "extract", "model=mistral_s"]) == ["model=mistral_small "]
    assert "data.path=" in _completed(["glane", "extract", "task=ed_visit", "data."])
    assert _completed(["glane", "extract", "task=own_of_the_users", "data.pa"]) == ["data.path="]
    assert _completed(["glane", "nothing", "x"]) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("glane ev", ["evaluate "]),
        ("glane extract data.pa", ["data.path="]),
        ("glane extract task=ed", ["task=ed_visit "]),
    ],
)
def test_completion_in_a_real_bash(line: str, found: list[str], tmp_path: Path) -> None:
    """Bash sets the variables of a completion as it does at a tab, and calls what the command told it."""
    program = tmp_path / "glane"
    program.write_text(f'#!/bin/bash\nexec {sys.executable} -c "{GLANE[2]}" "$@"\n')
    program.chmod(0o755)
    words = " ".join(f"'{word}'" for word in line.split(" "))
    script = (
        f'export PATH="{tmp_path}:$PATH"\neval "$(glane completion bash)"\n'
        f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}\n"
        'compopt() { :; }\n_glane\nprintf "%s\\n" "${COMPREPLY[@]}"\ncomplete -p glane >&2\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == found
    assert "_glane glane" in done.stderr


@pytest.mark.slow
def test_completion_at_the_tab_of_an_interactive_bash(tmp_path: Path) -> None:
    """Typed into a terminal: bash itself parts the line, calls the function and writes what it found."""
    (tmp_path / "glane").write_text(f'#!/bin/bash\nexec {sys.executable} -c "{GLANE[2]}" "$@"\n')
    (tmp_path / "glane").chmod(0o755)
    (tmp_path / "my notes").mkdir()
    (tmp_path / "documents.parquet").touch()
    steps = [
        ("glane extr\t", "act "),
        ("mod\t", "el"),
        ("=mistral_sm\t", "all "),
        ("data.pa\t", "th="),
        ("docu\t", "ments.parquet "),
        ("--config-d\t", "ir "),
    ]
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (50, 300))  # a line that is not broken
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PS1": "ready> ", "TERM": "dumb"}
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], stdin=terminal, stdout=terminal, stderr=terminal, cwd=tmp_path,
        env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        told = expect(main, "ready> ")
        os.write(main, b'eval "$(glane completion bash)"; echo do""ne\n')
        told = expect(main, "done\r\n")
        expect(main, "ready> ", told.partition("done\r\n")[2])
        for typed, completed in steps:
            os.write(main, typed.encode())
            expect(main, typed.rstrip("\t") + completed)
    finally:
        shell.kill()
        shell.wait()
        os.close(main)


def expect(terminal: int, words: str, seen: str = "") -> str:
    """Read what a terminal shows until these words are there."""
    deadline = time.monotonic() + 60
    while words not in seen:
        assert time.monotonic() < deadline, f"no {words!r} in {seen!r}"
        if select.select([terminal], [], [], 0.5)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace").replace("\a", "")  # the bell: several fit
    return seen


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--preview", "3"], ["--preview: no such option", "--config-dir", "key=value"]),
        (["--config-dr", "x"], ["Did you mean '--config-dir'"]),
        (["task", "=", "ed_visit"], ["without blanks"]),
        (["task"], ["neither an option nor key=value"]),
        (["data.carry_columns=[a,", "b]"], ["is not closed", "'data.carry_columns=[a, b]'"]),
        (["model=demo,scripted"], ["model: demo,scripted are several", "-m"]),
    ],
)
def test_a_wrong_word_is_answered_in_a_sentence(words: list[str], told: list[str]) -> None:
    wrong = glane("extract", "data.path=x", *words, check=2).stderr
    assert wrong.startswith("error: ")
    assert all(word in wrong for word in told), wrong


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "own.yaml").write_bytes("name: own\ninstructions: fièvre\n".encode("latin-1"))
    wrong = glane("extract", "task=own", "data.path=x", "--config-dir", str(tmp_path), check=2).stderr
    assert f"{tmp_path}/task/own.yaml, line 2: not UTF-8" in wrong


def test_what_keys_must_be_together_has_no_key_before_it() -> None:
    assert glane("status", check=2).stderr.startswith("error: give run.dir=")


def test_help_tells_the_keys_of_what_is_chosen() -> None:
    shown = glane("extract", "cluster=slurm", "model=mistral_small", "--help").stdout
    assert "array_parallel: null" in shown
    assert "tokenizer_mode: mistral" in shown
    assert "cluster=slurm" not in glane("status", "--help").stdout
    assert "array_parallel" not in glane("extract", "--help").stdout


@pytest.mark.parametrize("name", [*COMMANDS])
def test_help_lists_something_wherever_it_says_that_something_is_chosen(name: str) -> None:
    config = name.replace("-", "_")
    lines = cli._help(f"glane {name}", config, []).splitlines()
    for place, line in enumerate(lines):
        if line.startswith(("Chosen by name", "Must be given")):
            assert "=" in lines[place + 1], name
    if name == "aggregate":
        assert "  table=weekly_co" in lines


@pytest.mark.parametrize(
    ("name", "told"), [("aggregate", "nothing is kept"), ("runs", "nothing is kept"), ("extract", "what is committed")]
)
def test_an_interruption_says_what_is_kept(name: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    def job(_: object) -> None:
        raise KeyboardInterrupt

    words = {
        "aggregate": ["table=weekly_co", "out.dir=x"],
        "extract": ["data.path=x", "task=ed_visit", "model=scripted", "run.dir=x"],
    }
    with pytest.raises(SystemExit) as ended:
        cli.run_job(job, config_name=name, text="", arguments=words.get(name, []))
    assert ended.value.code == 130
    assert f"interrupted; {told}" in capsys.readouterr().err


def test_commands_that_go_on_are_commands() -> None:
    assert {name.replace("-", "_") for name in COMMANDS} >= cli._GO_ON


def test_a_status_loads_neither_engine_nor_polars(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = ['glane', 'status', 'run.dir={tmp_path}']\nfrom glane.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('HEAVY', sorted({'ray', 'vllm', 'torch', 'polars', 'scipy', 'submitit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_completion_of_another_shell_is_refused() -> None:
    assert "Valid: bash" in glane("completion", "fish", check=2).stderr


def test_jobs_are_doors_of_a_few_lines() -> None:
    for path in (ROOT / "jobs").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 31, path.name


def test_what_a_sweep_notes_lies_in_no_place_that_can_be_foretold(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "USER": "somebody", "HOME": str(tmp_path)}
    done = subprocess.run(
        [*GLANE, "demo-corpus", "-m", f"path={tmp_path}/c", "documents=3", "seed=1,2"], capture_output=True, text=True,
        timeout=120, check=False, env={**environment, "PYTHONPATH": str(ROOT / "lib")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c"]


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("status", ["runs/demo", "json=true"], ["run.dir=runs/demo", "json=true"]),
        ("status", ["runs/*"], ["runs=runs/*"]),
        ("status", ["a", "b"], ["runs=[a,b]"]),
        ("runs", ["a", "b"], ["folder=[a,b]"]),
        ("clean", ["scratch/*"], ["runs=scratch/*"]),
        ("estimate", ["a", "b", "field=fever"], ["run.dirs=[a,b]", "field=fever"]),
        ("review", ["runs/demo", "out.dir=x"], ["run.dir=runs/demo", "out.dir=x"]),
        ("ingest", ["letters/"], ["source=letters/"]),
        ("new_task", ["d.csv", "about=x"], ["from=d.csv", "about=x"]),
        ("export", ["a", "b"], ["a", "b"]),  # of one run alone: an error
        ("evaluate", ["a", "run.dir=b"], ["a", "run.dir=b"]),  # which of both?
        ("extract", ["a"], ["a"]),
        ("status", ["json=true", "a"], ["json=true", "a"]),
    ],
)
def test_a_path_that_stands_first_needs_no_key(name: str, words: list[str], expected: list[str]) -> None:
    assert with_keys(name, words) == expected


def test_keys_of_paths_are_keys_of_their_commands() -> None:
    for name, keys in _BARE.items():
        known = {key for key, _ in dotted_keys(unresolved(name))}
        assert {key for key in keys if key} <= known, name


@pytest.mark.parametrize("name", ["status", "export", "review", "evaluate", "estimate", "calibrate", "sentinels"])
def test_a_bare_run_is_taken_by_every_command_of_runs(name: str, tmp_path: Path) -> None:
    """The error is that of the run, or of what else is missing, not of the word."""
    done = job_here(str(tmp_path / "none"), name=name, check=2)
    assert "neither an option" not in done.stderr


@pytest.mark.parametrize(("error", "is_told"), [(pl.exceptions.ComputeError("x"), True), (ValueError("x"), False)])
def test_where_a_library_cannot_read_a_file_how_to_look_for_damage_is_told(error, is_told, capsys):
    def job(values):
        raise error

    with pytest.raises(SystemExit, match="1"):
        cli.run_job(job, config_name="runs", text="", arguments=[])
    assert ("may be damaged: glane verify run.dir=…" in capsys.readouterr().err) == is_told

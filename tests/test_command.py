"""The command line: overrides, help, and errors that say what would have been right."""

import re

import pytest
from omegaconf import OmegaConf

import glane
from conftest import ROOT, SMALL_TASK, job, job_here, write_documents
from glane.composition import composed
from glane.errors import ConfigError
from glane.settings import extract_settings


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data.pth=x"], ["data.pth", "Did you mean 'data.path'"]),
        (["modle=demo"], ["modle", "Did you mean 'model'"]),
        (["model.max_tokns=3", "data.path=x"], ["model.max_tokns", "Did you mean 'model.max_tokens'"]),
        (["+data.pth=x", "data.path=x"], ["data.pth", "Did you mean 'path'"]),
        (["task=ed_visite"], ["task/ed_visite", "Did you mean 'ed_visit'"]),
        (["run.lease_s=1", "data.path=x"], ["run", "lease_s 1.0"]),
        (["data.limit=0", "data.path=x"], ["data.limit", "greater than or equal to 1", "it is 0"]),
        (["data.sample=1.5", "data.path=x"], ["data.sample", "between 0 and 1"]),
        ([], ["data.path", "missing"]),
        (["data.path=/nowhere/*.parquet"], ["no file matches"]),
        (["data.path=LICENSE", "model.path=/nowhere"], ["model.path", "/nowhere"]),
    ],
)
def test_a_wrong_command_is_answered_in_a_sentence(arguments, words):
    done = job_here(*arguments, check=2, cwd=ROOT)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    for word in words:
        assert word in done.stderr


def test_help_and_cfg_are_useful():
    done = job("--help", cwd=ROOT)
    assert "glane extract task=ed_visit" in done.stdout
    assert all(task.stem in done.stdout for task in (ROOT / "conf" / "task").glob("*.yaml"))
    assert "lease_s" in job_here("--cfg", "job", "data.path=x", cwd=ROOT).stdout


def shipped(group):
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


@pytest.mark.parametrize(
    ("model", "task"),
    [  # each model and each task once; the other pairs take longer
        pytest.param(model, task, marks=() if model == "demo" or task == "ed_visit" else pytest.mark.slow)
        for model in shipped("model")
        for task in shipped("task")
    ],
)
def test_every_shipped_configuration_is_valid(model, task):
    own = (
        ["model.name=x", "model.path=x"] if model in ("hf", "embedding") else []
    )  # files of one's own inherit from them
    values = composed("extract", [f"model={model}", f"task={task}", "data.path=x", *own])
    assert extract_settings(values).task["name"] == task


def test_a_configuration_is_shown_resolved_once_task_and_model_are_chosen():
    done = job_here("data.path=x", "--cfg", "job", "--resolve", as_told=True, check=2)
    assert "task: none is chosen" in done.stderr
    assert "model: none is chosen" in done.stderr
    assert "???" in job_here("--cfg", "job", as_told=True).stdout


def test_weights_that_were_not_copied_whole_are_refused(tmp_path):
    source = ROOT / "lib" / "glane" / "demo" / "model"
    for file in source.iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[:-1] if file.suffix == ".safetensors" else content)
    data = write_documents(tmp_path / "d.parquet", ["a"])
    done = job_here(f"data.path={data}", f"model.path={tmp_path}", f"run.dir={tmp_path}/run", check=2)
    assert "model.safetensors is damaged or was not copied whole" in done.stderr
    (tmp_path / "model.safetensors").unlink()
    assert "no weights" in job_here(f"data.path={data}", f"model.path={tmp_path}", check=2).stderr


def test_a_task_outside_the_repository_is_reached_and_previewed(tmp_path):
    (tmp_path / "mine" / "task").mkdir(parents=True)
    (tmp_path / "mine" / "task" / "own.yaml").write_text(OmegaConf.to_yaml({**SMALL_TASK, "name": "own"}))
    data = write_documents(tmp_path / "d.parquet", [f"bonjour {i}" for i in range(20)])
    arguments = ["--config-dir", str(tmp_path / "mine"), "task=own", "model=scripted", f"data.path={data}", "preview=3"]
    done = job(*arguments, cwd=tmp_path)
    assert done.stdout.count(": prompt,") == 3
    assert done.stdout.count(": answer, ") == 3
    assert len(re.findall(r"^=== d\d: OK$", done.stdout, re.MULTILINE)) == 3
    assert "bonjour 2" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.parquet", "mine"]


@pytest.mark.parametrize("name", ["extract", "plan"])
@pytest.mark.parametrize(
    ("words", "lacking"),
    [
        ([], ["task", "model"]),
        (["task=ed_visit"], ["model"]),
        (["model=demo"], ["task"]),
        (["task=own", "model.path=/weights"], ["model"]),
        (["task=ed_visit", "model=null"], ["model"]),
        (["task=ed_visit", "model="], ["model"]),
        (["task=ed_visit", "~model"], ["model"]),
        (["~task", "model=demo"], ["task"]),
        (["-m", "model=demo,scripted"], ["task"]),
    ],
)
def test_a_forgotten_task_or_model_is_an_error_that_lists_what_there_is(words, lacking, name, tmp_path):
    for group in ("task", "model"):
        (tmp_path / "mine" / group).mkdir(parents=True)
        (tmp_path / "mine" / group / "own.yaml").write_text("name: own\npath: x\n")
    told = ["--config-dir", "mine", *words, "data.path=x", "run.dir=run"]
    done = job_here(*told, name=name, check=2, cwd=tmp_path, as_told=True)
    told_of = dict(re.findall(r"(\w+): none is chosen\. Set \1=NAME\. Valid: (.*)\.\n", done.stderr))
    assert sorted(told_of) == sorted(lacking)
    for group, names in told_of.items():
        assert names.split(", ") == sorted([*shipped(group), "own"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_glane_extract_chooses_no_task_and_no_model_either(tmp_path):
    with pytest.raises(ConfigError, match=r"task: none is chosen.*ed_visit.*\nmodel: none is chosen.*demo, "):
        glane.extract("x", run_dir=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"\Amodel: none is chosen\. Set model=NAME\. Valid: demo, .*\.\Z"):
        glane.extract("x", task=SMALL_TASK, run_dir=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []

"""Exports to Label Studio and brat, and what people marked there as right answers."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import glane
from conftest import extract_here, job_here
from export_cases import TEXTS, make_run, rows_of
from glane.assess.annotations.answers import read_annotations
from glane.assess.annotations.said import brat_said
from glane.errors import ConfigError, DataError, RunError
from glane.exports.brat import _lines
from glane.exports.marked import Marked, Span
from test_groups import ROWS, grouped, write

PLAIN = ("age", "sex", "onset", "seen", "note", "temperature", "fever", "signs", "days", "hour", "at")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"), TEXTS)


def annotated(folder: Path, path: Path, **changes: Any) -> Path:
    """What Label Studio exports once a person has opened every document and submitted it as it was."""
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    for number, task in enumerate(tasks):
        (prediction,) = task.pop("predictions")
        task |= {
            "id": number,
            "annotations": [{"result": prediction["result"], "was_cancelled": False, "lead_time": 12.5} | changes],
        }
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def listed(folder: Path, *changes: tuple[str, str, str]) -> None:
    """Fill in `documents.csv`: a file (or all), a column, and what stands there then."""
    path = folder / "documents.csv"
    table = pl.read_csv(path, separator=";", infer_schema=False)
    for name, column, value in changes:
        is_meant = pl.lit(True) if name == "all" else pl.col("file") == name
        table = table.with_columns(pl.when(is_meant).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))
    table.write_csv(path)


def test_texts_leave_only_where_that_is_said(run: Path, tmp_path: Path) -> None:
    for target in ("labelstudio", "brat"):
        with pytest.raises(ConfigError, match=r"Say text=true if they may leave"):
            glane.export(run, target, tmp_path / "out")  # type: ignore[arg-type]
        done = job_here(f"run.dir={run}", f"to={target}", f"out.dir={tmp_path}/out", name="export", check=2)
        assert "text=true" in done.stderr
    assert not (tmp_path / "out").exists()


def test_offsets_of_label_studio_are_code_points(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text(encoding="utf-8"))
    assert [one["data"]["text"] for one in tasks] == TEXTS
    regions = [
        (task["data"]["text"], one["value"])
        for task in tasks
        for one in task["predictions"][0]["result"]
        if one["type"] == "labels"
    ]
    assert len(regions) > 50
    assert any("𝒳" in text[: value["end"]] for text, value in regions)  # beyond the basic plane: two units of UTF-16
    for text, value in regions:
        assert text[value["start"] : value["end"]] == value["text"]
    assert "tirées au hasard" in tasks[0]["predictions"][0]["model_version"]


def test_the_interface_has_a_control_for_each_result(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    root = ElementTree.parse(tmp_path / "out" / "interface.xml").getroot()
    controls = {one.get("name"): one for one in root.iter() if one.get("name")}
    labels = {one.get("value") for one in root.iter("Label")}
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text(encoding="utf-8"))
    kinds = {"labels": "Labels", "textarea": "TextArea", "choices": "Choices"}
    for one in (part for task in tasks for part in task["predictions"][0]["result"]):
        control = controls[one["from_name"]]
        assert control.tag == kinds[one["type"]]
        assert control.get("toName") == one["to_name"] == "text"
        assert set(one["value"].get("labels", [])) <= labels
        known = {choice.get("value") for choice in control.iter("Choice")}
        assert set(one["value"].get("choices", [])) <= known


@pytest.mark.parametrize("target", ["labelstudio", "brat"])
def test_what_was_accepted_as_it_is_comes_back_as_right_answers(run: Path, tmp_path: Path, target: str) -> None:
    glane.export(run, target, tmp_path / "out", text=True)  # type: ignore[arg-type]
    gold = tmp_path / "out" / "documents"
    if target == "labelstudio":
        gold = annotated(tmp_path / "out", tmp_path / "export.json")
    else:
        listed(gold, ("all", "read", "yes"))
    rows = rows_of(run)
    found = read_annotations(gold, glane.open_run(run).task.fields, rows["id"])
    assert found.gold["id"].to_list() == rows["id"].to_list()
    names = PLAIN if target == "labelstudio" else ("fever",)  # brat shows passages only
    for name in names:
        right, told = found.gold[name].to_list(), rows[name].to_list()
        assert right == [[] if one is None and name in ("signs", "days") else one for one in told], name
    if target == "labelstudio":
        assert found.gold["onset__precision"].to_list() == rows["onset__precision"].cast(pl.String).to_list()
    evaluation = glane.evaluate(run, str(gold), fields=["fever"], samples=0)
    assert evaluation.summary.evidence["fever"].overlap_share == 1.0


def test_the_command_takes_what_people_marked(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    gold = annotated(tmp_path / "out", tmp_path / "export.json")
    words = (f"run.dir={run}", f"gold={gold}", f"out.dir={tmp_path}/evaluation", "bootstrap.samples=0")
    done = job_here(*words, name="evaluate")
    assert "fever" in done.stdout
    assert json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())["gold"] == str(gold)


def test_corrections_count_and_wrong_ones_are_refused_without_their_words(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    path = annotated(tmp_path / "out", tmp_path / "export.json")
    tasks = json.loads(path.read_text())
    fields, ids = glane.open_run(run).task.fields, rows_of(run)["id"]
    result = tasks[0]["annotations"][0]["result"]
    result[:] = [one for one in result if one["from_name"] != "whole_age"]
    age = {"id": "x", "from_name": "whole_age", "to_name": "text", "type": "textarea", "value": {"text": ["77"]}}
    result.append(age)
    path.write_text(json.dumps(tasks))
    assert read_annotations(path, fields, ids).gold["age"][0] == 77
    for text, words in (("1777", "does not allow"), ("secret", "does not allow")):
        age["value"] = {"text": [text]}
        path.write_text(json.dumps(tasks))
        with pytest.raises(DataError, match=rf"document 'd0' has a value of age that the task {words}") as told:
            read_annotations(path, fields, ids)
        assert text not in str(told.value)
    age["value"] = {"text": ["5", "6"]}
    path.write_text(json.dumps(tasks))
    with pytest.raises(DataError, match=r"document 'd0' has several values of age"):
        read_annotations(path, fields, ids)


def test_several_annotations_need_a_ground_truth_and_cancelled_ones_do_not_count(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    path = annotated(tmp_path / "out", tmp_path / "export.json")
    fields, ids = glane.open_run(run).task.fields, rows_of(run)["id"]
    tasks = json.loads(path.read_text())
    tasks[0]["annotations"].append({"result": [], "was_cancelled": False})
    path.write_text(json.dumps(tasks))
    with pytest.raises(DataError, match=r"document 'd0' has 2 annotations"):
        read_annotations(path, fields, ids)
    tasks[0]["annotations"][1]["ground_truth"] = True
    tasks[1]["annotations"][0]["was_cancelled"] = True
    path.write_text(json.dumps(tasks))
    found = read_annotations(path, fields, ids).gold
    assert found["age"][0] is None
    assert "d1" not in found["id"].to_list()


@pytest.mark.parametrize("content", ["{", "[]x", '{"a": 1}', '[{"data": {}, "annotations": [{}]}]', "[1]"])
def test_what_is_no_export_of_label_studio_is_told(run: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(content)
    with pytest.raises(DataError, match="no export of Label Studio"):
        read_annotations(path, glane.open_run(run).task.fields, rows_of(run)["id"])


def test_passages_of_brat_are_where_it_looks_for_them(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    folder = tmp_path / "out" / "documents"
    configured = (folder / "annotation.conf").read_text().split("\n\n")[0].splitlines()[1:]
    count = 0
    for path in sorted(folder.glob("*.ann")):
        text = path.with_suffix(".txt").read_bytes().decode()
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("T"):
                _, place, words = line.split("\t")
                label, start, end = place.split()
                assert label in configured
                assert text[int(start) : int(end)] == words
                count += 1
    assert count > 50


@given(
    st.text(alphabet='ab𝒳é \n\r\t"', max_size=30), st.text(alphabet='ab \n\t"\\é', min_size=1, max_size=10), st.data()
)
def test_passages_over_several_lines_and_any_value_come_back(text: str, value: str, data: st.DataObject) -> None:
    assume(text.strip("\n"))
    start = data.draw(st.sampled_from([at for at, one in enumerate(text) if one != "\n"]))
    end = data.draw(st.sampled_from([at + 1 for at, one in enumerate(text) if one != "\n" and at >= start]))
    span = Span(label="a", value=value, start=start, end=end)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1.ann"
        path.write_bytes(
            "\n".join(_lines(Marked(id="d", text=text, status="OK", reason=None, spans=[span], whole={}))).encode()
        )
        (found,) = brat_said(path.read_bytes(), path)
    assert (found.label, found.value, found.start, found.end) == ("a", value, start, end)
    assert "\n" not in (found.words or "")


def test_a_folder_of_brat_that_lost_its_list_is_refused(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    folder = tmp_path / "out" / "documents"
    fields, ids = glane.open_run(run).task.fields, rows_of(run)["id"]
    (folder / "surplus.ann").write_text("")
    with pytest.raises(DataError, match="surplus.ann is none of the files"):
        read_annotations(folder, fields, ids)
    (folder / "documents.csv").unlink()
    with pytest.raises(DataError, match="has no documents.csv"):
        read_annotations(folder, fields, ids)


def test_fields_that_brat_cannot_show_are_not_measured_as_missed(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    folder = tmp_path / "out" / "documents"
    listed(folder, ("all", "read", "oui"))
    summary = glane.evaluate(run, str(folder), samples=0).summary
    assert set(summary.fields_without_gold) == set(PLAIN) - {"fever", "signs"} | {"place", "cases", "events"}
    marks = folder / "01.ann"
    marks.write_text(
        marks.read_text(encoding="utf-8") + "T99\tage 0 2\tFi\n#99\tAnnotatorNotes T99\t7\n", encoding="utf-8"
    )
    gold = read_annotations(folder, glane.open_run(run).task.fields, rows_of(run)["id"]).gold
    assert gold["age"].to_list() == [7] + [None] * 39
    assert "sex" not in gold.columns


@pytest.mark.parametrize("target", ["labelstudio", "brat"])
def test_labels_of_another_task_are_refused(run: Path, tmp_path: Path, target: str) -> None:
    glane.export(run, target, tmp_path / "out", text=True)  # type: ignore[arg-type]
    gold = tmp_path / "out" / "documents"
    if target == "labelstudio":
        gold = annotated(tmp_path / "out", tmp_path / "export.json")
    path = gold if target == "labelstudio" else gold / "03.ann"
    path.write_text(path.read_text(encoding="utf-8").replace("signs", "sings"), encoding="utf-8")
    with pytest.raises(DataError, match=r"the label 'sings' is none of this task's. Did you mean 'signs'"):
        read_annotations(gold, glane.open_run(run).task.fields, rows_of(run)["id"])


def test_files_of_brat_are_read_whoever_wrote_them(tmp_path: Path) -> None:
    path = tmp_path / "1.ann"
    lines = [
        "T1\tsigns 0 4\ttoux",
        '#1\tAnnotatorNotes T1\t"toux" sèche',
        "T2\tsigns 5 9\ttoux",
        "R1\tx Arg1:T1 Arg2:T2",
    ]
    path.write_bytes("\r\n".join(lines).encode())
    assert [(one.value, one.words) for one in brat_said(path.read_bytes(), path)] == [
        ('"toux" sèche', "toux"),
        (None, "toux"),
    ]
    path.write_text("T1\tsigns 0 4 toux")
    with pytest.raises(DataError, match=r"1.ann: line 1 is no passage") as told:
        list(brat_said(path.read_bytes(), path))
    assert "toux" not in str(told.value)


def test_a_text_without_a_list_around_it_is_one_text(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    path = annotated(tmp_path / "out", tmp_path / "export.json")
    fields, ids = glane.open_run(run).task.fields, rows_of(run)["id"]
    before = read_annotations(path, fields, ids).gold
    tasks = json.loads(path.read_text())
    for part in (part for task in tasks for part in task["annotations"][0]["result"]):
        if len(part["value"].get("text", ())) == 1:
            part["value"]["text"] = part["value"]["text"][0]
    path.write_text(json.dumps(tasks))
    assert read_annotations(path, fields, ids).gold.equals(before)
    del tasks[0]["annotations"][0]["result"][0]["value"]["start"]
    path.write_text(json.dumps(tasks))
    with pytest.raises(DataError, match="no export of Label Studio"):
        read_annotations(path, fields, ids)


def test_documents_without_an_answer_are_told_from_those_without_a_value(tmp_path: Path) -> None:
    run = make_run(tmp_path, [*TEXTS[:4], None, ""])
    expected = [tuple(row) for row in rows_of(run).select("id", pl.col("status").cast(pl.String), "reason").iter_rows()]
    assert {status for _, status, _ in expected} == {"OK", "EMPTY"}
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text(encoding="utf-8"))
    assert [tuple(one["data"][name] for name in ("id", "status", "reason")) for one in tasks] == expected
    glane.export(run, "brat", tmp_path / "brat", text=True)
    place = tmp_path / "brat" / "documents" / "documents.csv"
    listed = pl.read_csv(place, separator=";", schema_overrides={"file": pl.String})
    assert listed.select("id", "status", "reason").rows() == expected
    notes = glane.export(run, "omop", tmp_path / "omop").manifest.notes
    told = pl.read_parquet(tmp_path / "omop" / "note.parquet").join(
        pl.read_parquet(tmp_path / "omop" / "note_status.parquet"), on="note_id", maintain_order="left"
    )
    assert told.select("note_source_value", "status", "reason").rows() == expected
    assert any("2 notes have no valid answer" in one for one in notes)


def test_runs_of_groups_are_refused(tmp_path: Path) -> None:
    extract_here(grouped(write(tmp_path / "in", ROWS), tmp_path / "run"))
    for target in ("labelstudio", "brat"):
        with pytest.raises(RunError, match=r"is of several documents"):
            glane.export(tmp_path / "run", target, tmp_path / "out", text=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["labelstudio", "brat"])
@pytest.mark.parametrize("rewritten", [False, True])
def test_what_nobody_touched_is_no_gold(run: Path, tmp_path: Path, target: str, rewritten: bool) -> None:
    """As the export wrote it, or copied into annotations at once, or with line ends and an order of another machine."""
    glane.export(run, target, tmp_path / "out", text=True)  # type: ignore[arg-type]
    gold = tmp_path / "out" / "documents"
    if target == "labelstudio":
        gold = annotated(tmp_path / "out", tmp_path / "export.json", lead_time=None)
        if rewritten:
            tasks = json.loads(gold.read_text())
            for task in tasks:
                task["annotations"][0]["result"].reverse()
            gold.write_text(json.dumps(tasks))
    else:
        gold = gold.rename(tmp_path / "collection")  # where brat looks for it, away from export.json
        for path in gold.glob("*.ann") if rewritten else ():
            path.write_bytes(b"\r\n".join(reversed(path.read_bytes().splitlines())))
    with pytest.raises(DataError, match=r"all 40 documents stand as glane export wrote them"):
        glane.evaluate(run, str(gold), samples=0)
    words = (f"run.dir={run}", f"gold={gold}", f"out.dir={tmp_path}/evaluation")
    assert "would equal itself" in job_here(*words, name="evaluate", check=2).stderr
    assert not (tmp_path / "evaluation").exists()


def test_tasks_that_nobody_annotated_are_told(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    with pytest.raises(DataError, match="nobody has annotated a document there"):
        glane.evaluate(run, str(tmp_path / "out" / "tasks.json"), samples=0)


def test_only_documents_that_a_person_changed_or_read_count_in_brat(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    folder = tmp_path / "out" / "documents"
    marks = folder / "03.ann"
    marks.write_text(marks.read_text(encoding="utf-8") + "T99\tsigns 0 6\tFièvre\n", encoding="utf-8")
    (folder / "05.ann").write_text("")  # all taken away: that is an answer, too
    (folder / "06.ann").write_text("")
    listed(folder, ("04", "read", "YES"), ("06", "read", "no"))  # 06: begun, not done
    found = read_annotations(folder, glane.open_run(run).task.fields, rows_of(run)["id"])
    assert found.gold["id"].to_list() == ["d2", "d3", "d4"]
    assert (found.num_untouched, found.num_untold) == (37, 0)
    assert set(found.spans["id"]) <= {"d2", "d3", "d4"}
    done = job_here(
        f"run.dir={run}", f"gold={folder}", f"out.dir={tmp_path}/evaluation", "bootstrap.samples=0", name="evaluate"
    )
    assert "somebody read them: 37." in done.stdout
    assert "3 documents compared" in done.stdout
    told = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())["right_answers"]
    assert (told["kind"], told["documents"], told["untouched"]) == ("annotations", 3, 37)
    page = (tmp_path / "evaluation" / "report.html").read_text(encoding="utf-8")
    assert "quelqu&#x27;un les a lus : 37." in page
    assert "somebody read them: 37." in page


def test_only_documents_that_a_person_submitted_count_in_label_studio(run: Path, tmp_path: Path) -> None:
    glane.export(run, "labelstudio", tmp_path / "out", text=True)
    path = annotated(tmp_path / "out", tmp_path / "export.json", lead_time=None)
    tasks = json.loads(path.read_text())
    tasks[0]["annotations"][0]["lead_time"] = 3.5  # opened and submitted as it was
    tasks[1]["annotations"][0]["ground_truth"] = True
    tasks[2]["annotations"][0]["result"] = []  # changed, by a program that counts no seconds
    path.write_text(json.dumps(tasks))
    found = read_annotations(path, glane.open_run(run).task.fields, rows_of(run)["id"])
    assert found.gold["id"].to_list() == ["d0", "d1", "d2"]
    assert (found.num_untouched, found.num_untold) == (37, 0)


def test_of_exports_that_do_not_tell_it_is_said_that_nothing_tells(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    folder = tmp_path / "out" / "documents"
    whole = (folder / "documents.csv").read_bytes()
    pl.read_csv(folder / "documents.csv", separator=";", infer_schema=False).drop("read", "exported").write_csv(
        folder / "documents.csv"
    )
    found = glane.evaluate(run, str(folder), samples=0)
    assert found.summary.right_answers is not None
    assert found.summary.right_answers.how == "untold"
    assert "changed or read them: 40." in str(found)
    (folder / "documents.csv").write_bytes(whole)  # the remedy that this names
    with pytest.raises(DataError, match="all 40 documents stand as glane export wrote them"):
        glane.evaluate(run, str(folder), samples=0)


def test_a_list_that_a_spreadsheet_saved_is_read_and_other_words_are_refused(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    folder = tmp_path / "out" / "documents"
    table = pl.read_csv(folder / "documents.csv", separator=";", infer_schema=False)
    saved = table.with_columns(
        pl.col("file").str.strip_chars_start("0"),
        read=pl.when(pl.col("file") == "07").then(pl.lit("Oui ")).otherwise(None),
    )
    saved.write_csv(folder / "documents.csv", separator=";", include_bom=True, line_terminator="\r\n")
    fields, ids = glane.open_run(run).task.fields, rows_of(run)["id"]
    assert read_annotations(folder, fields, ids).gold["id"].to_list() == ["d6"]
    saved.with_columns(read=pl.lit("peut-être")).write_csv(folder / "documents.csv", separator=";")
    with pytest.raises(DataError, match=r"the column read says 'peut-être'. Write yes, no, or nothing"):
        read_annotations(folder, fields, ids)
    (folder / "documents.csv").write_bytes("file;id;read\n01;d0;\xe9".encode("latin-1"))
    with pytest.raises(DataError, match="Save it as CSV UTF-8"):
        read_annotations(folder, fields, ids)
    (folder / "documents.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no file or no id"):
        read_annotations(folder, fields, ids)


def test_the_list_of_documents_is_written_as_spreadsheets_of_the_language_read_it(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    lines = (tmp_path / "out" / "documents" / "documents.csv").read_bytes().split(b"\r\n")
    assert lines[0].decode() == "\ufefffile;id;status;reason;read;exported"
    assert lines[1].startswith(b"01;d0;OK;;;")


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (["1", "10"], "2 ids have lost the zeros that stand in front"),
        (["0001", "1"], "1 ids have lost the zeros"),
        (["1", "11"], "2 documents are not in the run"),
        (["x"], "1 documents are not in the run"),
    ],
)
def test_ids_of_which_a_spreadsheet_dropped_the_zeros_are_told_with_the_remedy(
    tmp_path: Path, ids: list[str], words: str
) -> None:
    rows = "".join(f"{number};{one};yes\n" for number, one in enumerate(ids, 1))
    (tmp_path / "documents.csv").write_text(f"file;id;read\n{rows}")
    for number in range(1, len(ids) + 1):
        (tmp_path / f"{number}.ann").write_text("")
    with pytest.raises(DataError, match=words):
        read_annotations(tmp_path, {}, pl.Series("id", ["0001", "0010", "0100"]))


def test_the_folder_above_annotations_of_brat_is_refused_with_the_right_one(run: Path, tmp_path: Path) -> None:
    glane.export(run, "brat", tmp_path / "out", text=True)
    for place in (tmp_path / "out", str(tmp_path / "out")):
        with pytest.raises(DataError, match=r"out is the folder above .* gold=.*/out/documents$"):
            glane.evaluate(run, place, samples=0)
        with pytest.raises(DataError, match=r"out is the folder above .* gold=.*/out/documents$"):
            glane.estimate(run, place, field="fever")


@pytest.mark.parametrize("what", ["records", "parquet"])
def test_the_run_s_own_answers_are_no_gold(run: Path, tmp_path: Path, what: str) -> None:
    place = str(run / "records" / "*.parquet")
    if what == "parquet":
        glane.export(run, "parquet", tmp_path / "out")
        place = str(tmp_path / "out" / "records.parquet")
    with pytest.raises(DataError, match="the answers of the run itself"):
        glane.evaluate(run, place, fields=["age", "sex"], samples=0)
    changed = pl.read_parquet(place).with_columns(age=pl.lit(3, pl.Int64))
    found = glane.evaluate(run, changed, fields=["age", "sex"], samples=0)
    assert found.summary.right_answers is not None
    assert found.summary.right_answers.how == "model"
    assert "Warning: These right answers are a model's" in str(found)
    plain = pl.read_parquet(place).select("id", "sex")
    assert "Warning: Not one value differs" in str(glane.evaluate(run, plain, samples=0))


def test_of_very_many_files_the_first_are_told_and_how_many_more(tmp_path: Path) -> None:
    run = make_run(tmp_path, [f"toux {number}" for number in range(40)])
    done = glane.export(run, "brat", tmp_path / "out", text=True)
    assert len(done.manifest.files) > 80
    last = str(done).splitlines()[-1]
    assert last.count(",") < 16
    assert f"… and {len(done.manifest.files) - 12} more, export.json" in last

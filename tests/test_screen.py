"""Screening: what is certain of the cases that are left, and a reading from its first batch to its end."""

import itertools
import json
import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, hypergeom

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.assess.review.page import PAGE
from glane.assess.review.reviewed_sample import SAMPLE
from glane.assess.screen import replay as replaying
from glane.assess.screen.certificate import Certificate, tolerated
from glane.assess.screen.files import BATCH
from glane.assess.screen.page import WORDS
from glane.assess.screen.policy import next_how
from glane.assess.screen.ranking import DRAW, RANK, SURE, YES, ranked
from glane.assess.screen.record import BatchState, ScreeningState
from glane.assess.screen.replay import replay
from glane.errors import ConfigError, DataError, GlaneError, RecordError, RunError
from glane.records import read_record
from glane.settings import screen_settings
from test_estimate import simulation
from test_reading import hidden

# --- What is certain ---


def certificate(num, recall=0.95, certainty=0.95):
    return Certificate(num_documents=num, recall=recall, certainty=certainty)


def ever_ruled_out(num, total, certainty, *, found_before=0, read_before=0):
    """The exact probability that the true total is ever ruled out, when all that is left is drawn at random one by one."""
    alive, lost = {0: 1.0}, 0.0  # by cases found in draws
    unread, left = num - read_before, total - found_before
    for drawn in range(unread):
        after = {}
        for hits, chance in alive.items():
            case = (left - hits) / (unread - drawn)
            for hit, part in ((1, chance * case), (0, chance * (1 - case))):
                if part:
                    after[hits + hit] = after.get(hits + hit, 0.0) + part
        alive = {}
        for hits, chance in after.items():
            if _rules_out(num, total, certainty, read_before, found_before, drawn + 1, hits):
                lost += chance
            else:
                alive[hits] = chance
    return lost


def _rules_out(num, total, certainty, read_before, found_before, drawn, hits):
    one = certificate(num, certainty=certainty)
    if read_before:
        one.count("ranked", read_before, found_before)
    one.count("random", drawn, hits)
    return one._highest[total] >= -math.log(1 - certainty)


@pytest.mark.parametrize("certainty", [0.8, 0.95])
@pytest.mark.parametrize(("read_before", "found_before"), [(0, 0), (5, 4)])
def test_the_true_total_is_hardly_ever_ruled_out_however_often_one_looks(certainty, read_before, found_before):
    num = 25
    worst = max(
        ever_ruled_out(num, total, certainty, read_before=read_before, found_before=found_before)
        for total in range(found_before, found_before + num - read_before + 1)
    )
    assert 0.2 * (1 - certainty) < worst <= 1 - certainty  # the first says that the test looks at something


@pytest.mark.parametrize("cases", [(0,), (5,), (2, 3), (4, 5), (0, 1, 5), (1, 3, 4, 5), (0, 1, 2, 3)])
@pytest.mark.parametrize("rows", [1, 2])
def test_over_all_random_orders_a_whole_screening_misses_its_recall_as_seldom_as_told(cases, rows):
    """Every order of six documents, whatever places in the ranking the cases have; `cases` are those places."""
    recall, certainty = 0.7, 0.7
    missed = 0
    for draws in itertools.permutations(range(6)):
        order = pl.DataFrame({"id": list("abcdef"), RANK: range(6), DRAW: draws})
        truth = {name: place in cases for place, name in enumerate("abcdef")}
        found = replay(
            order, id_column="id", recall=recall, certainty=certainty, rows=rows,
            answers_of=lambda batch, truth=truth: {name: truth[name] for name in batch.ids},
        )  # fmt: skip
        missed += sum(found.answers.values()) < recall * len(cases)
    assert missed / math.factorial(6) <= 1 - certainty


def test_no_case_among_many_draws_rules_out_little_less_than_the_test_of_one_look():
    one = certificate(1000)
    one.count("ranked", 200, 100)
    for _ in range(20):
        one.count("random", 20, 0)
    told = one.most_cases - one.found
    at_one_look = max(left for left in range(100) if hypergeom.pmf(0, 800, left, 400) > 0.05)
    assert at_one_look <= told <= at_one_look + 1


def test_what_is_certain_holds_within_what_was_counted():
    one = certificate(50)
    assert (one.most_cases, one.recall_at_least, one.is_reached) == (50, 0.0, False)
    one.count("ranked", 50, 7)
    assert (one.most_cases, one.recall_at_least, one.is_reached, one.still_to_draw()) == (7, 1.0, True, 0)
    none = certificate(3)
    none.count("ranked", 3, 0)
    assert (none.most_cases, none.recall_at_least) == (0, 1.0)
    for num, cases in ((1, 2), (60, 1), (-1, 0)):
        with pytest.raises(ValueError, match="documents"):
            certificate(50).count("random", num, cases)


@pytest.mark.parametrize(
    ("found", "recall", "left"), [(0, 0.95, 0), (18, 0.95, 0), (19, 0.95, 1), (95, 0.95, 5), (9, 0.9, 1)]
)
def test_what_the_recall_tolerates(found, recall, left):
    assert tolerated(found, recall) == left
    assert found / max(1, found + left) >= recall - 1e-9 or found == 0
    assert found / (found + left + 1) < recall


@pytest.mark.parametrize(("read", "found"), [(100, 0), (300, 40), (700, 90)])
def test_what_is_still_to_be_drawn_is_the_least_that_does(read, found):
    one = certificate(1000)
    one.count("ranked", read, found)
    least = one.still_to_draw()
    assert 0 < least <= 1000 - read
    assert one.still_to_draw(at_most=7) == min(7, least)
    for num, reached in ((least, True), (least - 1, False)):
        again = certificate(1000)
        again.count("ranked", read, found)
        again.count("random", num, 0)
        assert again.is_reached is reached


def test_cases_among_the_draws_are_not_forgotten_when_the_ranking_goes_on():
    one = certificate(1000)
    one.count("ranked", 100, 50)
    one.count("random", 300, 0)
    before = one.most_cases
    one.count("ranked", 100, 1)
    assert one.most_cases == before  # what was ruled out stays so; one of them was found
    one.count("random", 100, 0)
    assert one.most_cases <= before


def test_whole_screenings_keep_their_recall_and_a_good_ranking_saves_reading():
    """Short versions of tests/simulations/screening.py."""
    study = simulation("screening")
    read = {}
    for ranking in (study.SHARP, study.GOOD, study.RANDOM, study.MISSES, study.INVERTED):
        found = np.array([study.screened(1_000, 100, ranking, seed=seed) for seed in range(20)])
        assert (found[:, 0] < 0.95).sum() <= 4  # of 20 with a chance of at most 0.05 each: more, once in 400
        read[ranking] = found[:, 1].mean()
    assert read[study.SHARP] < read[study.GOOD] < read[study.RANDOM]


# --- Which documents come next ---


def batch_read(how, num, cases):
    """A batch that was read; its number, and what was certain after it, decide nothing."""
    return BatchState(number=1, how=how, read=num, cases=cases, most_cases=num, recall_at_least=0.0)


def test_a_dry_ranking_is_left_and_taken_up_again_when_it_has_more():
    one, reads = certificate(1000), []

    def after(how, num, cases):
        reads.append(batch_read(how, num, cases))
        one.count(how, num, cases)
        return next_how(reads, one, rows=100)

    assert next_how([], one, rows=100) == "ranked"
    assert after("ranked", 100, 60) == "ranked"
    assert after("ranked", 100, 0) == "random"
    assert after("random", 100, 0) == "random"
    assert after("random", 100, 0) == "random"
    other = certificate(1000)
    other.count("ranked", 200, 60)
    many = [
        batch_read("ranked", 100, 60),
        batch_read("ranked", 100, 0),
        batch_read("random", 100, 1),
    ]
    other.count("random", 100, 1)
    assert next_how(many, other, rows=100) == "random"  # it finds no less than the ranking, as far as one knows
    many[1] = batch_read("ranked", 100, 1)
    assert next_how(many, other, rows=100) == "ranked"


def test_the_order_is_that_of_the_model_and_beside_it_one_at_random():
    rows = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e", "f"],
            YES: [False, True, None, True, False, True],
            SURE: [0.9, 0.6, None, 0.99, 0.6, None],
        }
    )
    found = ranked(rows, id_column="id", seed=0)
    assert found["id"].to_list() == ["d", "b", "f", "c", "e", "a"]
    assert sorted(found[DRAW].to_list()) == list(range(6))
    assert ranked(rows[::-1], id_column="id", seed=0).equals(found)


ANSWERS = st.lists(
    st.tuples(st.sampled_from([True, False, None]), st.sampled_from([0.2, 0.9, None])), min_size=12, max_size=12
)


def documents_of(answers):
    said, sure = zip(*answers, strict=True)
    columns = {"id": [f"d{at:02}" for at in range(len(said))], YES: said, SURE: sure}
    return pl.DataFrame(columns, schema={"id": pl.String, YES: pl.Boolean, SURE: pl.Float64})


def draws_by_rank(answers, seed):
    return tuple(ranked(documents_of(answers), id_column="id", seed=seed).sort(RANK)[DRAW].to_list())


@given(ANSWERS, ANSWERS, st.integers(0, 2**128))
def test_the_order_at_random_is_the_same_whatever_the_model_says(first, second, seed):
    of_both = [ranked(documents_of(one), id_column="id", seed=seed).sort("id")[DRAW] for one in (first, second)]
    assert of_both[0].equals(of_both[1])
    assert sorted(of_both[0]) == list(range(12))


@pytest.mark.parametrize(
    "answers",
    [
        [(True, None)] * 4,  # all tied, as without confidences
        [(False, 0.9)] * 2 + [(None, None)] * 2,
        [(True, 0.9), (True, 0.2), (None, None), (False, 0.9)],
    ],
)
def test_the_order_at_random_is_independent_of_that_of_the_model_within_ties_and_beyond(answers):
    """Each of the 24 orders of the draws, as the ranking meets them, is equally frequent over 2,400 seeds."""
    counts = Counter(draws_by_rank(answers, seed) for seed in range(2400))
    assert len(counts) == 24
    assert chisquare(list(counts.values())).pvalue > 0.001


@pytest.mark.parametrize("num_ranked", [1, 3, 7])
def test_after_some_of_a_tied_class_was_read_each_unread_document_is_drawn_as_often(num_ranked):
    """Of five and five with equal answers, the first are read by rank. The rest of a class is no later in the draws."""
    of_first_class, num = 0, 2000
    for seed in range(num):
        order = ranked(documents_of([(True, None)] * 5 + [(False, None)] * 5), id_column="id", seed=seed)
        unread = order.filter(pl.col(RANK) >= num_ranked).sort(DRAW)
        of_first_class += unread["id"][0] <= "d04"
    share = max(0, 5 - num_ranked) / (10 - num_ranked)
    assert abs(of_first_class / num - share) <= 4 * math.sqrt(share * (1 - share) / num)


@pytest.mark.parametrize("name", simulation("screening").CLASSES)
def test_populations_of_tied_answers_keep_their_recall(name):
    """With ties in the order of the draws, two of them stop at a recall of some 0.66 of 0.8 wanted, and 0.80 of 0.9."""
    study = simulation("screening")
    wanted, _ = study.CLASSES[name]
    reached = np.array([study.screened_classes(name, seed=seed)[0] for seed in range(12)])
    assert (reached < wanted).sum() <= 3  # of 12 with a chance of at most 0.05 each: more, once in 400


# --- A screening ---

TASK = {
    "name": "calls",
    "language": "en",
    "instructions": "Read the text.",
    "fields": {
        "bite": {"type": "boolean", "nullable": True},
        "animal": {"type": "enum", "values": ["dog", "bat"], "nullable": True},
    },
}


def is_bite(text):
    return "bitten" in (text or "")


def make_run(folder, num=60, every=6, **changes):
    """Every sixth document is a case; the model finds most; of some documents it says nothing."""
    texts = []
    for at in range(num):
        truth = at % every == 0
        said = truth != (at % 30 == 12)
        answer = hidden({"bite": said, "animal": "bat" if truth else None})
        text = f"Call {at}: {'bitten by a bat' if truth else 'no contact'}. "
        texts.append(text + ("[[invalid]]" if at % 20 == 6 else f"[[answer {answer}]]"))
    texts[1] = ""
    folder.mkdir(exist_ok=True)
    data = write_documents(folder / "d.parquet", texts)
    extract_here(make_settings(data, folder / "run", TASK, **changes))
    return glane.open_run(folder / "run")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def read_page(folder, name="review.html"):
    return json.loads((folder / name).read_text().split('id="data">')[1].split("</script>")[0])


def answered(folder, path, *, reviewer="Anne", only=None, answer=is_bite, **changes):
    """The file that a reader saves who has read the page of a batch."""
    data = read_page(folder)
    documents = []
    for document in data["documents"][:only]:
        given = {"bite": {"decision": "given", "answer": answer(document["text"])}}
        given |= {
            name: {"decision": "given", "answer": "bat" if is_bite(document["text"]) else None}
            for name in data["fields"]
            if name == "animal"
        }
        documents.append({"id": document["id"], "fields": given})
    content = {
        "kind": "glane corrections", "version": 1, "run": data["run"], "page": data["page"], "task": data["task"],
        "reviewer": reviewer, "saved": f"by {reviewer}", "fields": list(data["fields"]), "sampled": len(data["documents"]),
        "documents": documents, **changes,
    }  # fmt: skip
    path.write_text(json.dumps(content))
    return str(path)


def state_of(out):
    return read_record(ScreeningState, out / "state.json")


def read_on(run, out, *, rows=10, **changes):
    """Read until the screening says to stop."""
    found = glane.screen(run, str(out), "bite", rows=rows, **changes)
    for number in range(1, 100):
        if found.state.is_reached:
            return found
        path = answered(out / f"batch-{number:04}", out.parent / f"{out.name}-{number}.json")
        found = glane.screen(run, str(out), "bite", rows=rows, corrections=path, **changes)
    raise AssertionError("it never stops")


def test_a_screening_goes_batch_by_batch_until_nearly_all_cases_are_certain_to_be_found(run, tmp_path):
    found = read_on(run, tmp_path / "out")
    truth = {f"d{at}" for at in range(0, 60, 6)}
    of_read = set(found.read.filter(pl.col("is_case"))["id"])
    assert found.state.is_reached
    assert of_read == truth & set(found.read["id"])
    assert len(of_read) >= 0.95 * len(truth)
    assert (found.state.read, found.state.found) == (found.read.height, len(of_read))
    assert found.state.without_answer == 1 + 3  # an empty text, and three answers that cannot be read
    assert "stop: the recall is reached" in str(found)
    assert sum(one.read for one in found.state.batches) == found.state.read
    assert pl.read_parquet(tmp_path / "out" / "read.parquet").equals(found.read)
    assert state_of(tmp_path / "out") == found.state
    page = (tmp_path / "out" / "report.html").read_text()
    assert WORDS["fr"]["title"] in page
    assert f">{WORDS['en']['random']}<" in page  # once nobody reads any more
    assert "no contact" not in page


def test_who_still_reads_is_not_told_how_batches_were_drawn(run, tmp_path):
    out = tmp_path / "out"
    told = [glane.screen(run, str(out), "bite", rows=10)]
    for number in range(1, 4):
        path = answered(out / f"batch-{number:04}", tmp_path / f"{number}.json")
        told.append(glane.screen(run, str(out), "bite", rows=10, corrections=path))
    assert not told[-1].state.is_reached
    seen = [str(one) for one in told] + [(out / "report.html").read_text()]
    seen += [path.read_text() for path in out.glob("batch-*/review.*")]
    assert len(seen) == 5 + 2 * 4
    for text in seen:
        assert "ranked" not in text
        assert not any(f">{WORDS[code][how]}<" in text for code in ("fr", "en") for how in ("ranked", "random"))
        assert not any(WORDS[code]["batches_head"].split("|")[1] in text for code in ("fr", "en"))


def test_documents_without_an_answer_are_read_and_counted(run, tmp_path):
    """d6 is a case that the model said nothing of."""
    found = read_on(run, tmp_path / "out", recall=0.99)
    assert "d6" in set(found.read.filter(pl.col("is_case"))["id"])


def test_pages_hold_nothing_of_the_model_and_the_first_are_of_the_ranking(run, tmp_path):
    found = glane.screen(run, str(tmp_path / "out"), "bite", rows=10)
    data = read_page(tmp_path / "out" / "batch-0001")
    assert "batch 1: 10 documents to review" in str(found)
    assert all(set(one) == {"id", "text", "context", "blind"} for one in data["documents"])
    said = run.usable().filter(pl.col("bite")).select("id").collect()["id"].to_list()
    assert len(said) == 7
    assert set(said) < {one["id"] for one in data["documents"]}
    assert (tmp_path / "out" / "batch-0001" / "review.html").stat().st_mode & 0o077 == 0


def test_the_same_command_again_changes_nothing(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    one = answered(out / "batch-0001", tmp_path / "one.json")
    first = glane.screen(run, str(out), "bite", rows=10, corrections=one)
    again = glane.screen(run, str(out), "bite", rows=10, corrections=one)
    plain = glane.screen(run, str(out), "bite", rows=10)
    assert first.state == again.state == plain.state
    assert (out / "batch-0002" / "review.html").exists()
    assert not (out / "batch-0003").exists()


def test_true_may_be_written_as_pythons_own(run, tmp_path):
    first = glane.screen(run, str(tmp_path / "out"), "bite", rows=10)
    assert glane.screen(run, str(tmp_path / "out"), "bite", rows=10, value=True).state == first.state


def test_a_screening_that_was_cut_off_goes_on(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    one = answered(out / "batch-0001", tmp_path / "one.json")
    glane.screen(run, str(out), "bite", rows=10, corrections=one)
    page = (out / "batch-0002" / "review.html").read_bytes()
    csv = "review.csv"
    for gone in (BATCH, SAMPLE, PAGE, csv), (SAMPLE, PAGE, csv), (PAGE, csv):  # batch.json is written first
        for name in ("state.json", "read.parquet", "report.html", *(f"batch-0002/{name}" for name in gone)):
            (out / name).unlink()
        found = glane.screen(run, str(out), "bite", rows=10)
        assert found.state.read == 10
        assert (out / "batch-0002" / "batch.json").exists()
        assert (out / "batch-0002" / "review.html").read_bytes() == page


def test_a_batch_that_is_not_read_whole_is_not_counted(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    found = glane.screen(
        run, str(out), "bite", rows=10, corrections=answered(out / "batch-0001", tmp_path / "a", only=7)
    )
    assert found.state.read == 0
    assert "3 of 10 documents are left" in str(found)


def test_readers_who_disagree_are_refused_and_adjudicated(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    anne = answered(out / "batch-0001", tmp_path / "a.json")
    other = answered(
        out / "batch-0001",
        tmp_path / "b.json",
        reviewer="Bilal",
        answer=lambda text: is_bite(text) and "Call 0:" not in text,
    )
    with pytest.raises(DataError, match="readers disagree on 1 documents of batch 1"):
        glane.screen(run, str(out), "bite", rows=10, corrections=[anne, other])
    assert state_of(out).read == 0
    told = glane.screen(run, str(out), "bite", rows=10, adjudicate=[anne, other])
    assert "1 field of 1 document on which readers disagree" in str(told)
    data = read_page(out / "batch-0001", "adjudication.html")
    third = answered(out / "batch-0001", tmp_path / "c.json", reviewer="Chloé")
    content = json.loads(Path(third).read_text())
    content |= {name: data[name] for name in ("page", "adjudicates")} | {"sampled": 1}
    content["documents"] = [one for one in content["documents"] if one["id"] == "d0"]
    Path(third).write_text(json.dumps(content))
    found = glane.screen(run, str(out), "bite", rows=10, corrections=[anne, other], adjudicated=third)
    assert found.state.read == 10
    assert dict(found.read.select("id", "is_case").iter_rows())["d0"]


def test_two_readers_who_say_no_in_other_words_do_not_disagree(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    anne = answered(out / "batch-0001", tmp_path / "a.json")
    other = answered(
        out / "batch-0001", tmp_path / "b.json", reviewer="Bilal", answer=lambda text: True if is_bite(text) else None
    )
    found = glane.screen(run, str(out), "bite", rows=10, corrections=[anne, other])
    assert found.state.read == 10
    alone = glane.screen(run, str(tmp_path / "alone"), "bite", rows=10)
    alone = answered(tmp_path / "alone" / "batch-0001", tmp_path / "c.json")
    told = glane.screen(run, str(tmp_path / "alone"), "bite", rows=10, corrections=alone)
    assert found.state.found == told.state.found


def test_one_reader_alone_does_not_settle_what_two_were_asked_about(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    anne = answered(out / "batch-0001", tmp_path / "a.json")
    other = answered(out / "batch-0001", tmp_path / "b.json", reviewer="Bilal", answer=lambda text: not is_bite(text))
    glane.screen(run, str(out), "bite", rows=10, adjudicate=[anne, other])
    with pytest.raises(DataError, match="batch 1 has a page of what its readers disagree on"):
        glane.screen(run, str(out), "bite", rows=10, corrections=anne)
    assert state_of(out).read == 0


@pytest.mark.parametrize(("changes", "match"), [
    ({"page": "0" * 32}, "of another page"),
    ({"run": "0" * 32}, "another run"),
    ({"sampled": 9}, "another sample"),
    ({"documents": [{"id": "d59999", "fields": {"bite": {"decision": "given", "answer": True}}}]}, "no usable document"),
    ({"documents": [{"id": "d0", "fields": {"bite": {"decision": "accepted"}}}]}, "held no answer of the model"),
    ({"documents": [{"id": "d0", "fields": {"bite": {"decision": "given", "answer": "SECRET"}}}]}, "field"),
])  # fmt: skip
def test_what_is_no_answer_to_the_batch_is_refused_without_its_words(run, tmp_path, changes, match):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    with pytest.raises(GlaneError, match=match) as caught:
        glane.screen(
            run, str(out), "bite", rows=10, corrections=answered(out / "batch-0001", tmp_path / "a", **changes)
        )
    assert "SECRET" not in str(caught.value)
    assert state_of(out).read == 0


def test_answers_once_counted_are_not_changed(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    glane.screen(run, str(out), "bite", rows=10, corrections=answered(out / "batch-0001", tmp_path / "a"))
    other = answered(out / "batch-0001", tmp_path / "b", answer=lambda _text: False)
    with pytest.raises(DataError, match="batch 1 was counted with other answers"):
        glane.screen(run, str(out), "bite", rows=10, corrections=other)


@pytest.mark.parametrize(
    "changes", [{"recall": 0.9}, {"certainty": 0.9}, {"rows": 11}, {"seed": 1}, {"value": "false"}]
)
def test_another_question_is_another_screening(run, tmp_path, changes):
    glane.screen(run, str(tmp_path / "out"), "bite", rows=10)
    with pytest.raises(RunError, match=f"another screening: .*{next(iter(changes))}"):
        glane.screen(run, str(tmp_path / "out"), "bite", **({"rows": 10} | changes))


def test_another_run_with_the_same_settings_is_another_screening(run, tmp_path):
    glane.screen(run, str(tmp_path / "out"), "bite", rows=10)
    with pytest.raises(RunError, match="another screening: .*run_id"):
        glane.screen(make_run(tmp_path / "again"), str(tmp_path / "out"), "bite", rows=10)


def test_files_that_were_changed_are_found(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), "bite", rows=10)
    glane.screen(run, str(out), "bite", rows=10, corrections=answered(out / "batch-0001", tmp_path / "a"))
    labels = out / "batch-0001" / "labels.parquet"
    kept = pl.read_parquet(labels)
    kept.with_columns(pl.col("id").replace(kept["id"][0], "d59")).write_parquet(labels)
    with pytest.raises(DataError, match="of other documents than this batch has"):
        glane.screen(run, str(out), "bite", rows=10)
    kept.write_parquet(labels)
    order = pl.read_parquet(out / "order.parquet")
    order.with_columns(pl.col(DRAW).reverse()).write_parquet(out / "order.parquet")
    with pytest.raises(RunError, match="changed since the screening began"):
        glane.screen(run, str(out), "bite", rows=10)


@pytest.fixture(scope="module")
def three_read(run, tmp_path_factory):
    """The folder of a screening of which three batches are read and a fourth one is written."""
    out = tmp_path_factory.mktemp("begun") / "out"
    found = glane.screen(run, str(out), "bite", rows=10)
    for number in range(1, 4):
        path = answered(out / f"batch-{number:04}", out.parent / f"{number}.json")
        found = glane.screen(run, str(out), "bite", rows=10, corrections=path)
    assert {one.how for one in found.state.batches} == {"ranked", "random"}
    assert not found.state.is_reached
    return out


def begun(three_read, tmp_path):
    """A copy of it, and what is told of it."""
    shutil.copytree(three_read, tmp_path / "out")
    return tmp_path / "out", state_of(tmp_path / "out")


def test_what_was_drawn_is_replayed_as_it_was_drawn_by_another_rule(run, three_read, tmp_path, monkeypatch):
    out, before = begun(three_read, tmp_path)
    kept = {path: path.read_bytes() for path in out.glob("batch-*/*")}
    other = {"ranked": "random", "random": "ranked"}
    monkeypatch.setattr(replaying, "next_how", lambda *args, **words: other[next_how(*args, **words)])
    monkeypatch.setattr(Certificate, "still_to_draw", lambda _self, _at_most=None: 3)
    after = glane.screen(run, str(out), "bite", rows=10)
    assert after.state.batches == before.batches
    assert {path: path.read_bytes() for path in out.glob("batch-*/*")} == kept
    path = answered(out / "batch-0004", tmp_path / "last.json")
    found = glane.screen(run, str(out), "bite", rows=10, corrections=path)
    assert found.state.read == 40
    assert (out / "batch-0005" / PAGE).exists()  # by the rule of now


def test_all_that_was_read_counts_where_another_library_reaches_the_recall_sooner(
    run, three_read, tmp_path, monkeypatch
):
    out, _ = begun(three_read, tmp_path)
    monkeypatch.setattr(Certificate, "is_reached", True)
    found = glane.screen(run, str(out), "bite", rows=10)
    assert (found.state.read, found.read.height, found.next) == (30, 30, "")


def test_the_order_stays_that_of_the_beginning(run, three_read, tmp_path, monkeypatch):
    """Another version of a library may permute otherwise."""
    out, before = begun(three_read, tmp_path)
    monkeypatch.setattr(
        "glane.api.screen.ranked", lambda rows, id_column, seed: ranked(rows, id_column=id_column, seed=seed + 1)
    )
    assert glane.screen(run, str(out), "bite", rows=10).state == before
    (out / "order.parquet").unlink()
    with pytest.raises(RunError, match="changed since the screening began"):
        glane.screen(run, str(out), "bite", rows=10)
    monkeypatch.undo()
    assert glane.screen(run, str(out), "bite", rows=10).state == before  # the same is made again


def test_the_order_is_made_once(run, three_read, tmp_path, monkeypatch):
    out, before = begun(three_read, tmp_path)
    asked = []
    monkeypatch.setattr("glane.api.screen.ranked", lambda *args, **words: asked.append(words) or ranked(*args, **words))
    assert glane.screen(run, str(out), "bite", rows=10).state == before
    assert not asked
    for name in ("order.parquet", "screening.json"):
        (out / name).unlink()
        assert glane.screen(run, str(out), "bite", rows=10).state == before
        assert len(asked) == 1
        asked.clear()


@pytest.mark.parametrize("name", ["order.parquet", "screening.json"])
def test_an_order_that_is_cut_short_or_of_another_screening_is_refused(run, three_read, tmp_path, name):
    out, before = begun(three_read, tmp_path)
    if name == "screening.json":  # the order of another question is there, and its question is gone
        (out / name).unlink()
    else:
        (out / name).write_bytes(b"")
    with pytest.raises(RunError, match="changed since the screening began"):
        glane.screen(run, str(out), "bite", rows=10, seed=1 if name == "screening.json" else 0)
    assert state_of(out) == before


def change_batch(folder, **changes):
    known = json.loads((folder / BATCH).read_text())
    (folder / BATCH).write_text(json.dumps(known | changes))


@pytest.mark.parametrize("number", [1, 3, 4])
@pytest.mark.parametrize("change", ["how", "documents", "sample"])
def test_a_batch_with_other_documents_than_were_next_is_refused(run, three_read, tmp_path, number, change):
    out, found = begun(three_read, tmp_path)
    folder = out / f"batch-{number:04}"
    if change == "how":
        was = json.loads((folder / BATCH).read_text())["how"]
        change_batch(folder, how="random" if was == "ranked" else "ranked")
    elif change == "documents":
        change_batch(folder, documents=11)
    else:
        sample, other = (pl.read_parquet(out / f"batch-{at:04}" / SAMPLE) for at in (number, number % 4 + 1))
        pl.concat([sample[1:], other[:1]]).write_parquet(folder / SAMPLE)
    with pytest.raises(DataError, match=f"batch {number} has other documents than were next"):
        glane.screen(run, str(out), "bite", rows=10)
    assert state_of(out) == found


def test_a_batch_that_was_read_and_is_gone_is_missed(run, three_read, tmp_path):
    out, _ = begun(three_read, tmp_path)
    (out / "batch-0003" / BATCH).rename(tmp_path / "kept")
    with pytest.raises(RunError, match=r"batch-0003/batch\.json: gone"):
        glane.screen(run, str(out), "bite", rows=10)
    (tmp_path / "kept").rename(out / "batch-0003" / BATCH)
    (out / "batch-0002").rename(tmp_path / "batch")
    with pytest.raises(RunError, match=r"batch-0002/batch\.json: gone"):
        glane.screen(run, str(out), "bite", rows=10)


def test_a_page_that_is_gone_is_not_replaced_by_another(run, three_read, tmp_path):
    out, _ = begun(three_read, tmp_path)
    change_batch(out / "batch-0004", page="0" * 32)
    glane.screen(run, str(out), "bite", rows=10)  # it is there
    (out / "batch-0004" / PAGE).unlink()
    with pytest.raises(RunError, match=r"review\.html: gone, and this glane makes another page"):
        glane.screen(run, str(out), "bite", rows=10)


def test_a_screening_of_an_earlier_glane_does_not_go_on(run, three_read, tmp_path):
    out, _ = begun(three_read, tmp_path)
    known = json.loads((out / "screening.json").read_text())
    (out / "screening.json").write_text(json.dumps(known | {"version": 1}))
    with pytest.raises(RecordError, match=r"in version 1; .*draws were not random\. Begin in another out\.dir"):
        glane.screen(run, str(out), "bite", rows=10)


def test_a_case_definition_is_read_by_its_fields(run, tmp_path):
    out = tmp_path / "out"
    glane.screen(run, str(out), case="bite AND animal = 'bat'", rows=60)
    data = read_page(out / "batch-0001")
    assert list(data["fields"]) == ["bite", "animal"]
    path = answered(out / "batch-0001", tmp_path / "a.json")
    found = glane.screen(run, str(out), case="bite AND animal = 'bat'", rows=60, corrections=path)
    assert (found.state.read, found.state.found, found.state.is_reached) == (60, 10, True)


@pytest.mark.parametrize(("arguments", "match"), [
    ({"field": "bit"}, "no column 'bit'"),
    ({"field": "bite", "value": "maybe"}, "no value of the boolean"),
    ({"field": "bite", "case": "bite"}, "one of both"),
    ({}, "one of both"),
    ({"case": "status = 'OK'"}, "."),
])  # fmt: skip
def test_a_question_that_the_run_does_not_have_is_refused(run, tmp_path, arguments, match):
    with pytest.raises(ConfigError, match=match):
        glane.screen(run, str(tmp_path / "out"), **arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("values", [
    {"recall": 1}, {"recall": 0}, {"certainty": 0.4}, {"rows": 0}, {"adjudicate": ["a"]}, {"adjudicated": "c"},
    {"corrections": ["a", "a"]}, {"case": "bite"}, {"strange": 1},
])  # fmt: skip
def test_settings_that_cannot_be_are_refused(values):
    with pytest.raises(ConfigError):
        screen_settings({"run": {"dir": "a"}, "out": {"dir": "b"}, "field": "bite"} | values)


def test_groups_of_documents_are_read_as_one_text(tmp_path):
    texts = [f"Visit {at}: {'bitten' if at % 8 == 0 else 'nothing'}." for at in range(40)]
    texts[5] = "[[invalid]]"
    data = write_documents(tmp_path / "d.parquet", texts, patient=[f"p{at // 2}" for at in range(40)])
    extract_here(make_settings(data, tmp_path / "run", TASK, data__group_by="patient"))
    found = read_on(glane.open_run(tmp_path / "run"), tmp_path / "out", rows=5)
    assert (found.state.screening.documents, found.state.without_answer) == (20, 1)
    assert set(found.read.filter(pl.col("is_case"))["patient"]) == {f"p{at}" for at in range(0, 20, 4)}


def test_the_command_says_what_to_read_and_when_to_stop(run, tmp_path):
    out, words = (
        tmp_path / "out",
        [f"run.dir={run.directory.root}", f"out.dir={tmp_path / 'out'}", "field=bite", "rows=60"],
    )
    assert "batch 1: 60 documents to review" in job_here(*words, name="screen").stdout
    path = answered(out / "batch-0001", tmp_path / "a.json")
    said = job_here(*words, f"corrections=[{path}]", name="screen").stdout
    assert "read 60 of 60 documents (4 without an answer of the model" in said
    assert "stop: the recall is reached" in said
    assert "bitten" not in said


def test_the_page_says_the_same_in_both_languages():
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    for key, text in WORDS["en"].items():
        fields = lambda words: sorted(part.split("}")[0] for part in words.split("{")[1:])  # noqa: E731
        assert fields(text) == fields(WORDS["fr"][key])
        assert text.count("|") == WORDS["fr"][key].count("|")

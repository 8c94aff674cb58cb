"""Near duplicates and ids against plain computations over all pairs, in memory and by temporary files."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from glane.errors import RunError
from glane.ingestion import ids, near
from glane.ingestion.describe import NUM_HASHES, signature_of

WORDS = [f"mot{number}" for number in range(400)]


def texts(rng: random.Random, count: int) -> list[str]:
    """Texts of 120 words, some of which are earlier ones with some words replaced."""
    made: list[list[str]] = []
    for _ in range(count):
        words = rng.choices(WORDS, k=120) if not made or rng.random() < 0.6 else list(rng.choice(made))
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 8, 20])):
            words[rng.randrange(120)] = rng.choice(WORDS)
        made.append(words)
    return [" ".join(words) for words in made]


def alike(one: str, other: str) -> float:
    """The Jaccard index of the sequences of five words."""
    sets = []
    for text in (one, other):
        words = text.split()
        sets.append({tuple(words[i : i + 5]) for i in range(len(words) - 4)})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def first_alike(some: list[str], threshold: float) -> dict[int, int]:
    signatures = np.stack([np.frombuffer(signature_of(text) or b"", np.uint32) for text in some])
    with near.near(len(some)) as found:
        for start in range(0, len(some), 7):
            found.add(np.arange(start, min(start + 7, len(some))) * 10, signatures[start : start + 7])
        later, first = found.first_alike(threshold)
    return dict(zip((later // 10).tolist(), (first // 10).tolist(), strict=True))


@pytest.fixture(params=["in memory", "in files"])
def _place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in files":
        for module in (near, ids):
            monkeypatch.setattr(module, "_IN_MEMORY", 10)
            monkeypatch.setattr(module, "_BUCKET", 200)
            monkeypatch.setattr(module, "_BUFFER", 50)


@pytest.mark.usefixtures("_place")
def test_what_is_nearly_the_same_is_found_and_nothing_else() -> None:
    rng, missed, wrong, clear = random.Random(1), 0, 0, 0
    for _ in range(3):
        some = texts(rng, 80)
        found = first_alike(some, 0.8)
        for later in range(len(some)):
            before = [alike(some[later], some[earlier]) for earlier in range(later)]
            clear += max(before, default=0) >= 0.92
            missed += max(before, default=0) >= 0.92 and later not in found
            wrong += later in found and before[found[later]] < 0.68
    assert clear > 20
    assert (missed, wrong) == (0, 0)


@pytest.mark.usefixtures("_place")
def test_many_copies_point_to_the_first() -> None:
    same = " ".join(WORDS[:60])
    assert first_alike([" ".join(WORDS[100:200]), *[same] * 50], 1.0) == dict.fromkeys(range(2, 51), 1)
    assert first_alike([same], 0.8) == {}
    with near.near(0) as found:
        assert [len(one) for one in found.first_alike(0.8)] == [0, 0]


@pytest.mark.usefixtures("_place")
def test_the_occurrences_of_a_key_are_counted_in_order() -> None:
    rng = random.Random(2)
    content = [rng.choice([b"\0", b"\xff"]) * 8 + rng.randrange(40).to_bytes(4, "big") for _ in range(1000)]
    seen: Counter[bytes] = Counter()
    expected = []
    for key in content:
        expected.append(seen[key])
        seen[key] += 1
    keys = ids.as_keys(b"".join(content))
    assert ids.occurrences(keys).tolist() == expected
    assert [ids.first_id(key) for key in keys] == [key.hex() for key in content]
    assert ids.occurrences(ids.as_keys(b"")).tolist() == []


def test_short_texts_are_not_compared_and_case_and_signs_make_no_difference() -> None:
    assert signature_of(" ".join(WORDS[:24])) is None
    one = signature_of(" ".join(WORDS[:25]))
    assert one is not None
    assert len(one) == 4 * NUM_HASHES
    assert signature_of(", ".join(WORDS[:25]).upper() + ".\n") == one


def test_a_full_temporary_disk_is_told_with_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    signatures = np.zeros((1, NUM_HASHES), np.uint32)
    with near.near(10**7) as found:
        monkeypatch.setattr("builtins.open", full)
        with pytest.raises(RunError, match=r"4\.7 GiB of temporary disk for signatures: set TMPDIR"):
            found.add(np.arange(1), signatures)
        monkeypatch.undo()

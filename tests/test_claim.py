"""Claims of several that take over from one that is gone: one of them gets it, and a new holder keeps it."""

import random
import threading
import time
from pathlib import Path

import pytest

from glane.run.claim import break_claim, give_up, try_claim


def test_a_claim_that_another_holds_by_now_is_left_to_it(tmp_path):
    path = tmp_path / "claim"
    assert try_claim(path, "gone")
    assert break_claim(path, "gone")
    assert try_claim(path, "next")
    assert not break_claim(path, "gone"), "whoever looked before is late"
    assert str(path.readlink()) == "next"
    give_up(path)
    assert not break_claim(path, "gone")
    assert not list(tmp_path.iterdir())


def test_a_claim_that_changes_hands_in_the_last_moment_is_put_back(tmp_path, monkeypatch):
    path = tmp_path / "claim"
    try_claim(path, "next")
    monkeypatch.setattr("glane.run.claim._is_held_by", lambda *_: True)  # as it was a moment ago
    assert not break_claim(path, "gone")
    assert [str(one.readlink()) for one in tmp_path.iterdir()] == ["next"]


def test_a_third_that_claims_before_it_is_put_back_has_it_alone(tmp_path, monkeypatch):
    """The limit that the docstring tells: whose claim it was is not told, and its work is done twice."""
    path = tmp_path / "claim"
    try_claim(path, "next")
    monkeypatch.setattr("glane.run.claim._is_held_by", lambda *_: True)
    rename = Path.rename

    def rename_and_be_slow(self, target):
        rename(self, target)
        assert try_claim(path, "third")

    monkeypatch.setattr(Path, "rename", rename_and_be_slow)
    assert not break_claim(path, "gone")
    assert [str(one.readlink()) for one in tmp_path.iterdir()] == ["third"]


@pytest.mark.parametrize("seed", range(5))
def test_of_many_that_are_late_by_chance_one_at_a_time_holds_the_claim(tmp_path, seed):
    path, held, most = tmp_path / "claim", [], []
    try_claim(path, "gone")

    def takes_over(name: str, chance: random.Random) -> None:
        for _ in range(20):
            time.sleep(chance.random() / 100)
            if break_claim(path, "gone") and try_claim(path, name):
                held.append(name)
                most.append(len(held))
                time.sleep(chance.random() / 100)
                held.remove(name)

    threads = [threading.Thread(target=takes_over, args=(f"w{i}", random.Random(10 * seed + i))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1]

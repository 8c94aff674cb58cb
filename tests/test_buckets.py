"""Rows that are parted over temporary files: what is said where these cannot be written or read."""

import shutil

import numpy as np
import pytest

from glane.corpus.buckets import Buckets
from glane.errors import DataError, RunError

ROWS = (np.arange(40, dtype=np.uint64) << np.uint64(58)).reshape(-1, 2)


def buckets(error=RunError, **changes):
    sizes = {"num_columns": 2, "in_memory": 1, "bucket": 2**28, "buffer": 8} | changes
    return Buckets(2**30, **sizes, prefix="glane-test-", what="Counting rows", error=error)


@pytest.mark.parametrize("error", [RunError, DataError])
def test_how_much_room_is_needed_is_told_where_a_bucket_cannot_be_written(error):
    with buckets(error) as found:
        shutil.rmtree(found.folder)
        with pytest.raises(error) as raised:
            found.add(ROWS)
        told = "No such file or directory. Counting rows takes 16.0 GiB of temporary disk: set TMPDIR to a place with room."
        assert str(raised.value) == f"{found.folder}: {told}"


@pytest.mark.parametrize("taken", [0, 1])
def test_so_it_is_where_one_cannot_be_read(taken):
    with buckets(num_columns=1) as found:
        found.add(ROWS[:, :1])
        each = found.each()
        for _ in range(taken):
            next(each)
        shutil.rmtree(found.folder)
        with pytest.raises(RunError, match="of temporary disk"):
            next(each)


@pytest.mark.parametrize("in_memory", [1, 2**30])
def test_no_row_is_lost_and_equal_ones_are_together(in_memory):
    rows = np.concatenate([ROWS, ROWS[::-1]])
    with buckets(in_memory=in_memory) as found:
        for start in range(0, len(rows), 3):
            found.add(rows[start : start + 3])
        each = list(found.each())
    assert sorted(map(tuple, np.concatenate(each))) == sorted(map(tuple, rows))
    firsts = [set(one[:, 0].tolist()) for one in each]
    assert sum(map(len, firsts)) == len(set().union(*firsts))
    assert (len(each) > 1) == (in_memory == 1)

"""The names of files in a run directory, and of what the footers of its result say."""

from __future__ import annotations

import re

from glane.corpus.find import INPUT_FOLDER
from glane.rewritten import REWRITTEN
from glane.storage import TEMPORARY

MARKER = ".glane-run"
CHANGE = "change.json"  # while files of the run are replaced
CHANGED = "change.jsonl"  # and which
DRIFT = "drift.json"  # what the sentinels of a run say, beside their answers
FRAME = ".documents.parquet"  # after the name of a run: documents that a notebook gave, beside it
PILOT = ".pilot-"  # begins the name of a folder of a pilot, in its out.dir
PILOTS = re.compile(rf"{re.escape(PILOT)}(?:job-[0-9a-f]{{12}}|(?P<host>[\w.-]+)-(?P<pid>\d+)-(?P<start>\d+))")
PILOT_FILES = ("sample.parquet", "sample.tmp", "run")  # what lies in it
PART = re.compile(r"part-(\d{7,})\.parquet")
RECORDS = re.compile(r"records-(\d{5,})\.parquet")
UNFINISHED = re.compile(rf"\..+{TEMPORARY}")  # of a writer that was killed, or is at work
_AGAIN = re.escape(REWRITTEN)  # beside files that were encrypted again
PARTS = re.compile(rf"{PART.pattern}|{UNFINISHED.pattern}|{_AGAIN}")  # what lies in `parts`
METADATA, FIRST_ROW = b"glane", b"glane.first_row"  # in the footer of a file of the result: of which run, and what part
STAGING = re.compile(r"\.records-[0-9a-f]{32}")  # the folder of a result that is not published yet
INPUT_STAGING = re.compile(rf"\.{INPUT_FOLDER}{TEMPORARY}")  # of an input that is not there yet: it may hold documents
STAGED = re.compile(rf"{RECORDS.pattern}|{UNFINISHED.pattern}")  # what lies in it

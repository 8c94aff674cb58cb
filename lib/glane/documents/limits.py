"""How much reading a file may take, and what is wanted of it."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the reading of one file, with all that it holds."""

    timeout_s: float = 60.0  # by the clock on the wall, all attachments included
    memory_mib: int = 2048  # of addresses of the reader's process, its libraries included
    max_file_mib: int = 256
    max_unpacked_mib: int = 512  # of all that is unpacked of it, attachments and members included
    max_text_mib: int = 64  # of UTF-8, all documents of the file together
    max_pages: int = 20_000
    max_parts: int = 1_000  # attachments and members
    max_depth: int = 4  # of attachments within attachments
    files_per_process: int = 500  # after so many, the reader's process is replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is wanted of a file."""

    headers_and_footers: bool = True  # False leaves out what stands at the edge of pages again and again
    join_hyphens: bool = False  # of words that are parted at the end of a line of a PDF
    comments: bool = True  # of reviewers, beside the text of office files
    edits: bool = False  # of a Word file: its paragraphs with bookmarks and changes, as JSON, in place of its text
    attachments: bool = True  # of mail and PDF, and members of archives, as documents of their own

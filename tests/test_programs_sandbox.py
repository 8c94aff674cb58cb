"""Programs that nobody trusts are run confined: they compute, and reach nothing."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from glane.errors import ConfigError
from glane.programs import process, wire
from glane.programs.limits import Limits
from glane.programs.process import Ran, run_confined
from glane.programs.vetting import vetted

ROWS = pl.DataFrame({"g": ["a", None, "a"], "x": [1, 2, None], "day": pl.Series([0, 1, None]).cast(pl.Date)})

# Every way out that came to mind, past the restricted names of a program: each is tried by itself, and told.
WAYS = """
import polars as pl

own = pl.DataFrame.__init__.__globals__["__builtins__"]
real_import = own["__import__"]
os, sys = real_import("os"), real_import("sys")


def libc(name, *arguments):
    ctypes = real_import("ctypes")
    call = getattr(ctypes.CDLL(None, use_errno=True), name)
    if call(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def other_socket():
    real = real_import("_socket")
    real.socket(1, 1).connect("FOLDER/socket")


def subclass():
    for one in ().__class__.__base__.__subclasses__():
        if one.__name__ == "_wrap_close":
            return one.__init__.__globals__["popen"]("id").read()
    raise OSError


def pickled():
    real_import("pickle").loads(b"cposix\\nsystem\\n(S'touch FOLDER/pickled'\\ntR.")
    if not os.path.exists("FOLDER/pickled"):
        raise OSError


def other_descriptors():
    for number in range(64):
        try:
            if os.pread(number, 1, 0):
                return
        except OSError:
            pass
    raise OSError


def thread():
    import_module = real_import("_thread")
    found = []
    lock = import_module.allocate_lock()
    lock.acquire()

    def read():
        try:
            os.open("FOLDER/secret", 0)
            found.append(1)
        except OSError:
            pass
        lock.release()

    import_module.start_new_thread(read, ())
    lock.acquire()
    if not found:
        raise OSError


WAYS = {
    "open": lambda: own["open"]("FOLDER/secret").read(),
    "os.open": lambda: os.open("FOLDER/secret", 0),
    "libc.open": lambda: libc("open", b"FOLDER/secret", 0),
    "openat2": lambda: libc("syscall", 437, -100, b"FOLDER/secret", b"\\0" * 24, 24),
    "passwd": lambda: own["open"]("/etc/passwd").read(),
    "memory": lambda: os.open("/proc/self/mem", 2),
    "parents environment": lambda: os.open("/proc/PARENT/environ", 0),
    "list": lambda: os.listdir("FOLDER"),
    "read_csv": lambda: pl.read_csv("FOLDER/secret"),
    "read_csv of a descriptor": lambda: pl.read_csv("/proc/self/fd/0"),
    "write": lambda: os.open("FOLDER/new", os.O_CREAT | os.O_WRONLY),
    "make": lambda: os.mkdir("FOLDER/made"),
    "remove": lambda: os.unlink("FOLDER/secret"),
    "rename": lambda: os.rename("FOLDER/secret", "FOLDER/moved"),
    "link": lambda: os.symlink("FOLDER/secret", "FOLDER/link"),
    "mode": lambda: os.chmod("FOLDER/secret", 511),
    "socket": lambda: real_import("_socket").socket(),
    "unix socket": other_socket,
    "libc.socket": lambda: libc("socket", 2, 1, 0),
    "fork": lambda: os.fork(),
    "libc.fork": lambda: libc("fork"),
    "libc.vfork": lambda: libc("syscall", 58),
    "program": lambda: os.execv("/bin/true", ["true"]),
    "spawn": lambda: real_import("_posixsubprocess") and os.posix_spawn("/bin/true", ["true"], {}),
    "shell": lambda: os.system("touch FOLDER/shell") and (_ for _ in ()).throw(OSError()),
    "kill": lambda: os.kill(PARENT, 0),
    "trace": lambda: libc("ptrace", 16, PARENT, 0, 0),
    "memory of another": lambda: libc("process_vm_readv", PARENT, 0, 0, 0, 0, 0),
    "io_uring": lambda: libc("syscall", 425, 4, b"\\0" * 120),
    "memory file": lambda: os.memfd_create("x"),
    "namespace": lambda: libc("unshare", 0x10000000),
    "limit": lambda: libc("prctl", 22, 0, 0, 0, 0),
    "subclass": subclass,
    "pickle": pickled,
    "descriptors": other_descriptors,
    "thread": thread,
    "new library": lambda: real_import("ctypes").CDLL("libsqlite3.so.0"),
    "environment": lambda: None if os.environ else (_ for _ in ()).throw(OSError()),
}


def outcome(do):
    try:
        do()
        return "DONE"
    except OSError:
        return "refused"
    except BaseException as error:
        return type(error).__name__


def run(tables):
    told = [(name, outcome(do)) for name, do in WAYS.items()]
    return {"ways": pl.DataFrame(told, schema=["way", "outcome"], orient="row")}
"""


def ran(program: str, **limits: float) -> Ran:
    return run_confined(textwrap.dedent(program), {"t": ROWS}, Limits(**limits))  # type: ignore[arg-type]


def test_what_a_program_does_with_its_tables_comes_back() -> None:
    found = ran("""
        import datetime
        import polars as pl
        import polars.selectors as cs
        from datetime import date

        def run(tables):
            t = tables["t"]
            print("nobody hears this")
            counts = t.lazy().group_by("g", maintain_order=True).agg(pl.len(), pl.col("x").mean()).collect()
            wide = t.pivot(on="g", index="day", values="x")
            joined = t.join(counts, on="g", how="full", nulls_equal=True, coalesce=True)
            texts = t.select(pl.col("g").map_elements(str.upper, return_dtype=pl.String), cs.date().dt.strftime("%Y"))
            days = t.select(made=pl.lit(datetime.datetime.strptime("2025-01-31", "%Y-%m-%d")), day=date(1960, 1, 1))
            cut = t.select(pl.col("x").rank().alias("rank"), pl.col("x").rolling_mean(2), pl.col("g").str.head(1))
            return {"same": t, "counts": counts, "wide": wide, "joined": joined, "texts": texts, "days": days, "cut": cut}
        """)
    assert (found.ending, found.error, found.line, found.is_steady) == ("ran", None, None, True)
    assert_frame_equal(found.tables["same"], ROWS)
    assert found.tables["counts"].rows() == [("a", 2, 1.0), (None, 1, 2.0)]
    assert found.tables["texts"]["g"].to_list() == ["A", None, "A"]
    assert str(found.tables["days"]["day"][0]) == "1960-01-01"


def ways(folder: Path) -> str:
    return WAYS.replace("FOLDER", str(folder)).replace("PARENT", str(os.getpid()))


def test_no_way_leads_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a,b\n1,2\n")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "there.parquet")
    before = sorted(tmp_path.iterdir())
    found = run_confined(ways(tmp_path), {"t": ROWS}, Limits())
    assert (found.ending, found.error, found.line) == ("ran", None, None)
    told = dict(found.tables["ways"].iter_rows())
    assert len(told) == 38
    assert {way for way, outcome in told.items() if outcome == "DONE"} == set()
    # Where another error came, the way was closed before the kernel was asked.
    assert {way for way, outcome in told.items() if outcome != "refused"} <= {"pickle"}
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "secret").read_text() == "a,b\n1,2\n"


def test_the_ways_lead_out_where_nothing_confines(tmp_path: Path) -> None:
    """The test above can fail: unconfined, the same program does these things."""
    (tmp_path / "secret").write_text("a,b\n1,2\n")
    only = {"open", "os.open", "libc.open", "list", "read_csv", "make", "socket", "subclass", "thread"}
    namespace: dict[str, Any] = {}
    exec(ways(tmp_path), namespace)
    outcome = namespace["outcome"]
    assert {name: outcome(namespace["WAYS"][name]) for name in only} == dict.fromkeys(only, "DONE")


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    [
        "tables['t'].write_csv('FOLDER/new')",
        "tables['t'].write_ipc('FOLDER/new')",
        "tables['t'].lazy().sink_parquet('FOLDER/new')",
        "pl.scan_csv('FOLDER/secret').collect()",
        "pl.scan_parquet('FOLDER/*.parquet').collect()",
        "pl.read_csv('http://127.0.0.1:9/x.csv')",
    ],
)
def test_files_that_polars_opens_in_threads_stay_closed(call: str, tmp_path: Path) -> None:
    """Such a call fails, or its threads wait for ever for what the kernel refuses them."""
    (tmp_path / "secret").write_text("a,b\n1,2\n")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "there.parquet")
    program = f"import polars as pl\ndef run(tables):\n    {call}\n    return {{}}".replace("FOLDER", str(tmp_path))
    assert ran(program, timeout_s=6).ending in ("failed", "timed_out")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "ending", "limits"),
    [
        ("while True: pass", "timed_out", {"timeout_s": 4}),
        ("__import__('re').match('(a*)*b', 'a' * 60)", "timed_out", {"timeout_s": 4}),
        ("return {'a': [0] * 10 ** 10}", "out_of_memory", {}),
        ("return {'a': pl.select(pl.int_range(0, 10 ** 10))}", "died", {}),
        ("return {'a': pl.select(pl.int_range(0, 10 ** 6))}", "too_large", {}),
        ("return {'a': pl.select(pl.lit('x' * 10 ** 6).repeat_by(60).explode())}", "too_large", {}),
        ("return {str(at): tables['t'] for at in range(101)}", "too_large", {}),
        ("return tables['t']", "no_tables", {}),
        ("return {'a': tables['t'].lazy()}", "no_tables", {}),
        ("pl.DataFrame.__init__.__globals__['__builtins__']['__import__']('os')._exit(0)", "died", {}),
    ],
)
def test_what_takes_too_much_ends(body: str, ending: str, limits: dict[str, float]) -> None:
    assert ran(f"import polars as pl\ndef run(tables):\n    {body}\n", **limits).ending == ending


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "error", "line"),
    [
        ("raise ValueError('Secret Name, born 1970')", "ValueError", 3),
        ("x = 1\n    class Secret_Name(KeyError): pass\n    raise Secret_Name('1970')", "KeyError", 5),
        ("raise type('Secret', (BaseException,), {})", "BaseException", 3),
        ("return tables['t'].select('secret')", "ColumnNotFoundError", 3),
        ("return run(tables)", "RecursionError", 3),
        ("raise SystemExit(7)", "SystemExit", 3),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 3),
        ("import ctypes", "ImportError", 3),
        ("open('/etc/passwd')", "NameError", 3),
        ("return eval('tables')", "NameError", 3),
    ],
)
def test_a_failure_is_told_by_its_kind_and_line_alone(body: str, error: str, line: int) -> None:
    found = ran(f"import polars as pl\ndef run(tables):\n    {body}\n")
    assert (found.ending, found.error, found.line, found.tables) == ("failed", error, line, {})
    assert "1970" not in repr(found)
    assert "ecret" not in repr(found)


def test_a_result_that_changes_between_two_runs_is_told() -> None:
    assert not ran(
        "import polars as pl\nn = []\ndef run(tables):\n    n.append(1)\n    return {'a': pl.DataFrame({'n': n})}"
    ).is_steady


FORGED = """
import polars as pl
def run(tables):
    os = pl.DataFrame.__init__.__globals__["__builtins__"]["__import__"]("os")
    said = ANSWER
    for number in range(3, 64):
        try:
            os.write(number, said)
        except OSError:
            pass
    os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        b"{",
        b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
        b'{"outcome": "ran"}',
        b'{"outcome": "won"}',
        b"[" * 200_000,
        b'{"outcome": "ran", "is_steady": true, "tables": [{"name": "a", "columns": [{"name": "x", "type": "date", "values": ["1"]}]}]}',
    ],
)
def test_an_answer_that_the_program_forges_is_no_more_than_a_bad_answer(answer: bytes) -> None:
    assert ran(FORGED.replace("ANSWER", repr(answer))).ending == "bad_answer"


def test_a_forged_error_holds_no_text() -> None:
    answer = json.dumps({"outcome": "failed", "error": "Secret Name", "line": 10**9}).encode()
    found = ran(FORGED.replace("ANSWER", repr(answer)))
    assert (found.ending, found.error, found.line) == ("failed", "another_error", None)


def test_nothing_is_run_where_the_kernel_confines_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answered = subprocess.run(
        [process.sys.executable, "-c", "import platform; platform.machine = lambda: 'riscv64'\nfrom glane.programs import kernel; print(kernel.hold())"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in process.sys.path if p)},
    )  # fmt: skip
    assert answered.stdout.strip() == "False"
    monkeypatch.setattr(process, "_heard", lambda *_: b'{"outcome": "not_confined"}')
    with pytest.raises(ConfigError, match="none is run"):
        ran("def run(tables): return tables")


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="the machine has no filter")
def test_a_program_has_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    assert "AWS_SECRET_ACCESS_KEY" not in process._environment()
    found = ran(
        """
        import polars as pl
        def run(tables):
            load = pl.DataFrame.__init__.__globals__["__builtins__"]["__import__"]
            os = load("os")
            return {"a": pl.DataFrame({"told": [len(os.environ), os.getpid() == PARENT]})}
        """.replace("PARENT", str(os.getpid()))
    )
    assert found.tables["a"]["told"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("program", "fault", "line"),
    [
        ("import os\ndef run(tables): return {}", "import", 1),
        ("from os import path\ndef run(tables): return {}", "import", 1),
        ("from . import x\ndef run(tables): return {}", "import", 1),
        ("import polars as pl\ndef run(tables):\n    return {'a': pl.read_csv('x')}", "file", 3),
        ("from polars import scan_csv\ndef run(tables): return {}", "file", 1),
        ("def run(tables):\n    open('x')", "name", 2),
        ("def run(tables):\n    return ().__class__", "attribute", 2),
        ("def other(tables): return {}", "no_run", 1),
        ("def run(): return {}", "no_run", 1),
        ("data a; set b; run;", "no_python", 1),
        ("def run(tables:\n", "no_python", 1),
        ("\0", "no_python", 1),
        ("(" * 5000, "no_python", 1),
    ],
)
def test_what_no_translation_needs_is_refused_with_its_line(program: str, fault: str, line: int) -> None:
    found = vetted(program)
    assert found is not None
    assert (found.fault, found.line) == (fault, line)


def test_the_programs_of_the_shipped_examples_pass(shipped_task) -> None:  # type: ignore[no-untyped-def]
    for one in shipped_task("program_translation")["examples"]:
        assert vetted(one["output"]["program"]) is None


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers()))


@given(
    st.recursive(
        VALUES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.sampled_from(["name", "type", "values", "columns", "x"]), inner, max_size=4),
        ),
        max_leaves=12,
    )
)
def test_whatever_comes_back_is_tables_or_refused(found: object) -> None:
    try:
        tables, _ = wire.from_json(found, max_tables=5, max_rows=5)
    except wire.BadAnswer:
        return
    assert all(isinstance(one, pl.DataFrame) for one in tables.values())


@given(st.sampled_from(list(wire._PLAIN)), st.lists(VALUES, max_size=6))
def test_a_column_is_of_its_type_or_refused(code: str, values: list[object]) -> None:
    found = [{"name": "t", "columns": [{"name": "c", "type": code, "values": values}]}]
    try:
        tables, _ = wire.from_json(found, max_tables=5, max_rows=5)
    except wire.BadAnswer:
        return
    assert tables["t"]["c"].dtype in (wire._PLAIN[code][1], pl.Float64)


def test_every_plain_type_survives_the_way_there_and_back() -> None:
    table = pl.DataFrame(
        {
            "i": [1, None], "f": [0.5, float("nan")], "s": ["é", None], "b": [True, None], "n": [None, None],
            "d": pl.Series([1, None]).cast(pl.Date), "t": pl.Series([10**6, None]).cast(pl.Datetime("us")),
            "h": pl.Series([10**9, None]).cast(pl.Time), "u": pl.Series([5, None]).cast(pl.Duration("us")),
        }
    )  # fmt: skip
    back, others = wire.from_json(json.loads(json.dumps(wire.to_json({"t": table}))), max_tables=1, max_rows=2)
    assert_frame_equal(back["t"], table)
    assert others == ()
    odd = pl.DataFrame({"l": [[1]], "k": pl.Series(["x"], dtype=pl.Categorical), "e": pl.Series([2], dtype=pl.UInt8)})
    back, others = wire.from_json(wire.to_json({"t": odd}), max_tables=1, max_rows=1)
    assert (others, back["t"].rows()) == (("t.l",), [(None, "x", 2)])

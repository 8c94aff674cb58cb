"""What a start leaves out, and the tool that tells where its seconds go."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from glane.cluster.local import local_ray
from glane.cluster.ray_compat import _quick_imports
from glane.settings import LocalSettings
from glane.versions import looking_absent
from glane_tools.benchmark.startup import PARTS, Span, lines, started


def test_modules_look_absent_within_the_block_and_as_before_after_it():
    import colorsys

    sys.modules.pop("this", None)
    with looking_absent("colorsys", "this", "no.such.module"):
        for name in ("colorsys", "this"):
            with pytest.raises(ImportError):
                __import__(name)
    import colorsys as again

    assert again is colorsys
    assert not {"this", "no.such.module"} & set(sys.modules)


def test_they_are_there_again_after_an_error():
    with pytest.raises(ZeroDivisionError), looking_absent("colorsys"):
        1 / 0
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def alone(code):
    """What a process of its own prints."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_ray_is_imported_without_what_only_checks_addresses():
    pytest.importorskip("rfc3987_syntax")
    code = "from glane.cluster.ray_compat import import_ray; ray = import_ray(); import sys; " \
        "print(ray.__name__, 'jsonschema' in sys.modules, 'rfc3987_syntax' in sys.modules)\n" \
        "import rfc3987_syntax; print(rfc3987_syntax.__name__)"  # fmt: skip
    assert alone(code) == ["ray", "True", "False", "rfc3987_syntax"]


def test_who_imported_ray_before_is_told_to_start_anew(tmp_path):
    """It reads its settings at its import, and would show no token."""
    code = f"import ray\nfrom pathlib import Path\nfrom glane.cluster.local import LocalSettings, local_ray\n" \
        f"from glane.errors import EngineError\ntry:\n    local_ray(LocalSettings(), Path({str(tmp_path)!r})).__enter__()\n" \
        "except EngineError as error: print(error)"  # fmt: skip
    told = " ".join(alone(code))
    assert "Ray was imported in this process before glane" in told
    assert "restart the kernel" in told


def test_what_ray_starts_imports_it_no_more_than_the_driver_does(tmp_path, monkeypatch):
    """And finds all else, also what the user's own paths hold."""
    pytest.importorskip("rfc3987_syntax")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "of_the_user.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    with _quick_imports(tmp_path), _quick_imports(tmp_path):  # Ray may be started again in the folder
        code = "import of_the_user, ray, sys; print('jsonschema' in sys.modules, 'rfc3987_syntax' in sys.modules)"
        assert alone(code) == ["True", "False"]
    assert alone("import rfc3987_syntax; print(rfc3987_syntax.__name__)") == ["rfc3987_syntax"]
    assert os.environ["PYTHONPATH"] == str(tmp_path / "own")


@pytest.mark.ray
def test_ray_starts_its_workers_so():
    pytest.importorskip("rfc3987_syntax")
    with (
        tempfile.TemporaryDirectory(prefix="gl-", dir="/tmp") as folder,
        local_ray(LocalSettings(cpus=1, gpus=0), Path(folder)) as ray,
    ):
        loaded = ray.remote(lambda: "rfc3987_syntax" in __import__("sys").modules)
        assert ray.get(loaded.remote()) is False


@pytest.mark.engine
def test_an_engines_imports_are_made_without_what_it_does_not_need_and_all_the_same_whole():
    code = "from glane.engine.preload import preload; preload(); import sys; " \
        "print('vllm.v1.worker.cpu_worker' in sys.modules, 'sklearn' in sys.modules)\n" \
        "import sklearn.metrics; print(sklearn.metrics.roc_curve.__name__)"  # fmt: skip
    assert alone(code) == ["True", "False", "roc_curve"]


def test_a_table_tells_medians_of_the_parts_that_were_seen():
    runs = [
        {"the engine": Span(begins=at, takes=2 * at, works=at / 2), "total": Span(begins=0, takes=9, works=3)}
        for at in (1.0, 5.0, 3.0)
    ]
    assert lines(runs)[2:] == ["| the engine | 3.0 | 6.00 | 1.50 |", "| total | 0.0 | 9.00 | 3.00 |"]


@pytest.mark.engine
@pytest.mark.ray
@pytest.mark.slow
def test_each_part_of_a_start_is_seen_and_in_its_order(tmp_path, demo_corpus):
    data = demo_corpus / "documents.parquet"
    found = started(["task=ed_visit", "model=demo", f"data.path={data}", "data.limit=4"], tmp_path / "run")
    assert set(found) == {*PARTS, "total"}
    begins = [
        found[part].begins for part in ("settings composed", "the job", "run prepared", "the worker", "first step")
    ]
    assert begins == sorted(begins)
    assert all(0 <= one.begins <= found["total"].takes and one.takes >= 0 for one in found.values())


def test_a_command_that_fails_is_told_with_its_last_line(tmp_path):
    with pytest.raises(RuntimeError, match="no such configuration"):
        started(["task=ed_visite", "model=demo", "data.path=x"], tmp_path / "run")

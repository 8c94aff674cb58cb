"""A catalogue of models: what is refused, what is copied, and that a run takes only what was staged."""

from __future__ import annotations

import json
import os
import pickle
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from conftest import DEMO_MODEL, ROOT, SMALL_TASK, job_here, make_settings, write_documents
from glane.catalogue import copies, stage
from glane.catalogue.forms import not_read
from glane.catalogue.listed import entries
from glane.catalogue.stage import stage_model
from glane.cluster.layout import gpus_needed
from glane.corpus.unchanged import content_digest
from glane.engine.manifest import MANIFEST, read_manifest
from glane.engine.safetensors import read_header
from glane.engine.weights import model_digests, refuse_changed, resolve_weights
from glane.errors import ConfigError, GlaneError, RunError
from glane.job.models import provenance_line
from glane.job.resolve import resolve
from glane.settings import StageModelSettings

VALUES = b"\x01\x02" * 8


def weights(path: Path, tensors: dict[str, bytes], *, header: bytes | None = None, **changes: object) -> Path:
    """A file of weights with tensors of bfloat16. `changes` are keys of the first one."""
    told, start = {}, 0
    for name, values in tensors.items():
        told[name] = {"dtype": "BF16", "shape": [len(values) // 2], "data_offsets": [start, start + len(values)]}
        start += len(values)
    told[next(iter(tensors))].update(changes)
    text = json.dumps(told).encode() if header is None else header
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(tensors.values()))
    return path


def model(folder: Path) -> Path:
    """Two files of weights with their index, a configuration, a tokenizer, a card."""
    folder.mkdir(parents=True)
    weights(folder / "model-1.safetensors", {"a": VALUES, "b": VALUES})
    weights(folder / "model-2.safetensors", {"c": VALUES})
    index = {"a": "model-1.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (folder / "config.json").write_text(
        json.dumps({"architectures": ["SmallForCausalLM"], "max_position_embeddings": 4096})
    )
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\nbase_model: some/base\n---\nA card.\n")
    return folder


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(stage, "_RESERVE", 0)
    return model(tmp_path / "downloads" / "Small-1B")


@pytest.fixture
def catalogue(tmp_path):
    return tmp_path / "catalogue"


def staged(source, catalogue, **changes):
    told = []
    return stage_model(StageModelSettings(source=str(source), **changes), catalogue, say=told.append)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def refused(source, catalogue, words, **changes):
    with pytest.raises(ConfigError, match=words):
        staged(source, catalogue, **changes)
    assert not catalogue.exists()


# What is taken.


def test_a_model_is_there_whole_with_the_digests_of_its_files(source, catalogue):
    found = staged(source, catalogue)
    assert found.place == catalogue / "Small-1B"
    assert names(found.place) == sorted([MANIFEST, *names(source)])
    assert all((found.place / name).read_bytes() == (source / name).read_bytes() for name in names(source))
    told = {one.path: one.sha256 for one in found.manifest.files}
    shown = subprocess.run(["sha256sum", *names(source)], cwd=source, capture_output=True, text=True, check=True).stdout
    assert told == {line.split()[1]: line.split()[0] for line in shown.splitlines()}
    facts = found.manifest.facts
    assert (facts.architecture, facts.parameters, facts.weights_bytes) == ("SmallForCausalLM", 24, 48)
    assert (facts.licence, facts.base_model, facts.card) == ("Apache-2.0", "some/base", "README.md")
    assert (facts.context, facts.form, facts.quantisation) == (4096, "transformers", None)
    again = staged(source, catalogue)
    assert (again.was_there, again.manifest) == (True, found.manifest)
    assert names(catalogue) == [f"Small-1B/{name}" for name in names(found.place)]


def test_another_model_of_the_same_name_is_not_replaced(source, catalogue):
    staged(source, catalogue)
    weights(source / "model-2.safetensors", {"c": VALUES[::-1]})
    with pytest.raises(RunError, match="is another model than the source"):
        staged(source, catalogue)
    assert not staged(source, catalogue, name="small-2").was_there
    (catalogue / "mine").mkdir()
    with pytest.raises(RunError, match="glane did not stage it"):
        staged(source, catalogue, name="mine")
    with pytest.raises(ConfigError, match="is no name"):
        staged(source, catalogue, name="../out")


def test_one_form_of_weights_that_lie_there_twice_is_taken(source, catalogue):
    weights(source / "consolidated.safetensors", {"x": VALUES * 3})
    (source / "params.json").write_text('{"n_layers": 1}')
    found = staged(source, catalogue)
    assert "consolidated.safetensors" in names(found.place)
    assert not [name for name in names(found.place) if name.startswith("model")]
    assert [one.path for one in found.manifest.left_out] == [n for n in names(source) if n.startswith("model")]
    assert (found.manifest.facts.form, found.manifest.facts.parameters) == ("mistral", 24)
    other = staged(source, catalogue, form="transformers", name="other")
    assert [one.path for one in other.manifest.left_out] == ["consolidated.safetensors"]
    both = staged(source, catalogue, form="both", name="both")
    assert (both.manifest.left_out, both.manifest.facts.weights_bytes) == ((), 48)


def test_what_no_loader_reads_is_left_out_and_told(source, catalogue):
    (source / "figure.png").write_bytes(b"x")
    (source / ".git").mkdir()
    (source / ".git" / "config").write_text("x")
    (source / "1_Pooling").mkdir()
    (source / "1_Pooling" / "config.json").write_text("{}")
    found = staged(source, catalogue)
    assert [(one.path, one.why) for one in found.manifest.left_out] == [("figure.png", "no loader reads it")]
    assert "1_Pooling/config.json" in names(found.place)


def test_of_two_forms_a_node_copies_the_one_that_vllm_reads():
    both = ["consolidated.safetensors", "model-1.safetensors", "model.safetensors.index.json", "config.json", "a.bin"]
    assert not_read(both, "auto") == not_read(both, "mistral") == {*both[1:3], "a.bin"}
    assert not_read(both, "safetensors") == {"consolidated.safetensors", "a.bin"}
    assert not_read(["model.safetensors", "config.json"], "auto") == set()
    assert not_read(["a.bin", "config.json"], "auto") == set()


def test_gpus_are_counted_as_the_layout_of_engines_counts_them():
    assert [gpus_needed(48e9, gib * 2**30, memory_share=0.92) for gib in (24, 48, 80, 141)] == [4, 2, 1, 1]


# What is refused.


class _Payload:
    def __reduce__(self):
        return os.system, ("true",)


def _pickled(protocol):
    return lambda path: path.write_bytes(pickle.dumps({"a": _Payload()}, protocol=protocol))


def _zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(1))


def _zipped_behind_text(path):
    _zipped(path)
    path.write_bytes(b"\n\x05text " + path.read_bytes())


def _tarred(path):
    other = path.with_name("data.pkl.txt")
    other.write_bytes(pickle.dumps(1))
    with tarfile.open(path, "w") as archive:
        archive.add(other, "data.pkl")
    other.unlink()


def _gzipped(path):
    path.write_bytes(b"\x1f\x8b\x08" + b"\0" * 20)


@pytest.mark.parametrize("name", ["tokenizer.model", "model-1.safetensors", "vocab.txt", "NOTICE"])
@pytest.mark.parametrize(
    "write", [_pickled(0), _pickled(1), _pickled(2), _pickled(5), _zipped, _zipped_behind_text, _tarred, _gzipped]
)
def test_a_pickle_under_another_name_is_refused(source, catalogue, name, write):
    (source / name).unlink(missing_ok=True)
    write(source / name)
    refused(source, catalogue, rf"(?s)is not staged.*{name}: ")


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "x.pt", "original/consolidated.00.pth", "a.ckpt", "o.pkl", "w.npz"]
)
def test_weights_as_pickles_are_refused_unless_they_are_left_out_by_name(source, catalogue, name):
    (source / name).parent.mkdir(exist_ok=True)
    (source / name).write_bytes(b"anything")
    refused(source, catalogue, f"(?s){name}: weights as pickles.*leave_out")
    refused(source, catalogue, "no file is called 'another'", leave_out=["another"])
    found = staged(source, catalogue, leave_out=[name])
    assert [(one.path, one.why) for one in found.manifest.left_out] == [(name, "as leave_out says")]
    assert name not in names(found.place)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"header": b"{}"}, "bytes of numbers, and its header tells of 0"),
        ({"header": b"[1]"}, "no mapping"),
        ({"header": b'{"a": 1, "a": 2}'}, "names a tensor twice"),
        ({"header": b"not json"}, "no JSON"),
        ({"header": b"\xef\xbb\xbf{}"}, "no JSON"),
        ({"header": "{}".encode("utf-16")}, "no JSON"),
        ({"data_offsets": [0, 8]}, "does not fit its bytes"),
        ({"data_offsets": [0, 8], "shape": [4]}, "belong to no tensor"),
        ({"data_offsets": [0, 24], "shape": [12]}, "tensors overlap"),
        ({"data_offsets": [16, 0]}, "describes a tensor wrongly"),
        ({"data_offsets": [-16, 0]}, "describes a tensor wrongly"),
        ({"shape": [True, 8]}, "describes a tensor wrongly"),
        ({"shape": "8"}, "describes a tensor wrongly"),
    ],
)  # fmt: skip
def test_a_header_that_does_not_describe_its_file_is_refused(source, catalogue, changes, words):
    weights(source / "model-1.safetensors", {"a": VALUES, "b": VALUES}, **changes)
    refused(source, catalogue, f"model-1.safetensors: damaged, or not copied whole: .*{words}")


@pytest.mark.parametrize("length", [0, 5, 60, -1])
def test_a_file_that_was_cut_is_refused(source, catalogue, length):
    content = (source / "model-1.safetensors").read_bytes()
    (source / "model-1.safetensors").write_bytes(content[:length])
    refused(source, catalogue, "model-1.safetensors: damaged")
    (source / "model-1.safetensors").write_bytes((2**62).to_bytes(8, "little") + content[8:])
    refused(source, catalogue, "its header claims 4611686018427387904 bytes")


def test_shards_that_were_swapped_or_are_missing_are_refused(source, catalogue):
    one, two = source / "model-1.safetensors", source / "model-2.safetensors"
    first = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(first)
    refused(source, catalogue, "has not the tensors that model.safetensors.index.json tells of it")
    one.unlink()
    refused(source, catalogue, "names model-1.safetensors, which is not there")
    for path in source.glob("model*"):
        path.unlink()
    refused(source, catalogue, "incomplete: no weights")
    (source / "config.json").unlink()
    refused(source, catalogue, "it has none of config.json")


def test_weights_are_known_in_capitals_too(source, catalogue):
    (source / "more.SAFETENSORS").write_bytes(b"no header" * 9)
    refused(source, catalogue, "more.SAFETENSORS: damaged")


def test_links_in_a_circle_and_names_that_are_no_text_are_refused_before_anything_is_copied(source, catalogue):
    (source / "a.txt").symlink_to("b.txt")
    (source / "b.txt").symlink_to("a.txt")
    refused(source, catalogue, "a.txt: it is no file")
    (source / "a.txt").unlink()
    (source / "b.txt").unlink()
    Path(os.fsdecode(os.fsencode(source) + b"/\xff.txt")).write_text("x")
    for patterns in ((), ("*.txt",)):
        refused(source, catalogue, "name is not UTF-8; rename it", leave_out=patterns)


def test_a_link_out_of_the_folder_is_refused_and_one_of_a_cache_is_followed(source, catalogue, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    for target in (tmp_path / "secret.json", tmp_path / "nothing"):
        (source / "more.json").symlink_to(target)
        refused(source, catalogue, "more.json: it is a link that leads out of the folder")
        (source / "more.json").unlink()
    (source / "folder").symlink_to(tmp_path)
    refused(source, catalogue, "folder: it is a link that leads out")
    (source / "folder").unlink()
    cache = tmp_path / "hub" / "models--org--Small-1B"
    (cache / "snapshots").mkdir(parents=True)
    shutil.move(source, cache / "blobs")
    (cache / "snapshots" / "abc").mkdir()
    for path in (cache / "blobs").iterdir():
        (cache / "snapshots" / "abc" / path.name).symlink_to(Path("../../blobs") / path.name)
    found = staged(cache / "snapshots" / "abc", catalogue)
    assert found.place.name == "Small-1B"
    assert not any(path.is_symlink() for path in found.place.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("modeling_x.py", "import os", "it is code of the model's own"),
        ("sub/x.so", "x", "it is code of the model's own"),
        ("config.json", '{"auto_map": {"AutoModel": "modeling_x.M"}}', "auto_map names code"),
        ("tokenizer_config.json", '{"a": [{"auto_map": {"b": "c"}}]}', "auto_map names code"),
        ("modules.json", '[{"type": "custom_st.Layer"}]', "'custom_st.Layer' is code of the model's own"),
    ],
)  # fmt: skip
def test_code_of_the_models_own_is_refused_and_never_copied(source, catalogue, name, content, words):
    (source / name).parent.mkdir(exist_ok=True)
    (source / name).write_text(content)
    refused(source, catalogue, words)
    found = staged(source, catalogue, remote_code="leave_out")
    is_told = [one.path for one in found.manifest.left_out] == [name] or name in found.manifest.notes[0]
    assert is_told
    assert not [one for one in names(found.place) if one.endswith((".py", ".so"))]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ messages.__class__.__mro__ }}", "way out of the sandbox"),
        ("{{ ''['__class__'] }}", "way out of the sandbox"),
        ("{{ messages | attr('x') }}", "attributes by their names"),
        ("{% include '/etc/passwd' %}", "reads other templates"),
        ("{% if %}", "is no template"),
    ],
)
@pytest.mark.parametrize("place", ["chat_template.jinja", "tokenizer_config.json", "several"])
def test_a_template_that_does_more_than_one_needs_to_is_refused(source, catalogue, template, words, place):
    several = {"chat_template": [{"name": "default", "template": template}]}
    contents = {"chat_template.jinja": template, "tokenizer_config.json": json.dumps({"chat_template": template})}
    path = source / ("tokenizer_config.json" if place == "several" else place)
    path.write_text(contents.get(place) or json.dumps(several))
    refused(source, catalogue, f"the chat template .*{words}")


@pytest.mark.parametrize("folder", ["lib/glane/demo/model", ".models/smollm2-135m"])
def test_templates_of_real_models_are_taken(folder, catalogue, source):
    real = ROOT / folder / "chat_template.jinja"
    if not real.is_file():
        pytest.skip("no such model here")
    shutil.copy(real, source / "chat_template.jinja")
    more = "{% for m in messages %}{% generation %}{{ m.content | trim }}{% endgeneration %}{% break %}{% endfor %}"
    (source / "tokenizer_config.json").write_text(json.dumps({"chat_template": more}))
    assert {"chat_template.jinja", "tokenizer_config.json"} <= set(names(staged(source, catalogue).place))


# Copies.


SCRIPT = """
import os, sys
sys.path.insert(0, "tests")
from pathlib import Path
import killer
from glane.catalogue import copies, stage
from glane.settings import StageModelSettings
stage._RESERVE, copies._CHUNK, copies._COPIERS = 0, 16, 1
settings = StageModelSettings(source=sys.argv[1])
os.umask(0o077)
import shutil, json, concurrent.futures.thread
first = int(sys.argv[3])
for limit in range(first, 10_000):
    child = os.fork()
    if not child:
        killer.arm(limit)
        stage.stage_model(settings, Path(sys.argv[2]), say=lambda line: None)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        print(limit, flush=True)
        break
    there = sorted(path.name for path in Path(sys.argv[2]).glob("[!.]*")) if Path(sys.argv[2]).exists() else []
    if there:
        assert (Path(sys.argv[2]) / there[0] / ".glane-model.json").is_file()
    if sys.argv[4] == "anew":
        shutil.rmtree(sys.argv[2], ignore_errors=True)
"""


@pytest.mark.parametrize("way", ["anew", "on"])
def test_a_kill_at_each_file_operation_leaves_nothing_or_all_and_is_gone_on_with(source, catalogue, way):
    """Anew: each operation of a whole call. On: of calls that each go on where the last was killed at its first ones."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), str(catalogue), "1", way], cwd=ROOT, capture_output=True, text=True,
        timeout=300, check=False, env=os.environ | {"PYTHONPATH": str(ROOT / "lib")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > (20 if way == "anew" else 5)
    found = staged(source, catalogue)
    assert found.was_there
    assert [one.problem for one in entries(catalogue, verify=True)] == [""]
    assert [path.name for path in catalogue.iterdir()] == ["Small-1B"]


def test_what_a_killed_call_left_wrong_is_not_taken(source, catalogue):
    folder = catalogue / ".staging-Small-1B"
    folder.mkdir(parents=True)
    (folder / "model-1.safetensors.part").write_bytes(b"wrong")
    (folder / "config.json").write_bytes((source / "config.json").read_bytes()[:-1] + b"x")
    found = staged(source, catalogue)
    assert (found.place / "model-1.safetensors").read_bytes() == (source / "model-1.safetensors").read_bytes()
    assert [one.problem for one in entries(catalogue, verify=True)] == [""]


def test_of_two_stagers_one_works(source, catalogue, monkeypatch):
    real, seen = stage.copy_files, []

    def slow(*arguments, **more):
        with pytest.raises(RunError, match="another process stages Small-1B"):
            staged(source, catalogue)
        seen.append(1)
        return real(*arguments, **more)

    monkeypatch.setattr(stage, "copy_files", slow)
    assert not staged(source, catalogue).was_there
    assert seen == [1]


def test_what_is_not_of_this_model_is_not_touched(source, catalogue, tmp_path):
    folder = catalogue / ".staging-Small-1B"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match=r"mine.txt does not belong to this model"):
        staged(source, catalogue)
    assert (folder / "mine.txt").read_text() == "mine"
    (folder / "mine.txt").unlink()
    (tmp_path / "elsewhere").write_text("kept")
    (folder / "config.json.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="does not belong"):
        staged(source, catalogue)
    assert (tmp_path / "elsewhere").read_text() == "kept"
    (folder / "config.json.part").unlink()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(RunError, match="another user's, or a link"):
        staged(source, catalogue)


def test_a_disk_without_room_is_told_before_and_one_that_fills_up_then(source, catalogue, monkeypatch):
    monkeypatch.setattr(stage, "_RESERVE", 2**62)
    with pytest.raises(RunError, match="GB are to be copied"):
        staged(source, catalogue)
    monkeypatch.setattr(stage, "_RESERVE", 0)
    real = os.fsync

    def full(descriptor):
        if "model-2" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(28, "No space left on device")
        return real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="The disk is full"):
        staged(source, catalogue)
    assert [path.name for path in catalogue.glob("[!.]*")] == []
    monkeypatch.setattr(os, "fsync", real)
    assert not staged(source, catalogue).was_there


def test_a_disk_that_damages_what_is_written_is_told(source, catalogue, monkeypatch):
    real = copies._copied

    def damaging(path, target, stop):
        done = real(path, target, stop)
        if target.name == "model-2.safetensors":
            target.write_bytes(b"damaged")
        return done

    monkeypatch.setattr(copies, "_copied", damaging)
    with pytest.raises(RunError, match="something else than was written, 2 times"):
        staged(source, catalogue)
    assert not (catalogue / "Small-1B").exists()


def test_a_source_that_changes_while_it_is_read_is_refused(source, catalogue, monkeypatch):
    monkeypatch.setattr(copies, "_CHUNK", 8)
    real = copies._Hashing.update

    def changing(self, chunk):
        with open(source / "tokenizer.json", "a") as file:
            file.write(" ")
        real(self, chunk)

    monkeypatch.setattr(copies._Hashing, "update", changing)
    monkeypatch.setattr(copies, "_COPIERS", 1)
    with pytest.raises(GlaneError, match="was changed while it was read"):
        staged(source, catalogue)
    assert not (catalogue / "Small-1B").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", b'{"auto_map": {"AutoModel": "modeling.Model"}}', "names code of the model's own"),
        ("model-2.safetensors", pickle.dumps({"a": 1}), "it is a pickle"),
        ("tokenizer.json", b"{", "it is no JSON"),
    ],
)
def test_what_comes_into_the_source_between_the_look_and_the_copy_is_not_staged(
    source, catalogue, monkeypatch, name, content, words
):
    real = stage.copy_files

    def late(*told, **named):
        (source / name).write_bytes(content)
        return real(*told, **named)

    monkeypatch.setattr(stage, "copy_files", late)
    with pytest.raises(GlaneError, match=words):
        staged(source, catalogue)
    assert not (catalogue / "Small-1B").exists()


def test_who_may_read_the_catalogue_may_read_a_model_whatever_the_umask(source, catalogue):
    former = os.umask(0o077)
    try:
        catalogue.mkdir()
        catalogue.chmod(0o755)
        place = staged(source, catalogue).place
        catalogue.chmod(0o750)
        private = staged(source, catalogue, name="second").place
    finally:
        os.umask(former)
    modes = [(one.stat().st_mode & 0o777, (one / "config.json").stat().st_mode & 0o777) for one in (place, private)]
    assert modes == [(0o755, 0o444), (0o750, 0o440)]
    catalogue.chmod(0o777)
    with pytest.raises(ConfigError, match="everybody could change"):
        staged(source, catalogue, name="third")


def test_a_read_only_source_serves_and_a_catalogue_inside_it_does_not(source, catalogue):
    for path in source.iterdir():
        path.chmod(0o400)
    source.chmod(0o500)
    assert not staged(source, catalogue).was_there
    with pytest.raises(ConfigError, match="lie in one another"):
        staged(source, source / "catalogue")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_another_users_catalogue_is_refused_in_a_sentence(source, tmp_path):
    catalogue = tmp_path / "others"
    catalogue.mkdir(mode=0o755)
    script = f"""
import os, sys
from pathlib import Path
from glane.catalogue.stage import stage_model
from glane.errors import GlaneError
from glane.settings import StageModelSettings
os.setuid(65534)
try:
    stage_model(StageModelSettings(source={str(source)!r}), Path({str(catalogue)!r}), say=print)
except GlaneError as error:
    print("refused:", error)
"""
    for folder in (*tmp_path.parents, tmp_path, *source.parents, source, *source.rglob("*")):
        if "pytest-of-" in str(folder):
            folder.chmod(0o755)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "lib")}
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert "refused:" in told.stdout, told.stderr
    assert "write access" in told.stdout or "cannot be read" in told.stdout
    assert list(catalogue.iterdir()) == []


# Runs.


@pytest.fixture
def demo(tmp_path, monkeypatch, catalogue):
    """The demo model, staged."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = staged(DEMO_MODEL.path, catalogue, name="demo").place
    return DEMO_MODEL.model_copy(update={"path": str(place)})


def _flip(path):
    path.chmod(0o600)
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # a tool can set that back


def test_a_run_takes_what_is_as_it_was_staged(demo, catalogue):
    found = resolve_weights(demo)
    digests = model_digests(found, content_digest)
    assert digests == model_digests(resolve_weights(DEMO_MODEL), content_digest)
    refuse_changed(found, content_digest)
    assert "as they were staged on 20" in provenance_line(found)
    assert "not staged" in provenance_line(DEMO_MODEL)


@pytest.mark.parametrize("name", names(Path(DEMO_MODEL.path)))
def test_a_flipped_byte_in_any_file_of_a_staged_model_is_found(demo, name):
    found = resolve_weights(demo)
    model_digests(found, content_digest)  # so that the digests are known
    _flip(Path(demo.path) / name)
    for check in (model_digests, refuse_changed):
        with pytest.raises(ConfigError, match=rf"{name} does not hold what it held .*stage the model again"):
            check(found, content_digest)


def test_a_run_refuses_files_that_are_missing_added_or_cut(demo, tmp_path):
    place = Path(demo.path)
    settings = make_settings(
        write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "run", SMALL_TASK, model__engine="vllm",
        model__path=demo.path, model__max_tokens=64,
    )  # fmt: skip
    (place / "extra.bin").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"extra.bin was added after the model was staged"):
        resolve(settings)
    assert not (tmp_path / "run").exists()
    (place / "extra.bin").unlink()
    (place / "sub").mkdir()
    (place / "sub" / "x.json").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="was added"):
        resolve_weights(demo)
    shutil.rmtree(place / "sub")
    (place / ".nfs0001").write_bytes(b"of a file that is open elsewhere")
    resolve_weights(demo)
    (place / "generation_config.json").unlink()
    with pytest.raises(ConfigError, match=r"generation_config.json is missing"):
        resolve_weights(demo)
    (place / "generation_config.json").write_text("{}")
    with pytest.raises(ConfigError, match="has 2 bytes, and had"):
        resolve_weights(demo)


def test_a_damaged_manifest_is_no_unstaged_model(demo):
    path = Path(demo.path) / MANIFEST
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(ConfigError, match=r"glane-model.json.*stage the model again"):
        resolve_weights(demo)


# Commands.


def test_commands_stage_and_list(source, catalogue, tmp_path, monkeypatch):
    told = [f"source={source}", f"models.dir={catalogue}"]
    done = job_here(*told, name="stage_model", as_told=True)
    assert f"use it: model=hf model.path={catalogue}/Small-1B model.name=Small-1B" in done.stdout
    assert "model.max_model_len=4096 model.licence=Apache-2.0" in done.stdout
    assert "is staged already" in job_here(*told, name="stage_model", as_told=True).stdout
    (tmp_path / "site.yaml").write_text(f"models: {catalogue}\n")
    monkeypatch.setenv("GLANE_SITE", str(tmp_path / "site.yaml"))
    listed = job_here("gpu_gib=[24]", "verify=true", name="models", as_told=True).stdout
    assert "Small-1B: SmallForCausalLM, 0 M parameters, weights of 0.00 GB, licence Apache-2.0" in listed
    assert "GPUs for one engine: 1 × 24 GiB; context of 4096 tokens" in listed
    assert "all 6 files as staged" in listed
    (tmp_path / "with blank").mkdir()
    done = job_here(f"source={source}", f"models.dir={tmp_path / 'with blank'}", name="stage_model", as_told=True)
    words = shlex.split(done.stdout.splitlines()[-1].removeprefix("use it: "))
    assert f"model.path={tmp_path / 'with blank' / 'Small-1B'}" in words
    _flip(catalogue / "Small-1B" / "model-1.safetensors")
    (catalogue / "other").mkdir()
    done = job_here("json=true", "verify=true", name="models", as_told=True, check=2)
    first, second = json.loads(done.stdout)
    assert (first["name"], first["licence"], first["gpus"]["24"]) == ("Small-1B", "Apache-2.0", 1)
    assert "model-1.safetensors does not hold" in first["problem"]
    assert (second["name"], second["staged"]) == ("other", None)
    assert "NOT as it was staged" in job_here("verify=true", name="models", as_told=True, check=2).stdout
    monkeypatch.delenv("GLANE_SITE")
    assert "no catalogue is told" in job_here(name="models", as_told=True, check=2).stderr


def test_headers_of_the_demo_model_are_read():
    assert sum(one.num_values for one in read_header(Path(DEMO_MODEL.path) / "model.safetensors").values()) > 1e6
    assert read_manifest(Path(DEMO_MODEL.path)) is None

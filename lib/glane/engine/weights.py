"""A model's files: found, checked and hashed before an engine loads them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from glane.engine.adapter import ADAPTER, ADAPTER_WEIGHTS, checked_adapter
from glane.engine.digest_cache import DigestCache
from glane.engine.manifest import refuse_other_content, refuse_other_files, staged_files
from glane.engine.registry import engine_kind
from glane.engine.safetensors import check_safetensors
from glane.errors import ConfigError, UnreadableError
from glane.plain_values import json_values
from glane.settings import ModelSettings

_WEIGHTS = (".safetensors", ".bin", ".pt", ".gguf")
_TOY = "toy.json"  # beside the weights of a toy: the tasks that it was trained for, as a list of names
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "tekken.json", "vocab.json")


def resolve_weights(settings: ModelSettings) -> ModelSettings:
    """Return the settings with `path` set to the local directory that holds the whole model.

    A name like `org/model` is looked up in the local Hugging Face cache; nothing is downloaded.

    Raises:
        ConfigError: if the directory or one of its files is missing.
    """
    if not engine_kind(settings.engine).has_weights:
        return settings
    folder = Path(settings.path)
    if folder.suffix == ".gguf":
        raise ConfigError(
            f"model.path: {folder} is a GGUF file, which engines of glane do not read. Set model.path to a directory "
            "with the weights as safetensors, config.json and tokenizer, as the page of the model gives them."
        )
    if not folder.is_dir():
        folder = _in_cache(settings.path)
    _check(folder)
    if settings.adapter is not None:
        settings = settings.model_copy(update={"adapter": str(checked_adapter(Path(settings.adapter)).resolve())})
    if settings.chat_template is not None and not Path(settings.chat_template).is_file():
        raise ConfigError(f"model.chat_template: no file {settings.chat_template}.")
    tokenizer = Path(settings.tokenizer) if settings.tokenizer else folder
    if not any((tokenizer / name).is_file() for name in _TOKENIZERS):
        raise ConfigError(f"model.tokenizer: {tokenizer} holds no tokenizer (one of {', '.join(_TOKENIZERS)}).")
    found = settings.model_copy(update={"path": str(folder.resolve())})
    refuse_other_files(found)
    return marked(found)


def at_hand(settings: ModelSettings) -> ModelSettings:
    """The settings with a name in the local Hugging Face cache as its directory; unchanged where it is not there."""
    if engine_kind(settings.engine).has_weights and not Path(settings.path).is_dir():
        with suppress(ConfigError):
            return settings.model_copy(update={"path": str(_in_cache(settings.path).resolve())})
    return settings


def marked(settings: ModelSettings) -> ModelSettings:
    """Return the settings with `toy_for` as a toy's own folder says it, whoever named the folder.

    Raises:
        ConfigError: if the file that says it is damaged.
    """
    path = Path(settings.path) / _TOY
    if settings.toy_for is not None or not engine_kind(settings.engine).has_weights or not path.is_file():
        return settings
    try:
        tasks = [str(name) for name in json_values(path.read_text(encoding="utf-8"))]
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError):
        raise ConfigError(f"model.path: {path} is damaged. It holds a list of the names of tasks.") from None
    return settings.model_copy(update={"toy_for": tuple(tasks)})


def weights_bytes(settings: ModelSettings) -> int | None:
    """The size of resolved weights on disk, in bytes; None for an engine without weights.

    Mistral's directories hold the weights twice, in Mistral's format (`consolidated*`) and in that of Transformers.
    """
    if not engine_kind(settings.engine).has_weights:
        return None
    forms = {True: 0, False: 0}
    for path in Path(settings.path).iterdir():
        if path.suffix in _WEIGHTS:
            forms[path.name.startswith("consolidated")] += path.stat().st_size
    return max(forms.values())


def _in_cache(name: str) -> Path:
    remedy = "Set model.path to a directory with the weights (config.json, *.safetensors, tokenizer)"
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise ConfigError(f"model.path: no directory {name}. {remedy}.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError):
        raise ConfigError(
            f"model.path: {name!r} is no directory, and not in the local Hugging Face cache. {remedy}."
        ) from None


def _check(folder: Path) -> None:
    if (folder / ADAPTER).is_file() and not (folder / "config.json").is_file():
        raise ConfigError(
            f"model.path: {folder} is a LoRA adapter, and no model. Set model.path to the weights that it was trained "
            f"over, and model.adapter={folder}."
        )
    if not any((folder / name).is_file() for name in ("config.json", "params.json")):
        raise ConfigError(f"model.path: {folder} is incomplete: no config.json (nor Mistral's params.json).")
    for index in folder.glob("*.index.json"):
        try:
            parts = sorted(set(json_values(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except OSError as error:
            raise UnreadableError(f"{index}: cannot be read ({error.strerror}).") from None
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ConfigError(f"model.path: {index} is damaged.") from None
        if missing := [part for part in parts if not (folder / part).is_file()]:
            raise ConfigError(
                f"model.path: {folder} is incomplete: {len(missing)} of {len(parts)} weight files missing, "
                f"first {missing[0]}."
            )
    weights = [file for file in folder.iterdir() if file.suffix in _WEIGHTS]
    if not weights:
        raise ConfigError(f"model.path: {folder} is incomplete: no weights (*.safetensors).")
    for file in weights:
        if file.suffix == ".safetensors":
            check_safetensors(file)


def refuse_changed(settings: ModelSettings, digest: Callable[[str], str]) -> None:
    """Check that the files of a staged model hold what they held; nothing is read of one that was not staged.

    `digest` hashes the file at a path.

    Raises:
        ConfigError: naming the file, and the remedy.
    """
    if engine_kind(settings.engine).has_weights:
        cache = DigestCache(digest)
        cache.learn(staged_files(settings))
        refuse_other_content(settings, cache)


def model_digests(
    settings: ModelSettings, digest: Callable[[str], str], *, cache: DigestCache | None = None
) -> dict[str, str]:
    """Return the digests of weights, adapter, tokenizer and chat template, by these names.

    `digest` hashes the file at a path. Hashing tens of gigabytes takes minutes, so digests are kept in the user's cache
    directory, by the path, size and times of change of their file; see `glane.engine.digest_cache`. Of a model that was
    staged, all files are hashed. `cache` is another one than the user's.

    Raises:
        ConfigError: if a file of a staged model holds something else than when it was staged.
    """
    if not engine_kind(settings.engine).has_weights:
        return {"weights": settings.engine}
    folder = Path(settings.path)
    tokenizer = Path(settings.tokenizer) if settings.tokenizer else folder
    cache = cache or DigestCache(digest)
    weights = sorted(f for f in folder.iterdir() if f.suffix in _WEIGHTS or f.name in ("config.json", "params.json"))
    others = sorted(
        f
        for f in tokenizer.iterdir()
        if f.name in (*_TOKENIZERS, "special_tokens_map.json", "added_tokens.json", "merges.txt")
    )
    parts = {"weights": weights, "tokenizer": others}
    template = Path(settings.chat_template) if settings.chat_template else tokenizer / "chat_template.jinja"
    if settings.adapter is not None:
        parts["adapter"] = [Path(settings.adapter) / name for name in (ADAPTER, ADAPTER_WEIGHTS)]
    if template.is_file():
        parts["chat_template"] = [template]
    cache.learn([*(file for files in parts.values() for file in files), *staged_files(settings)])
    refuse_other_content(settings, cache)
    return {name: cache.combined(files) for name, files in parts.items()}

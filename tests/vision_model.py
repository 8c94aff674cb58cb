"""A vision-language model with random weights, which vLLM's server reads pages with: what it writes is rubbish.

Its architecture is Idefics3's (SigLIP and Llama, as in SmolVLM), one of vLLM's that need no torchvision, scaled down to
some hundred thousand parameters; its tokens are bytes. Only letters are written, and some of them end the answer, so
that a page has a short text. Nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

BEGIN, END, IMAGE = "<s>", "</s>", "<image>"
SPECIAL = (BEGIN, END, IMAGE, "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% else %}<image>{% endif %}{% endfor %}{% endif %}{% endfor %}\n"
)
_ENDING = "aeiou"  # letters that end an answer
_SIDE, _PATCH, _SCALE, _WIDTH = 112, 14, 2, 64
_TOKENS_OF_PICTURE = (_SIDE // _PATCH // _SCALE) ** 2
_START_S = 420.0  # on a machine that does much else


def write_vision_model(folder: Path, *, seed: int = 0) -> Path:
    """Write the model, its tokenizer and its processor."""
    import torch
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration

    tokens = _write_processor(folder)
    special = {"bos_token_id": tokens[BEGIN], "eos_token_id": tokens[END], "pad_token_id": tokens[END]}
    config = Idefics3Config(
        vision_config={
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": _SIDE, "patch_size": _PATCH,
        },
        text_config={
            "model_type": "llama", "hidden_size": _WIDTH, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "vocab_size": len(tokens),
            "max_position_embeddings": 2048, "tie_word_embeddings": False, **special,
        },
        image_token_id=tokens[IMAGE], scale_factor=_SCALE, tie_word_embeddings=False, **special,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Idefics3ForConditionalGeneration(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.5)
        for token, number in tokens.items():
            if not (len(token) == 1 and token.isascii() and token.isalpha()):
                model.lm_head.weight[number] = 0  # letters alone are written
    model.to(torch.float32).save_pretrained(folder)
    endings = [tokens[END], *(tokens[one] for one in _ENDING)]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": endings}))
    return folder


def _write_processor(folder: Path) -> dict[str, int]:
    """Write what makes tokens of texts and pictures. Return the numbers of the tokens: bytes, and some special ones."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import Idefics3Processor, PreTrainedTokenizerFast
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    vocabulary = {one: number for number, one in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in SPECIAL])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=END)
    side = {"longest_edge": _SIDE}
    pictures = Idefics3ImageProcessorPil(size=side, max_image_size=side, do_image_splitting=False)
    Idefics3Processor(
        image_processor=pictures, tokenizer=fast, image_seq_len=_TOKENS_OF_PICTURE, chat_template=TEMPLATE
    ).save_pretrained(folder)
    return dict(tokenizer.get_vocab())


@contextlib.contextmanager
def vllm_server(
    model: Path, log: Path, *, name: str, words: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Serve a model with vLLM's own server on the loopback network. Yields its process, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {
        "VLLM_TARGET_DEVICE": "cpu", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1",
        "DO_NOT_TRACK": "1", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--served-model-name", name,
        "--host", "127.0.0.1", "--port", str(port), "--enforce-eager", "--dtype", "float32", "--max-num-seqs", "8",
        *words,
    ]  # fmt: skip
    with log.open("wb") as sink:
        server = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        _wait(server, port, log)
        yield server, port
    finally:
        end(server)


def end(server: subprocess.Popen[bytes]) -> None:
    """Kill a server and the engine that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, 9)
    server.wait(30)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        assert server.poll() is None, log.read_text(errors="replace")[-4000:]
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.5)
    raise AssertionError(log.read_text(errors="replace")[-4000:])

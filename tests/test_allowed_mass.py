"""The mass that a mask leaves: measured around vLLM's functions, sent in the last column, read out of it."""

import math
from types import SimpleNamespace

import pytest

from glane.engine import own_code, vllm_compat
from glane.engine.packed_scores import MASS_COLUMNS, MASS_ID, NUM_ALTERNATIVES, PackedScores
from glane.errors import EngineError

torch = pytest.importorskip("torch")
allowed_mass = pytest.importorskip("glane.engine.allowed_mass")

ALLOWED = torch.tensor([[1, 1, 0, 0, 0, 0, 0, 1], [1] * 8, [0, 0, 0, 0, 0, 0, 1, 0]], dtype=torch.bool)


def mask(_scheduled, logits):
    if logits is not None:
        logits.masked_fill_(~ALLOWED[: len(logits)], -math.inf)


class Sampler:
    """As vLLM's: log-probabilities of what it is given, which it may change afterwards."""

    logprobs_mode = "raw_logprobs"

    def sample(self, logits, num_alternatives=NUM_ALTERNATIVES + 1):
        logprobs = logits.float().log_softmax(-1)
        logits.div_(0.7)
        best, ids = logprobs.topk(num_alternatives)
        chosen = logprobs.argmax(-1, keepdim=True)
        sent = SimpleNamespace(
            logprobs=torch.cat([logprobs.gather(-1, chosen), best], 1), logprob_token_ids=torch.cat([chosen, ids], 1)
        )
        return SimpleNamespace(logprobs_tensors=sent if num_alternatives else None)


masked = allowed_mass.noting(mask, place=1)
sampled = allowed_mass.sending(Sampler.sample)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_mass_of_each_row_is_the_share_of_its_allowed_tokens(dtype):
    logits = (torch.randn(3, 8, generator=torch.Generator().manual_seed(1)) * 4).to(dtype)
    shares = (logits.float().softmax(-1) * ALLOWED).sum(-1)
    masked(None, logits)
    sent = sampled(Sampler(), logits).logprobs_tensors
    assert sent.logprobs.shape[1] == MASS_COLUMNS
    assert sent.logprob_token_ids[:, -1].tolist() == [MASS_ID] * 3
    assert sent.logprobs[:, -1].exp().tolist() == pytest.approx(shares.tolist(), rel=1e-5)
    assert sent.logprobs[1, -1] == 0  # nothing was forbidden


def test_a_mass_so_small_that_its_share_is_zero_stays_a_number():
    logits = torch.tensor([[0.0, 900.0] + [0.0] * 6] * 3)
    allowed_mass.noting(lambda logits: logits.masked_fill_(logits > 1, -math.inf), place=0)(logits)
    sent = sampled(Sampler(), logits).logprobs_tensors
    assert sent.logprobs[:, -1].tolist() == pytest.approx([math.log(7) - 900] * 3)


class Verifier:
    """As vLLM's rejection sampler: a row for each of the most tokens of a request, in a tensor of its own making."""

    def __init__(self):
        self.sampler = Sampler()

    def verify(self, metadata, draft_probs, logits, sampling):  # noqa: ARG002
        num_columns = max(metadata.counts)
        rows = [min(start + i, len(logits) - 1) for start in metadata.starts for i in range(num_columns)]
        kept = [i < count for count in metadata.counts for i in range(num_columns)]
        output = self.sampler.sample(logits[rows])
        tokens = torch.where(torch.tensor(kept), output.logprobs_tensors.logprob_token_ids[:, 0], -1)
        return SimpleNamespace(
            sampled_token_ids=tokens.reshape(-1, num_columns), logprobs_tensors=output.logprobs_tensors
        )


verified = allowed_mass.sending_verified(Verifier.verify)


def test_drafted_tokens_have_the_mass_of_their_own_rows():
    """Three requests: with two drafted tokens, without one, with one."""
    counts = [3, 1, 2]
    ends = torch.tensor(counts).cumsum(0)
    metadata = SimpleNamespace(cu_num_sampled_tokens=ends, counts=counts, starts=(ends - torch.tensor(counts)).tolist())
    logits = torch.randn(6, 8, generator=torch.Generator().manual_seed(2)) * 4
    allowed = torch.rand(6, 8, generator=torch.Generator().manual_seed(3)) < 0.6
    allowed[:, 0] = True
    shares = (logits.softmax(-1) * allowed).sum(-1)
    allowed_mass.noting(lambda logits: logits.masked_fill_(~allowed, -math.inf), place=0)(logits)
    sent = verified(Verifier(), metadata, None, logits, None).logprobs_tensors
    assert (sent.logprob_token_ids[:, -1] == MASS_ID).all()
    mass = sent.logprobs[:, -1].exp().reshape(3, 3)
    found = torch.cat([mass[row, :count] for row, count in enumerate(counts)])
    assert found.tolist() == pytest.approx(shares.tolist(), rel=1e-5)
    again = verified(Verifier(), metadata, None, logits, None).logprobs_tensors  # not masked anew
    assert MASS_ID not in again.logprob_token_ids


def test_what_is_not_the_masked_rows_gets_no_mass():
    def ids(logits, *more):
        return sampled(Sampler(), logits, *more).logprobs_tensors.logprob_token_ids

    logits = torch.randn(3, 8)
    assert MASS_ID not in ids(logits)  # not masked
    masked(None, logits)
    assert MASS_ID not in ids(logits, NUM_ALTERNATIVES)  # another engine of this process, which asks for none
    masked(None, logits)
    assert MASS_ID not in ids(logits[:2])  # rows that were put together anew, as in speculative decoding
    assert sampled(Sampler(), logits, 0).logprobs_tensors is None
    masked(None, logits)
    processed = Sampler()
    processed.logprobs_mode = "processed_logprobs"  # of other logits than the mask made
    assert MASS_ID not in sampled(processed, logits).logprobs_tensors.logprob_token_ids
    masked(None, None)  # ranks without logits
    masked(None, torch.zeros(0, 8))


class Vocabulary:
    def piece(self, token):
        return b"abcdefgh"[token : token + 1]


def flat(*places):
    starts, ids, logprobs = [], [], []
    for place in places:
        starts.append(len(ids))
        ids += [token for token, _ in place]
        logprobs += [logprob for _, logprob in place]
    return SimpleNamespace(start_indices=starts, token_ids=ids, logprobs=logprobs)


def test_packed_scores_give_the_mass_apart_from_the_alternatives():
    first = [(0, -0.5), (0, -0.5), (1, -1.0), (2, -math.inf), (MASS_ID, -3.0)]
    second = [(3, -0.1), (3, -0.1), (4, -2.5), (5, -4.0), (MASS_ID, 0.0)]
    told = PackedScores(Vocabulary(), [0, 3], flat(first, second))()
    assert told.allowed == [-3.0, 0.0]
    assert [dict(others).keys() for others in told.others] == [{b"a", b"b"}, {b"d", b"e", b"f"}]
    half = PackedScores(Vocabulary(), [0, 3], flat(first, second[:-1]))()
    assert half.allowed is None  # one place without it: nothing is known of the answer
    assert [dict(others).keys() for others in half.others] == [{b"a", b"b"}, {b"d", b"e", b"f"}]
    assert PackedScores(Vocabulary(), [0, 3], flat(first[:-1], second[:-1]))().allowed is None


@pytest.mark.parametrize("place", ["json.moved_away:f", "json:moved_away", "json:JSONDecoder.moved_away"])
def test_what_vllm_no_longer_has_is_named_with_the_remedy(place):
    with pytest.raises(EngineError) as raised:
        vllm_compat.method(place, purpose="quote_mass needs", remedy="model.quote_mass=false")
    for words in ("moved_away", "model.quote_mass=false", "0.32.x"):
        assert words in str(raised.value)
    holder, name = vllm_compat.method("json:JSONDecoder.decode", purpose="", remedy="")
    assert (holder.__name__, name) == ("JSONDecoder", "decode")


@pytest.mark.parametrize(
    ("changes", "version", "extends"),
    [
        ({}, "0.32.1", True),
        ({"quote_mass": False}, "0.32.0", True),
        ({"quote_mass": False, "forced_tokens": False}, "0.32.0", False),
        ({}, "0.33.0", False),
        ({"shared_grammars": True}, "0.33.0", False),
    ],
)
def test_vllm_is_extended_where_it_was_tried(monkeypatch, changes, version, extends):
    from conftest import DEMO_MODEL

    monkeypatch.setattr(own_code, "vllm_version", lambda: version)
    arguments = own_code.arguments_with_own_code(DEMO_MODEL.model_copy(update=changes), "cpu")
    ours = arguments.get("worker_extension_cls", "").startswith("glane.")
    assert ours is extends

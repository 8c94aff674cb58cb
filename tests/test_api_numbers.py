"""Numbers that functions of notebooks take: what the settings refuse is refused in a sentence there, too."""

import numpy as np
import pytest

import glane
from glane.errors import ConfigError, GlaneError

NAN, INF = float("nan"), float("inf")
CALLS = {
    "estimate": (lambda **one: glane.estimate("no such run", None, "fever", **one), {
        "level": [95, 1.0, 0.5, 0, -1, NAN, INF, "0.95", np.float64(95)], "half_width": [0, -0.1, NAN, INF, "x"],
    }),
    "calibrate": (lambda **one: glane.calibrate("no such run", "v.parquet", **one), {
        "alpha": [0, 1, 5, NAN], "delta": [0, 1.0, -1, NAN], "missed": [0, 1, NAN, "a"], "seed": [-1, 0.5],
    }),
    "review": (lambda **one: glane.review("no such run", "out", **one), {
        "blind": [-0.1, 1.5, 50, NAN], "rows": [0, -3, 1.5, NAN], "seed": [-1],
    }),
    "screen": (lambda **one: glane.screen("no such run", "out", "fever", **one), {
        "recall": [0, 1, 95, NAN], "certainty": [0.4, 1, "a"], "rows": [0, 1.5], "seed": [-1],
    }),
    "draw_sample": (lambda **one: glane.draw_sample("no such run", **one), {"blind": [2, NAN], "rows": [0], "seed": [-1]}),
    "evaluate": (lambda **one: glane.evaluate("no such run", "g.parquet", **one), {"samples": [-1, 10**6, NAN], "seed": [-1]}),
    "compare": (lambda **one: glane.compare(["no such run"], **one), {"samples": [-1, 0.5, NAN], "seed": [-1]}),
    "multiverse": (lambda **one: glane.multiverse(["no such run"], "fever", chosen="a", **one), {"samples": [-1], "seed": [-1]}),
    "freeze_sentinels": (lambda **one: glane.freeze_sentinels("no such run", "out", **one), {
        "rows": [0, 9], "positives": [-1, 2, NAN], "tolerance": [1, NAN], "alpha": [0, 1, 5, NAN], "planned_runs": [0],
    }),
    "plant_attacks": (lambda **one: glane.plant_attacks("no such run", **one), {"rows": [0], "each": [0, 101], "seed": [-1]}),
}  # fmt: skip
WRONG = [
    (call, name, value) for call, (_, wrong) in CALLS.items() for name, values in wrong.items() for value in values
]


@pytest.mark.parametrize(("call", "name", "value"), WRONG)
def test_a_number_out_of_range_is_told_by_its_name(call, name, value):
    with pytest.raises(ConfigError, match=rf"^{name}: .*(needed|should|valid)"):
        CALLS[call][0](**{name: value})


@pytest.mark.parametrize(
    ("call", "values"),
    [("estimate", {"level": np.float32(0.9), "half_width": 0.02}), ("review", {"blind": True}), ("review", {"rows": np.int64(5)}),
     ("evaluate", {"samples": 0})],
)  # fmt: skip
def test_a_number_in_range_goes_on_to_the_run(call, values):
    with pytest.raises(GlaneError, match="no such run"):
        CALLS[call][0](**values)


def test_a_percentage_is_told_as_a_share():
    with pytest.raises(ConfigError, match=r"95 % is written 0\.95"):
        glane.estimate("no such run", None, "fever", level=95)

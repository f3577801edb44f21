"""federation.mask_bits: how long the exponents are that hide ciphertexts."""
import glob
import json
import pathlib

import linear
import numpy as np
import pytest
from conftest import ROOT
from linear import BASE

EXAMPLES = ROOT / "examples"
RNG = np.random.default_rng(5)
XS = [RNG.normal(size=(30, 2)), RNG.normal(size=(30, 3))]
Y = (XS[0][:, 0] + XS[1][:, 0] > 0).astype(int)


def test_site_when_told_a_length_then_every_key_of_a_job_has_it(make_site):
    site = make_site(options={"federation": {"mask_bits": 509}})
    for party in ("guest", "host"):
        site.flow.uploaded(EXAMPLES / f"data/{party}.csv", "example",
                           f"example_{party}")
    dsl, conf = (json.loads((EXAMPLES / f"hetero_lr/{name}.json").read_text())
                 for name in ("dsl", "conf"))
    conf["algorithm_parameters"]["hetero_lr_0"].update(max_iter=1)
    job = site.flow.finished(dsl, conf, 300)
    # By glob.glob, which bears that the mail goes meanwhile.
    logs = [pathlib.Path(path).read_text() for path in glob.glob(
        f"{site.work}/jobs/*/{job}/*/hetero_lr_0/*/task.log")]
    said = [text for text in logs if "hidden by exponents of 512" in text]
    assert len(said) == 3 and not any("exponents of 320" in t for t in logs)


@pytest.mark.parametrize("bits", [1, 216, 1025, -8])
def test_task_when_told_an_unsafe_length_then_refuses(tmp_path, bits):
    runs = linear.run_parties(tmp_path, "HeteroLR", XS, Y, BASE,
                              mask_bits=bits)
    text = runs["arbiter-9998"].state["error"]["text"]
    assert "mask_bits" in text and str(bits) in text


def test_weights_when_masks_are_long_then_the_same(tmp_path):
    runs, *_ = linear.check(tmp_path, "HeteroLR", XS, Y,
                            {**BASE, "max_iter": 2}, mask_bits=1024)
    assert all("hidden by exponents of 1024" in p.log for p in runs.values())

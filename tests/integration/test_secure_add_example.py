"""SecureAddExample: the toy job that users of FATE run first, as its script
reads it, and that a share alone says nothing of what it is a share of."""
import hashlib
import json
import re

import pytest

from audit import Audit, Facts, Message
from flow import SHARED, load
from taskdir import Component

TOY = SHARED / "data/jobs/fate_flow"
LINE = re.compile(r" - secure_add_guest\.py\[line:\d+\]: (.*)")


def component(folder, guest=None, host=None, **fields):
    c = Component(folder, "SecureAddExample", {"data_num": 1000}, **fields)
    c.party("guest", 9999, **(guest or {}))
    c.party("host", 10000, **(host or {}))
    return c


def messages(folder, tag):
    return [Message(p) for p in (folder / "mail").rglob(f"*~{tag}~*.kept")]


def numbers(message):
    return [int.from_bytes(i, "big") for i in message.items(8)]


@pytest.mark.parametrize("n", [1, 1000, 150000])
def test_sum_when_shared_then_twice_the_ones(tmp_path, n):
    c = component(tmp_path, {"data_num": n}, {"data_num": n})
    log = c.succeeded()["guest-9999"].log
    lines = LINE.findall(log)
    # the results are printed too
    assert [line for line in log.splitlines() if line[0] != "["] == \
        lines[-4:-1]
    assert lines[-1] == f"success to calculate secure_sum, it is {2.0 * n}"
    assert lines[-2] == f"Secure Add Result is {2 * n:.4f}"
    parts = [float(re.fullmatch(rf"{who} sum is (.*)", line)[1])
             for who, line in zip(("host", "guest"), lines[-4:-2])]
    # two shares of the total: they add up modulo the range of shares
    assert abs((sum(parts) - 2 * n + 2**43) % 2**44 - 2**43) < 1
    assert "secure_add_host.py[line:" in c["host-10000"].log


def test_shares_when_kept_then_uniform_and_never_alike(tmp_path):
    """Of 1000 ones: the top bits of what is sent are spread evenly, and no
    share comes twice; the seeds, which FATE draws its shares from, do not
    decide them."""
    seen = []
    for run in ("a", "b"):
        component(tmp_path / run, {"seed": 5}, {"seed": 5},
                  keep_messages=True).succeeded()
        shares = messages(tmp_path / run, "toy_share")
        assert {m.to for m in shares} == {"guest-9999", "host-10000"}
        seen += [x for m in shares for x in numbers(m)]
        faults, tags = Audit(tmp_path / run / "mail",
                             Facts(1000, {}, set())).run()
        assert faults == []
        assert tags == {"toy_rows": 2, "toy_share": 2, "toy_sum": 1}
    assert len(seen) == len(set(seen)) == 4000
    for bit in range(64):
        ones = sum(x >> bit & 1 for x in seen)
        assert abs(ones - 2000) < 200, bit      # six standard deviations


def test_share_when_not_random_then_the_audit_finds_it(tmp_path):
    component(tmp_path, keep_messages=True).succeeded()
    m = messages(tmp_path, "toy_share")[0]
    payload = b"".join((1 << 20).to_bytes(8, "big") for _ in range(m.n))
    head = {**m.head, "sha256": hashlib.sha256(payload).hexdigest()}
    m.path.write_bytes(json.dumps(head).encode() + b"\n" + payload)
    faults, _ = Audit(tmp_path / "mail", Facts(1000, {}, set())).run()
    assert len(faults) == 1 and "a share twice" in faults[0]


def test_numbers_when_they_differ_then_both_are_named(tmp_path):
    runs = component(tmp_path, {}, {"data_num": 999}).run()
    texts = [r.state.get("error", {}).get("text", "") for r in runs.values()]
    assert any("1000" in t and "999" in t and "data_num" in t
               for t in texts), texts


def test_host_when_there_are_two_then_refused(tmp_path):
    c = component(tmp_path)
    c.party("host", 10001)
    texts = [r.state.get("error", {}).get("text", "")
             for r in c.run().values()]
    # whoever is first ends the others
    assert any("one guest and one host" in t for t in texts), texts


@pytest.mark.skipif(not TOY.is_dir(), reason="skipped: no ../shared/data")
def test_toy_job_when_submitted_as_fate_ships_it_then_success(site):
    conf = load(TOY / "toy_example_conf.json")
    conf["job_parameters"]["work_mode"] = 0
    job = site.flow.finished(load(TOY / "toy_example_dsl.json"), conf)
    shown = site.flow.component("parameters", job, "secure_add_example_0",
                                "host", 10000)["data"]
    assert shown["SecureAddExampleParam"] == {
        "seed": 321, "partition": 10, "data_num": 1000}
    log, = (site.work / "jobs").glob(
        f"*/{job}/guest-9999/secure_add_example_0/0/task.log")
    assert LINE.findall(log.read_text())[-1] == \
        "success to calculate secure_sum, it is 2000.0"

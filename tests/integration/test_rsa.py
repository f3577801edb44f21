"""Rsa as jobs of one party, as FATE's example has them: the table that is
saved against hashlib and pow(), and that nobody is shown the private key."""
import contextlib
import glob
import hashlib
import json
import math
import os
import pathlib

import pytest

from flow import SHARED, load

NAMESPACE = "rsa_tests"
IDS = [str(k) for k in range(40)] + ["u'7", "\u7528\u6237", "an id"]
EXAMPLE = SHARED / "data/jobs/fate_flow"
DSL = {"components": {"rsa_0": {
    "module": "Rsa", "input": {"data": {"data": ["args.id_library"]}}}}}


SMALL = [2] + [n for n in range(3, 2000, 2)
               if all(n % k for k in range(3, math.isqrt(n) + 1, 2))]
PRODUCT = math.prod(SMALL)


def prime(above):
    """The next one, by Fermat's test to a dozen bases; most others have a
    small factor, which is found a hundred times faster."""
    p = above | 1
    while math.gcd(p, PRODUCT) != 1 or any(
            pow(b, p - 1, p) != 1 for b in SMALL[:12]):
        p += 2
    return p


def key_of(p, q, e=65537):
    return {"rsa_key_n": p * q, "rsa_key_e": e,
            "rsa_key_d": pow(e, -1, (p - 1) * (q - 1))}


KEY = key_of(prime(7 * 2 ** 509), prime(13 * 2 ** 508))   # 1024 bits
# Of more digits than a double has room for.
LARGE = key_of(prime(5 * 2 ** 1030), prime(9 * 2 ** 1100), 17)
N, D = KEY["rsa_key_n"], KEY["rsa_key_d"]


def plain(ids, key):
    """What FATE's formula makes of them: {digest: id}."""
    def digest(value):
        return hashlib.sha256(str(value).encode()).hexdigest()
    return {digest(pow(int(digest(i), 16), key["rsa_key_d"],
                       key["rsa_key_n"])): i for i in ids}


def conf(name, key=KEY, table="ids", role="host", **more):
    return {"initiator": {"role": role, "party_id": 10001},
            "job_parameters": {"work_mode": 0}, "role": {role: [10001]},
            "role_parameters": {role: {"args": {"data": {"id_library": [
                {"name": table, "namespace": NAMESPACE}]}}}},
            "algorithm_parameters": {"rsa_0": {
                **key, "save_out_table_namespace": NAMESPACE,
                "save_out_table_name": name, **more}}}


@pytest.fixture(scope="module")
def flow(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rsa")
    for name, ids in (("ids", IDS), ("others", IDS[:5])):
        path = folder / f"{name}.csv"
        path.write_text("".join(f"{i},1\n" for i in ids))
        site.flow.uploaded(path, NAMESPACE, name, head=0, drop=1)
    return site.flow


made = []   # files: none is ever written over


def saved(site, flow, name):
    """{digest: id} of what data/download writes of it."""
    out = site.output_dir / "rsa" / f"{name}-{len(made)}.csv"
    made.append(out)
    answer = flow.post("data/download", {
        "work_mode": 0, "delimitor": ",", "namespace": NAMESPACE,
        "table_name": name, "output_path": str(out)})
    assert answer["retcode"] == 0, answer
    assert flow.wait(answer["jobId"]) == "success", \
        flow.reason(answer["jobId"])
    return dict(line.split(",", 1) for line in
                out.read_text(encoding="utf-8").splitlines())


def info(flow, name):
    return flow.ok("table/table_info", {"namespace": NAMESPACE,
                                        "table_name": name})


# ---- what is saved ----

@pytest.mark.parametrize("name,key", [
    ("numbers", KEY), ("large", LARGE),
    ("texts", {k: str(v) for k, v in LARGE.items()}),
    ("three primes", None)])
def test_table_when_saved_then_pythons_digests_and_the_ids(
        site, flow, name, key):
    if not key:   # RSA all the same, but for tricks with two primes
        p, q, r = (prime(k * 2 ** 400) for k in (5, 6, 7))
        key = {"rsa_key_n": p * q * r, "rsa_key_e": 65537, "rsa_key_d":
               pow(65537, -1, (p - 1) * (q - 1) * (r - 1))}
    flow.finished(DSL, conf(name, key))
    want = plain(IDS, {k: int(v) for k, v in key.items()})
    assert saved(site, flow, name) == want
    shown = info(flow, name)
    assert shown["count"] == len(IDS) and shown["partition"] == 4


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="no ../shared/data")
def test_example_of_fate_when_submitted_then_pythons_digests(
        site, flow, tmp_path):
    path = tmp_path / "library.csv"
    path.write_text("".join(f"{i}\n" for i in IDS))
    own = load(EXAMPLE / "test_rsa_job_conf.json")
    table = own["role_parameters"]["host"]["args"]["data"]["id_library"][0]
    flow.uploaded(path, table["namespace"], table["name"], head=0, drop=1)
    flow.finished(load(EXAMPLE / "test_rsa_job_dsl.json"), own)
    key = own["algorithm_parameters"]["rsa_0"]
    shown = flow.ok("table/table_info", {
        "namespace": key["save_out_table_namespace"],
        "table_name": key["save_out_table_name"]})
    assert shown["count"] == len(IDS)
    out = site.output_dir / "rsa-example.csv"
    answer = flow.post("data/download", {
        "work_mode": 0, "delimitor": ",", "output_path": str(out),
        "namespace": key["save_out_table_namespace"],
        "table_name": key["save_out_table_name"]})
    assert flow.wait(answer["jobId"]) == "success"
    assert dict(line.split(",", 1) for line in
                out.read_text(encoding="utf-8").splitlines()) == plain(
                    IDS, key)


def test_numbers_when_given_to_the_command_line_then_every_digit(
        site, flow, cli, tmp_path):
    for name, document in (("dsl", DSL), ("conf", conf("by cli", LARGE))):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    answer = cli.ok("submit_job", "-c", tmp_path / "conf.json",
                    "-d", tmp_path / "dsl.json")
    assert flow.wait(answer["jobId"]) == "success"
    assert saved(site, flow, "by cli") == plain(IDS, LARGE)
    cli.ok("job_config", "-j", answer["jobId"], "-r", "host", "-p", "10001",
           "-o", tmp_path / "out")
    folder = tmp_path / "out" / f"job_{answer['jobId']}_config"
    own = load(folder / "runtime_conf.json")["algorithm_parameters"]["rsa_0"]
    assert own["rsa_key_n"] == LARGE["rsa_key_n"]
    assert own["rsa_key_d"] == "(not shown)"


def test_component_when_it_ends_then_has_no_output(flow):
    job = flow.finished(DSL, conf("no output"))
    answer = flow.component("output/data", job, "rsa_0", "host", 10001)
    assert answer["retmsg"] == "no data"
    row, = (r for r in flow.ok("job/data/view/query", {"job_id": job})
            if r["f_component_name"] == "rsa_0")
    assert not row["f_table_name"] and not row["f_party_model_id"]
    flow.ok("job/clean", {"job_id": job})
    assert info(flow, "no output")["count"] == len(IDS)


def test_two_parties_when_each_has_its_name_then_each_its_table(site, flow):
    own = conf("x")
    own["role"] = {"guest": [9999], "host": [10001]}
    del own["algorithm_parameters"]["rsa_0"]["save_out_table_name"]
    own["role_parameters"] = {
        role: {"args": {"data": {"id_library": [
            {"name": table, "namespace": NAMESPACE}]}},
            "rsa_0": {"save_out_table_name": [f"of {role}"]}}
        for role, table in (("guest", "others"), ("host", "ids"))}
    flow.finished(DSL, own)
    assert saved(site, flow, "of guest") == plain(IDS[:5], KEY)
    assert saved(site, flow, "of host") == plain(IDS, KEY)


# ---- a name that is taken ----

def test_name_when_taken_then_refused_and_replaced_with_drop_1(site, flow):
    flow.finished(DSL, conf("taken"))
    answer = flow.submit(DSL, conf("taken", table="others"))
    assert answer["retcode"] == 100
    assert answer["retmsg"] == (
        "component 'rsa_0' of host 10001: the table taken of rsa_tests "
        f"exists already and has {len(IDS)} rows; set drop to 1 to replace "
        "it, or choose another name")
    assert info(flow, "taken")["count"] == len(IDS)
    flow.finished(DSL, conf("taken", table="others", drop=1))
    assert saved(site, flow, "taken") == plain(IDS[:5], KEY)


def test_name_when_two_parties_have_the_same_then_refused(flow):
    own = conf("same", drop=1)
    own["role"] = {"host": [10001, 10002]}
    own["role_parameters"]["host"]["args"]["data"]["id_library"] *= 2
    answer = flow.submit(DSL, own)
    assert answer["retcode"] == 100
    assert "host 10002: the table same of rsa_tests would take the place " \
        "of what 'rsa_0' of host 10001 saves" in answer["retmsg"]


def test_name_when_taken_meanwhile_then_the_first_stays(site, flow):
    """Both were submitted while it was free."""
    jobs = [flow.submitted(DSL, conf("raced", table=t))
            for t in ("ids", "others")]
    ends = [flow.wait(job) for job in jobs]
    assert sorted(ends) == ["failed", "success"]
    failed = jobs[ends.index("failed")]
    assert "the table raced of rsa_tests was published by job" in \
        flow.reason(failed)
    assert "drop 1" in flow.reason(failed)
    first = (IDS, IDS[:5])[ends.index("success")]
    assert saved(site, flow, "raced") == plain(first, KEY)


def test_job_when_run_again_then_replaces_its_own_table(site, flow):
    """A component beside it fails: everything runs again, Rsa too."""
    dsl = {"components": {**DSL["components"], "dataio_0": {
        "module": "DataIO", "input": {"data": {"data": ["args.id_library"]}},
        "output": {"data": ["t"]}}}}

    def is_there():
        return flow.post("table/table_info", {
            "namespace": NAMESPACE,
            "table_name": "again"})["data"].get("count")

    for _ in range(20):     # the other may fail before Rsa has its table
        job = flow.submitted(dsl, conf("again"))
        assert flow.wait(job) == "failed"     # there is no header
        if is_there():
            break
    for _ in range(20):     # and again
        answer = flow.post("job/rerun", {"job_id": job,
                                         "component_name": "rsa_0"})
        assert answer["retcode"] == 0, answer
        assert flow.wait(job) == "failed"
        assert "published by job" not in flow.reason(job)
        if is_there():
            break
    assert saved(site, flow, "again") == plain(IDS, KEY)


# ---- keys that are none ----

@pytest.mark.parametrize("name,value", [
    ("rsa_key_n", 3233), ("rsa_key_n", None), ("rsa_key_n", N + 1),
    ("rsa_key_n", -N), ("rsa_key_n", "0x11"), ("rsa_key_n", 1.5e308),
    ("rsa_key_e", 65536), ("rsa_key_e", True), ("rsa_key_e", 0),
    ("rsa_key_d", D + 1), ("rsa_key_d", str(D) + "x"), ("rsa_key_d", [D]),
    ("save_out_table_name", ""), ("save_out_table_namespace", None),
    ("drop", 0), ("drop", "1")])
def test_parameter_when_illegal_then_refused_by_name(flow, name, value):
    answer = flow.submit(DSL, conf("refused", **{name: value}))
    assert answer["retcode"] == 100
    assert f"component 'rsa_0': parameter '{name}' is" in answer["retmsg"]
    assert "expected" in answer["retmsg"]
    assert str(D)[:40] not in json.dumps(answer)


@pytest.mark.parametrize("name,value,says", [
    ("rsa_key_d", D + 2, "rsa_key_d does not belong to rsa_key_e and"),
    ("rsa_key_e", 65539, "rsa_key_d does not belong to rsa_key_e and"),
    ("rsa_key_e", 1, "rsa_key_e is not an odd number from 3"),
    ("rsa_key_d", D + N + 1, "rsa_key_d is not a number from 3"),
    ("rsa_key_n", 10 ** 307 * 7 + 1, "rsa_key_n has 1023 bits")])
def test_key_when_it_is_none_then_the_job_fails_and_says(
        flow, name, value, says):
    job = flow.submitted(DSL, conf("bad key", **{name: value}))
    assert flow.wait(job) == "failed"
    assert says in flow.reason(job) and "rsa_0" in flow.reason(job)
    assert info(flow, "bad key")["count"] == 0


# ---- the key stays where it is ----

def keepers(site, number):
    """Files of the site with these digits, wherever."""
    found = []
    for top, _, names in os.walk(site.work):
        for path in (pathlib.Path(top) / name for name in names):
            with contextlib.suppress(FileNotFoundError):    # swept meanwhile
                if path.is_file() and \
                        str(number)[:40].encode() in path.read_bytes():
                    found.append(path)
    return found


def test_private_key_when_its_task_failed_then_at_rest_nowhere(site, flow):
    bad = 3 ** 600
    job = flow.submitted(DSL, conf("failed", rsa_key_d=bad))
    assert flow.wait(job) == "failed"
    assert glob.glob(f"{site.work}/jobs/*/{job}/*/*/*/task.json")
    assert not keepers(site, bad)


def test_private_key_when_anything_is_asked_then_not_shown(
        site, flow, tmp_path):
    own = conf("hidden")
    own["role_parameters"]["host"]["rsa_0"] = {"rsa_key_d": [D]}
    job = flow.finished(DSL, own)
    at = {"job_id": job, "role": "host", "party_id": 10001,
          "component_name": "rsa_0"}
    asked = {what: flow.ok(what, at) for what in (
        "job/query", "job/config", "tracking/component/parameters",
        "job/task/query", "job/explain", "tracking/component/metric/all",
        "tracking/component/output/model")}
    texts = {k: json.dumps(v) for k, v in asked.items()}
    texts["log"] = str(flow.call("job/log", {"job_id": job}).content)
    for what, text in texts.items():
        assert str(D)[:40] not in text, what
        if what in ("job/query", "job/config"):
            assert text.count("(not shown)") == 2 and str(N) in text
    shown = asked["tracking/component/parameters"]["RsaParam"]
    assert shown["rsa_key_d"] == "(not shown)" and shown["rsa_key_n"] == N
    assert json.loads(asked["job/query"][0]["f_runtime_conf"])[
        "algorithm_parameters"]["rsa_0"]["rsa_key_n"] == N
    assert list(site.work.glob("models/**/Pipeline"))
    assert not keepers(site, D)
    task, = (site.work / "jobs").glob(f"*/{job}/host-10001/rsa_0/*/task.json")
    assert task.stat().st_mode & 0o777 == 0o600
    told = load(task)["parameters"]
    assert told["rsa_key_d"] == "(not shown)" and told["rsa_key_n"] == N
    # what job/config gives cannot be taken for a key
    answer = flow.submit(DSL, asked["job/config"]["runtime_conf"])
    assert "'rsa_key_d' is (not shown), expected" in answer["retmsg"]

"""Nothing leaks: jobs on a site that keeps its messages, each of which is
decoded (audit.py), and messages that were planted, each of which is found."""
import csv
import json
import pathlib
import shutil
import struct

import pytest

import audit
import conftest
import plants
from audit import Audit, Facts, id_hash
from flow import load
from plants import Mail, doubles
from taskdir import Component, data_input, read_rows, uploaded

EXAMPLES = conftest.ROOT / "examples"
COLUMNS = {"guest-9999": 11, "host-10000": 20}   # the guest's intercept too
GLM_TAGS = {t for t in audit.TAGS if t.startswith("glm_")}
BINNING_TAGS = {t for t in audit.TAGS if t.startswith("binning_")}
PEARSON_TAGS = {t for t in audit.TAGS if t.startswith("pearson_")}
RSA_TAGS = {t for t in audit.TAGS if t.startswith("intersect_")} - {
    "intersect_ids"}


def example(party):
    with open(EXAMPLES / "data" / f"{party}.csv") as f:
        return list(csv.DictReader(f))


@pytest.fixture(scope="module")
def ids():
    return {row["id"] for party in ("guest", "host")
            for row in example(party)}


@pytest.fixture(scope="module")
def keeping(make_site):
    site = make_site(options={"federation": {"keep_messages": True}})
    for party in ("guest", "host"):
        site.flow.uploaded(EXAMPLES / f"data/{party}.csv", "example",
                           f"example_{party}")
    return site


@pytest.fixture(scope="module")
def lr_job(keeping):
    """The example with validation after each of three iterations."""
    dsl = load(EXAMPLES / "hetero_lr/dsl.json")
    dsl["components"]["hetero_lr_0"]["input"]["data"]["eval_data"] = [
        "intersection_0.train"]
    conf = load(EXAMPLES / "hetero_lr/conf.json")
    conf["algorithm_parameters"]["hetero_lr_0"].update(
        max_iter=3, validation_freqs=1, early_stopping_rounds=3, tol=1e-12)
    return keeping.flow.finished(dsl, conf, 300)


def mail_of(site, job):
    return next((site.work / "jobs").glob(f"*/{job}")) / "mail"


@pytest.fixture(scope="module")
def facts(ids):
    return Facts(rows=569, columns=COLUMNS, ids=ids)


def without_arbiter(site, algorithm, *more):
    """DataIO, intersection and what comes after, of (name, module); the
    job's mail."""
    dsl = load(EXAMPLES / "hetero_lr/dsl.json")
    dsl["components"] = {k: dsl["components"][k]
                         for k in ("dataio_0", "intersection_0")}
    for name, module in more:
        dsl["components"][name] = {
            "module": module,
            "input": {"data": {"data": ["intersection_0.train"]}},
            "output": {"data": ["train"], "model": ["model"]}}
    conf = load(EXAMPLES / "hetero_lr/conf.json")
    conf["role"].pop("arbiter")
    for role in conf["role_parameters"].values():
        role.pop("evaluation_0")
    conf["algorithm_parameters"] = algorithm
    return mail_of(site, site.flow.finished(dsl, conf))


def intersection(site, method):
    return without_arbiter(
        site, {"intersection_0": {"intersect_method": method}})


@pytest.fixture(scope="module")
def binning_mail(keeping):
    return without_arbiter(
        keeping, {"binning_0": {"method": "optimal"}},
        ("binning_0", "HeteroFeatureBinning"))


@pytest.fixture(scope="module")
def pearson_mail(keeping):
    return without_arbiter(
        keeping, {"pearson_0": {"column_indexes": -1}},
        ("pearson_0", "HeteroPearson"))


# ---- real jobs ----

def test_tags_when_read_from_the_source_then_all_are_there():
    assert len(audit.TAGS) == audit.TAGS_C.read_text().count('\n    {"')
    assert audit.TAGS["glm_align"] == (
        {"aggregate"}, {"rows", "models", "salt", "digest"})
    assert audit.TAGS["intersect_ids"][0] == {"ids", "blinded"}


def test_tags_when_of_a_family_then_a_test_decodes_them():
    """Of each component's messages: some test decodes whole runs and counts
    the tags by name."""
    sources = [p.read_text() for p in pathlib.Path(__file__).parent.glob(
        "test_*.py") if "Audit(" in p.read_text()]
    for tag in audit.TAGS:
        family = tag.split("_")[0]
        assert any(f'"{tag}"' in text or f'"{family}_")}}' in text
                   for text in sources), tag


def test_lr_job_when_decoded_then_nothing_leaks(keeping, lr_job, facts):
    faults, tags = Audit(mail_of(keeping, lr_job), facts).run()
    assert faults == []
    # all were seen but for what other models and parameters bring
    assert set(tags) == RSA_TAGS | GLM_TAGS - {
        "glm_labels", "glm_folds", "glm_direction", "glm_sample",
        "glm_curvature", "glm_columns", "glm_candidate"}
    assert tags["glm_converged"] == 6 and tags["glm_step"] == 12
    assert tags["glm_blinded_score"] == 8      # 3 iterations and the end, 2 sets


@pytest.fixture(scope="module")
def predict_jobs(keeping, lr_job):
    """Two predictions of the same rows by the same model."""
    conf = load(EXAMPLES / "hetero_lr/predict_conf.json")
    conf["job_parameters"]["model_version"] = lr_job
    return [keeping.flow.finished({}, conf) for _ in range(2)]


PREDICT_TAGS = RSA_TAGS | {"glm_public_key", "glm_align", "glm_rows",
                           "glm_host_score", "glm_masked_score",
                           "glm_blinded_score"}


def test_predict_job_when_decoded_then_nothing_leaks(
        keeping, predict_jobs, facts):
    for job in predict_jobs:
        faults, tags = Audit(mail_of(keeping, job), facts).run()
        assert faults == []
        assert set(tags) == PREDICT_TAGS
        assert tags["glm_host_score"] == tags["glm_blinded_score"] == 1


def test_predict_jobs_when_repeated_then_nothing_is_sent_twice(
        keeping, lr_job, predict_jobs):
    """Fresh keys, masks, salts and blinding: neither of two predictions nor
    the training can be held beside another."""
    payloads = [{m.payload for path in mail_of(keeping, job).rglob("*.kept")
                 for m in [audit.Message(path)]
                 if not m.tag.endswith("_rows")}    # a mere count
                for job in (lr_job, *predict_jobs)]
    assert not payloads[1] & payloads[2]
    assert not payloads[0] & (payloads[1] | payloads[2])
    items = [{i for path in mail_of(keeping, job).rglob("*hashed*.kept")
              for i in audit.Message(path).items(32)} for job in predict_jobs]
    assert items[0] and not items[0] & items[1]


def test_predict_tasks_when_read_then_see_their_own_partys_model(
        keeping, predict_jobs):
    for party in ("guest-9999", "host-10000", "arbiter-10000"):
        for component in ("dataio_0", "hetero_lr_0"):
            if (party, component) == ("arbiter-10000", "dataio_0"):
                continue
            task = task_file(keeping, predict_jobs[0], party, component,
                             "task.json")
            (model,) = task["inputs"]["models"]
            assert f"/models/{party.replace('-', '#')}#" in model["dir"]
            for data in task["inputs"]["data"]:
                if data["component"] and data["path"]:
                    assert f"_{party.replace('-', '_')}_" in data["path"]


@pytest.mark.parametrize("method", ["rsa", "RSA"])
def test_rsa_intersection_when_decoded_then_nothing_leaks(
        keeping, facts, method):
    faults, tags = Audit(intersection(keeping, method), facts).run()
    assert faults == []
    assert set(tags) == RSA_TAGS


def test_raw_intersection_when_decoded_then_ids_and_only_there(
        keeping, facts, ids):
    mail = intersection(keeping, "raw")
    faults, tags = Audit(mail, facts).run()
    assert len(faults) == tags["intersect_ids"] == 2
    assert all("raw" in fault for fault in faults)
    raw = Facts(facts.rows, facts.columns, ids, raw=True)
    assert Audit(mail, raw).run() == (
        [], {"intersect_ids": 2, "intersect_rows": 2})


def test_pearson_job_when_decoded_then_nothing_leaks(pearson_mail, facts):
    faults, tags = Audit(pearson_mail, facts).run()
    assert faults == []
    assert set(tags) == RSA_TAGS | PEARSON_TAGS
    assert tags["pearson_share"] == 2       # each opens its own


def test_binning_job_when_decoded_then_nothing_leaks(binning_mail, facts):
    faults, tags = Audit(binning_mail, facts).run()
    assert faults == []
    assert set(tags) == RSA_TAGS | BINNING_TAGS
    assert {tags[t] for t in BINNING_TAGS} == {1}


@pytest.mark.slow
def test_rsa_with_two_hosts_when_decoded_then_nothing_leaks(tmp_path):
    sets = {"guest-9999": range(0, 4200), "host-10000": range(100, 4100),
            "host-10001": range(50, 300)}
    c = Component(tmp_path, "Intersection", {"intersect_method": "rsa"},
                  keep_messages=True)
    for name, numbers in sets.items():
        path = uploaded(tmp_path, [str(i) for i in numbers], name)
        c.party(*name.split("-"), data=[data_input(path)])
    c.succeeded()
    faults, tags = Audit(tmp_path / "mail", Facts(
        200, {}, {str(i) for i in range(4200)})).run()
    assert faults == []
    assert set(tags) == RSA_TAGS
    assert tags["intersect_blinded"] == 4   # two chunks for each host
    common = [m for m in (tmp_path / "mail").rglob("*common*.kept")]
    assert [audit.Message(m).n for m in common] == [200, 200]


def task_file(site, job, party, component, name):
    job = next((site.work / "jobs").glob(f"*/{job}"))
    return load(job / party / component / "0" / name)


def test_outputs_when_read_then_each_partys_own(keeping, lr_job,
                                                predict_jobs):
    """The host's tables have no label, the guest's no column of the host:
    after alignment each row is what that party uploaded of that id."""
    for role, party, label in (("guest", "guest-9999", "y"),
                               ("host", "host-10000", None)):
        own = {row.pop("id"): row for row in example(role)}
        for job, reader in [(j, r) for j in (lr_job, *predict_jobs)
                            for r in ("intersection_0", "hetero_lr_0")]:
            task = task_file(keeping, job, party, reader, "task.json")
            rows = read_rows(task["inputs"]["data"][0]["path"])
            assert len(rows) == 569
            for i, got, value in rows:
                want = dict(own[i])
                assert got == (int(want.pop(label)) if label else None)
                numbers = [float(v) for v in want.values()]
                assert value == struct.pack(f"<{len(numbers)}d", *numbers)
    for job in (lr_job, *predict_jobs):
        for party in ("host-10000", "arbiter-10000"):
            state = task_file(keeping, job, party, "hetero_lr_0",
                              "state.json")
            assert state["status"] == "success" and not state.get("table")


def test_outputs_when_shown_then_no_others_columns(keeping, lr_job):
    for role, party, extra, n in (("guest", 9999, ["y"], 10),
                                  ("host", 10000, [], 20)):
        shown = keeping.flow.component("output/data", lr_job,
                                       "intersection_0", role, party)
        assert shown["meta"]["header"] == ["id"] + extra + [
            f"x{i}" for i in range(n)]
    shown = keeping.flow.component("output/data", lr_job, "hetero_lr_0",
                                   "guest", 9999)
    assert shown["meta"]["header"][:2] == ["id", "label"]
    assert len(shown["data"][0]) == 6
    shown = keeping.flow.component("output/data", lr_job, "hetero_lr_0",
                                   "host", 10000)
    assert shown["retmsg"] == "no data"


# ---- planted messages ----

def plain_floats(mail, ids):
    n = mail.find("glm_host_forward").n
    mail.plant("glm_host_forward", doubles(n))


def plain_floats_in_width(mail, ids):
    m = mail.find("glm_host_forward")
    width = len(m.payload) // m.n
    mail.plant("glm_host_forward", b"".join(
        (k + 1).to_bytes(width, "big") for k in range(m.n)))


def not_random(mail, ids):
    """1 + n m: decrypts well and hides nothing."""
    n = mail.key("glm_public_key")
    m = mail.find("glm_host_forward")
    width = len(m.payload) // m.n
    mail.plant("glm_host_forward", b"".join(
        (1 + n * (n // 3 - k)).to_bytes(width, "big") for k in range(m.n)))


def kind_plain(mail, ids):
    mail.plant("glm_host_forward", kind="plain")


def kind_of_another(mail, ids):
    mail.plant("glm_host_forward", b'{"rows":1}', kind="aggregate")


def tag_not_listed(mail, ids):
    mail.plant("glm_host_forward", tag="lr_extra")


def array_by_row(mail, ids):
    mail.plant("glm_step",
               json.dumps({"delta": [0.5] * 569}).encode())


def array_of_a_column_too_many(mail, ids):
    mail.plant("glm_step", json.dumps({"delta": [0.5] * 21}).encode())


def extra_key(mail, ids):
    mail.plant("glm_converged", b'{"converged":false,"labels":[0,1]}')


def flag_that_is_an_array(mail, ids):
    mail.plant("glm_converged", b'{"converged":[true,false]}')


def text_for_a_count(mail, ids):
    mail.plant("glm_rows", json.dumps({"rows": sorted(ids),
                                       "models": 1}).encode())


def sent_back_unchanged(mail, ids):
    mail.plant("glm_residual", mail.find("glm_host_forward").payload)


def sent_back_after_adding_plain(mail, ids):
    mail.plant("glm_residual", mail.add_to_ciphertexts("glm_host_forward", 5))


def repeated_within(mail, ids):
    m = mail.find("glm_gradient")
    items = m.items()
    mail.plant("glm_gradient", b"".join([items[0]] + items[:-1]))


def hashes_for_digests(mail, ids):
    hashes = sorted(id_hash(i) for i in ids)
    mail.plant("intersect_hashed", b"".join(hashes), n=len(hashes))


def digests_in_row_order(mail, ids):
    items = mail.find("intersect_hashed").items(32)
    mail.plant("intersect_hashed", b"".join(reversed(items)))


def not_blinded(mail, ids):
    n, e = mail.key("intersect_key"), 65537
    powers = [pow(int.from_bytes(id_hash(i), "big"), e, n)
              for i in sorted(ids)]
    width = (n.bit_length() + 7) // 8
    mail.plant("intersect_blinded", b"".join(
        p.to_bytes(width, "big") for p in powers), n=len(powers))


def hash_in_width(mail, ids):
    width = (mail.key("intersect_key").bit_length() + 7) // 8
    mail.plant("intersect_blinded", b"".join(
        id_hash(i).rjust(width, b"\0") for i in sorted(ids)), n=len(ids))


def plain_ids(mail, ids):
    mail.plant("intersect_blinded", "\n".join(sorted(ids)).encode(),
               tag="intersect_ids", kind="ids", n=len(ids))


def scores_without_mask(mail, ids):
    m = mail.find("glm_blinded_score")
    mail.plant("glm_blinded_score", b"".join(
        ((1 << 110) + (k << 40)).to_bytes(24, "big") for k in range(m.n)))


def scores_under_one_mask(mail, ids):
    m = mail.find("glm_blinded_score")
    mask = int.from_bytes(m.items()[0], "big")
    mail.plant("glm_blinded_score", b"".join(
        (mask + (k << 40)).to_bytes(24, "big") for k in range(m.n)))


def secret_in_the_key(mail, ids):
    mail.plant("glm_public_key", b'{"n":"%x","p":"3"}' %
               mail.key("glm_public_key"))


def private_exponent(mail, ids):
    mail.plant("intersect_key", b'{"n":"%x","e":"%x"}' %
               ((mail.key("intersect_key"),) * 2))


def damaged(mail, ids):
    mail.plant("glm_gradient", sha256="0" * 64)


def no_head(mail, ids):
    (mail.find("glm_gradient").path.parent / "stray").write_bytes(doubles(9))


def never_consumed(mail, ids):
    m = mail.find("glm_gradient")
    m.path.with_name(m.path.name[:-5] + "1").write_bytes(
        m.path.read_bytes())


PLANTS = {
    plain_floats: "bytes are no 320 items of 256",
    plain_floats_in_width: "too short to be random",
    not_random: "without randomness",
    kind_plain: "may not be of kind plain",
    kind_of_another: "may not be of kind aggregate",
    tag_not_listed: "not listed",
    array_by_row: "delta is no 11 numbers",
    array_of_a_column_too_many: "delta is no 11 numbers",
    extra_key: "labels",
    flag_that_is_an_array: "no flag",
    text_for_a_count: "no count",
    sent_back_unchanged: "is that of",
    sent_back_after_adding_plain: "is that of",
    repeated_within: "is that of",
    hashes_for_digests: "an id's hash",
    digests_in_row_order: "not in order",
    not_blinded: "not blinded",
    hash_in_width: "too short to be random",
    plain_ids: "outside of a raw",
    scores_without_mask: "mask",
    scores_under_one_mask: "mask twice",
    secret_in_the_key: "keys ['n', 'p']",
    private_exponent: "not the public exponent",
    damaged: "SHA-256",
    no_head: "no head",
    never_consumed: "named",
}


@pytest.fixture
def copied(keeping, lr_job, tmp_path):
    shutil.copytree(mail_of(keeping, lr_job), tmp_path / "mail")
    return Mail(tmp_path / "mail")


@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: p.__name__)
def test_message_when_planted_then_found(copied, facts, ids, plant):
    plant(copied, ids)
    faults, _ = Audit(copied.mail, facts).run()
    assert any(PLANTS[plant] in fault for fault in faults), faults


def test_copy_when_nothing_is_planted_then_clean(copied, facts):
    assert Audit(copied.mail, facts).run()[0] == []


# ---- planted into a binning's ----

def labels_not_random(mail):
    plants.not_random(mail, "binning_label", "binning_public_key")


def labels_back_in_the_sums(mail):
    """A sum of one row, as random as the guest's own ciphertext."""
    m = mail.find("binning_label")
    mail.plant("binning_sums", m.items()[0], n=1)


def merged(mail, last):
    mail.plant("binning_merged", json.dumps({"last": last}).encode())


def woe_for_bins(mail):
    merged(mail, [[0.25, 1.5]])


def labels_for_bins(mail):
    merged(mail, [[k % 2 for k in range(569)]])


def bins_of_a_column_too_many(mail):
    merged(mail, [[1]] * 21)


def bins_by_row(mail):
    merged(mail, [list(range(569))])


def columns_with_values(mail):
    value = json.loads(mail.find("binning_columns").payload)
    value["bins"][0] = [0.5, 0.75]
    mail.plant("binning_columns", json.dumps(value).encode())


def iv_beside_the_start(mail):
    mail.plant("binning_start", b'{"federated":true,"iv":[1,2]}')


BINNING_PLANTS = {
    labels_not_random: "too short to be random",
    labels_back_in_the_sums: "is that of",
    woe_for_bins: "something else",
    labels_for_bins: "do not rise",
    bins_of_a_column_too_many: "not of 20 columns",
    bins_by_row: "one for each row",
    columns_with_values: "something else",
    iv_beside_the_start: "keys ['federated', 'iv']",
}


@pytest.mark.parametrize("plant", BINNING_PLANTS, ids=lambda p: p.__name__)
def test_binning_when_planted_then_found(binning_mail, facts, tmp_path,
                                         plant):
    plants.check(binning_mail, tmp_path, plant, facts, BINNING_PLANTS[plant])


# ---- planted into a correlation's ----

def values_not_random(mail):
    n = mail.key("pearson_public_key")
    m = mail.find("pearson_values")
    mail.plant("pearson_values", b"".join(
        (1 + n * (n // 3 - k)).to_bytes(256, "big") for k in range(m.n)))


def value_back_in_the_products(mail):
    """What the guest sent of one row: it knows the rest of it."""
    m = mail.find("pearson_products")
    items = [mail.find("pearson_values").items()[7]] + m.items()[1:]
    mail.plant("pearson_products", b"".join(items))


def shares_without_mask(mail):
    m = mail.find("pearson_share")
    mail.plant("pearson_share", b"".join(
        ((1 << 39) + (k - 100) * (1 << 30)).to_bytes(5, "big")
        for k in range(m.n)))


def correlations_for_shares(mail):
    m = mail.find("pearson_share")
    mail.plant("pearson_share", doubles(m.n))


def values_for_shares(mail):
    mail.plant("pearson_share", bytes(range(250)) * 569 * 20, n=569 * 1000)


def names_for_a_count(mail):
    mail.plant("pearson_columns", b'{"count":["x0","x1"]}')


def names_beside_the_rows(mail):
    value = json.loads(mail.find("pearson_align").payload)
    mail.plant("pearson_align", json.dumps(
        {**value, "names": ["x0"]}).encode())


def means_beside_the_count(mail):
    mail.plant("pearson_columns", b'{"count":20,"mean":[0.5]}')


PEARSON_PLANTS = {
    values_not_random: "without randomness",
    value_back_in_the_products: "is that of",
    shares_without_mask: "no mask",
    correlations_for_shares: "are no 200 items of 5 bytes",
    values_for_shares: "more than pairs of columns",
    names_for_a_count: "count is no count",
    names_beside_the_rows: "names",
    means_beside_the_count: "keys ['count', 'mean']",
}


@pytest.mark.parametrize("plant", PEARSON_PLANTS, ids=lambda p: p.__name__)
def test_pearson_when_planted_then_found(pearson_mail, facts, tmp_path,
                                         plant):
    plants.check(pearson_mail, tmp_path, plant, facts, PEARSON_PLANTS[plant])

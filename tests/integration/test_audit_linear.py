"""All messages of the linear models' tasks, kind by kind of task, decoded by
audit.py; and messages that must not pass, planted among them."""
import json

import pytest

np = pytest.importorskip("numpy")
import linear  # noqa: E402
import plants  # noqa: E402
from audit import Audit, Facts  # noqa: E402
from plants import doubles  # noqa: E402

N, NEW = 60, 40
LR, LINR, POISSON = MODULES = ["HeteroLR", "HeteroLinR", "HeteroPoisson"]
OWN = {**linear.BASE, "batch_size": 25, "max_iter": 2, "learning_rate": 0.05}
ALWAYS = {"glm_public_key", "glm_align", "glm_rows"}
FIT = ALWAYS | {"glm_host_forward", "glm_residual", "glm_gradient",
                "glm_step", "glm_converged"}
LOSS = {"glm_host_loss", "glm_loss"}
SCORE = {"glm_host_score", "glm_masked_score", "glm_blinded_score"}
SQN = {"optimizer": "sqn", "sqn_param": {
    "update_interval_L": 1, "memory_M": 2, "sample_size": 30}}
CURVE = {"glm_sample", "glm_direction", "glm_curvature"}
STOP = {"validation_freqs": 1, "early_stopping_rounds": 1}
CV = {"cv_param": {"n_splits": 2, "shuffle": True, "random_seed": 1,
                   "need_cv": True}}
STEPS = {"batch_size": -1, "stepwise_param": {
    "need_stepwise": True, "direction": "backward", "max_step": 1,
    "nvmin": 2}}
EXPOSED = {"exposure_colname": "x1"}


def make_data(module, hosts, n, classes=2):
    rng = np.random.default_rng(51)
    xs = [rng.normal(size=(n, 2))] + [rng.normal(size=(n, 3))
                                      for _ in range(hosts)]
    u = xs[0][:, 0] - xs[1][:, 0]
    xs[0][:, 1] = rng.uniform(0.5, 2, size=n)
    if module == LR:
        return xs, np.digitize(u, [-0.5, 0.5] if classes > 2 else [0])
    return xs, u if module == LINR else rng.poisson(np.exp(0.3 * u))


def facts_of(xs):
    columns = {"guest-9999": xs[0].shape[1] + 1}    # the intercept too
    columns.update({name: x.shape[1] for name, x in zip(
        linear.party_names(len(xs) - 1)[1:], xs[1:])})
    return Facts(NEW, columns, {f"{i:06d}" for i in range(N)})


def audited(folder, module, change, hosts=1, classes=2, evals=False,
            models=None, sparse=False):
    """(runs, tags) of a task whose messages are without fault."""
    xs, y = make_data(module, hosts, N, classes)
    more = {"evals": ([x[:NEW] for x in xs], y[:NEW])} if evals else {}
    runs = linear.succeeded(folder, module, xs, y, {**OWN, **change},
                            keep=True, models=models, sparse=sparse, **more)
    faults, tags = Audit(folder / "mail", facts_of(xs)).run()
    assert faults == []
    return runs, tags


@pytest.mark.parametrize("module, change, more, tags", [
    (LR, {}, {}, LOSS),
    (LR, {}, {"sparse": True}, LOSS),
    (LR, {"penalty": "L1"}, {"hosts": 2}, set()),
    (LR, STOP, {"evals": True}, LOSS | {"glm_validation"}),
    (LR, STOP, {"evals": True, "hosts": 3}, {"glm_validation"}),
    (LR, {}, {"classes": 3, "hosts": 2}, set()),
    (LR, STOP, {"classes": 3, "evals": True}, LOSS | {"glm_validation"}),
    (LR, SQN, {"classes": 3}, LOSS | CURVE),
    (LINR, {}, {"evals": True}, LOSS),
    (LINR, SQN, {"hosts": 2}, CURVE),
    (LINR, STOP, {"evals": True, "hosts": 2}, {"glm_validation"}),
    (POISSON, EXPOSED, {}, LOSS | {"glm_labels"}),
    (POISSON, {**EXPOSED, **STOP}, {"evals": True},
     LOSS | {"glm_labels", "glm_validation"}),
])
def test_training_when_decoded_then_nothing_leaks(tmp_path, module, change,
                                                  more, tags):
    _, got = audited(tmp_path, module, change, **more)
    assert set(got) == FIT | SCORE | tags


@pytest.mark.parametrize("module, hosts", [
    (LR, 2), (LINR, 1), (LINR, 2), (POISSON, 1)])
def test_folds_when_decoded_then_nothing_leaks(tmp_path, module, hosts):
    _, got = audited(tmp_path, module, CV, hosts)
    extra = {"glm_folds"} | (LOSS if hosts == 1 else set())
    extra |= {"glm_labels"} if module == POISSON else set()
    assert set(got) == FIT | SCORE | extra
    assert got["glm_folds"] == hosts + 1


@pytest.mark.parametrize("module", MODULES)
def test_steps_when_decoded_then_nothing_leaks(tmp_path, module):
    _, got = audited(tmp_path, module, STEPS)
    extra = {"glm_labels"} if module == POISSON else set()
    assert set(got) == FIT | SCORE | LOSS | extra | {"glm_columns",
                                                     "glm_candidate"}


@pytest.mark.parametrize("module, hosts, classes, own", [
    (LR, 1, 2, {}), (LR, 3, 2, {}), (LR, 2, 3, {}), (LINR, 2, 2, {}),
    (POISSON, 1, 2, EXPOSED)])
def test_prediction_when_decoded_then_scores_are_masked(
        tmp_path, module, hosts, classes, own):
    runs, _ = audited(tmp_path / "fit", module, own, hosts, classes)
    assert len(runs) == hosts + 2
    _, got = audited(tmp_path / "predict", module, own, hosts, classes,
                     evals=True, models=tmp_path / "fit")
    assert set(got) == ALWAYS | SCORE
    assert got["glm_host_score"] == hosts * (classes if classes > 2 else 1)


# ---- how many there are of each ----

BATCHES, ITERATIONS = 3, OWN["max_iter"]


@pytest.mark.parametrize("module", [LR, LINR])
def test_training_when_two_hosts_then_a_residual_for_each(tmp_path, module):
    _, tags = audited(tmp_path, module, {}, hosts=2)
    assert tags["glm_residual"] == 2 * ITERATIONS * BATCHES


def test_poisson_when_decoded_then_labels_once_a_batch(tmp_path):
    """The guest multiplies what the host sent by numbers of its own: what it
    sends back must not be a power of it, nor that with y added."""
    _, tags = audited(tmp_path, POISSON, {"early_stop": "diff"})
    assert tags["glm_host_forward"] == tags["glm_residual"] == \
        ITERATIONS * BATCHES
    assert tags["glm_labels"] == BATCHES


def test_sqn_when_decoded_then_a_sample_for_each_pair(tmp_path):
    _, tags = audited(tmp_path, LR, SQN, hosts=2)
    pairs = ITERATIONS * BATCHES - 1
    assert tags["glm_sample"] == 2 * pairs
    assert tags["glm_curvature"] == tags["glm_direction"] == 3 * pairs


def test_stepwise_when_decoded_then_columns_by_number(tmp_path):
    """Of the others' columns a party hears how many there are and which,
    by number, are in the best model so far."""
    _, tags = audited(tmp_path, LR, {
        "max_iter": 1, "batch_size": -1, "stepwise_param": {
            "direction": "forward", "max_step": 2, "need_stepwise": True}})
    assert tags["glm_columns"] == 2
    assert tags["glm_candidate"] >= 2 * (1 + 5 + 1)  # none, each, the end


def test_classes_when_in_folds_then_a_residual_for_each(tmp_path):
    cv = {**CV["cv_param"], "random_seed": None}
    _, tags = audited(tmp_path, LR, {"batch_size": -1, "cv_param": cv},
                      classes=3)
    assert tags["glm_folds"] == 2
    assert tags["glm_residual"] == 2 * ITERATIONS * 3  # folds, classes


# ---- planted messages ----

def labels_not_random(mail):
    plants.not_random(mail, "glm_labels", "glm_public_key")


def labels_of_one_randomness(mail):
    """Each label on the same [[0]]: their differences are plain."""
    n = mail.key("glm_public_key")
    m = mail.find("glm_labels")
    zero = int.from_bytes(m.items()[0], "big")
    mail.plant("glm_labels", b"".join(
        (zero * (1 + n * k) % (n * n)).to_bytes(256, "big")
        for k in range(m.n)))


def labels_sent_back(mail):
    mail.plant("glm_residual", mail.find("glm_labels").payload)


def metrics_beside_the_flags(mail):
    mail.plant("glm_validation",
               b'{"stop":false,"best":true,"auc":0.75}')


def metric_for_a_flag(mail):
    mail.plant("glm_validation", b'{"stop":false,"best":0.75}')


def plain_loss(mail):
    mail.plant("glm_loss", doubles(1))


def plain_scores(mail):
    mail.plant("glm_host_score", doubles(mail.find("glm_host_score").n))


def scores_that_are_not_masked(mail):
    m = mail.find("glm_blinded_score")
    mail.plant("glm_blinded_score", b"".join(
        (5 << 40).to_bytes(24, "big") for _ in range(m.n)))


def host_scores_passed_on(mail):
    mail.plant("glm_masked_score", mail.find("glm_host_score").payload)


PLANTS = {
    labels_not_random: "too short to be random",
    labels_of_one_randomness: "is that of",
    labels_sent_back: "is that of",
    metrics_beside_the_flags: "auc",
    metric_for_a_flag: "no flag",
    plain_loss: "bytes are no",
    plain_scores: "bytes are no",
    scores_that_are_not_masked: "mask",
    host_scores_passed_on: "is that of",
}


def direction_by_row(mail):
    mail.plant("glm_direction", json.dumps({"delta": [0.5] * N}).encode())


def sample_of_rows(mail):
    mail.plant("glm_sample", json.dumps({"seed": [1, 5, 7]}).encode())


def curvature_not_random(mail):
    n = mail.key("glm_public_key")
    m = mail.find("glm_curvature")
    mail.plant("glm_curvature", b"".join(
        (1 + n * k).to_bytes(256, "big") for k in range(m.n)))


SQN_PLANTS = {
    direction_by_row: "numbers",
    sample_of_rows: "no seed",
    curvature_not_random: "too short to be random",
}


def candidate(mail, **change):
    value = json.loads(mail.find("glm_candidate").payload)
    mail.plant("glm_candidate", json.dumps({**value, **change}).encode())


def names_for_columns(mail):
    candidate(mail, columns=["x0"])


def anothers_columns(mail):
    candidate(mail, columns=[0, 1, 2, 3])


def losses_of_candidates(mail):
    candidate(mail, loss=0.5)


def weights_for_masks(mail):
    candidate(mail, host_mask=[0.5, 0.25, 0.125])


def names_for_a_count(mail):
    mail.plant("glm_columns", b'{"count":["x0","x1"],"intercept":true}')


STEP_PLANTS = {
    names_for_columns: "names no columns",
    anothers_columns: "names no columns",
    losses_of_candidates: "loss",
    weights_for_masks: "flags",
    names_for_a_count: "no count",
}


@pytest.fixture(scope="module")
def mails(tmp_path_factory):
    """Of each kind of task the messages, made when asked for."""
    done = {}
    kinds = {"poisson": (POISSON, STOP, {"evals": True}),
             "sqn": (LINR, SQN, {"hosts": 2}),
             "steps": (LINR, STEPS, {})}

    def make(kind):
        if kind not in done:
            module, change, more = kinds[kind]
            done[kind] = tmp_path_factory.mktemp(kind)
            audited(done[kind], module, change, **more)
        return done[kind] / "mail", more_hosts(kinds[kind])

    return make


def more_hosts(kind):
    return facts_of(make_data(kind[0], kind[2].get("hosts", 1), N)[0])


ALL = [(kind, plant, words) for kind, plants in (
    ("poisson", PLANTS), ("sqn", SQN_PLANTS), ("steps", STEP_PLANTS))
    for plant, words in plants.items()]


@pytest.mark.parametrize("kind, plant, words", ALL,
                         ids=[p.__name__ for _, p, _ in ALL])
def test_message_when_planted_then_found(mails, tmp_path, kind, plant, words):
    mail, facts = mails(kind)
    plants.check(mail, tmp_path, plant, facts, words)

"""Decodes every message that crossed between the parties of a job
(federation.keep_messages) and says what is none of: a ciphertext, a key, a
blinded id, an aggregate of lib/federation/mailbox_tags.c. Plain ids pass only
where the raw intersection, which sends them by its name, is announced, and in
a sample of rows that all parties have.

    faults, tags = Audit(mail, Facts(...)).run()
"""
import collections
import dataclasses
import hashlib
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAGS_C = ROOT / "lib" / "federation" / "mailbox_tags.c"
SLACK = 8           # bytes: a random number is that short once in 2^64
SCORE_BITS = 110    # glm.h: GLM_SUM_BITS, below the mask
MASK_BITS = 64      # by which the mask is longer
OPEN_BITS = 40      # shared_dot.h: SHARED_DOT_OPEN_BITS
HEAD = {"v", "kind", "tag", "from", "to", "seq", "n", "len", "sha256"}
HEX = re.compile(r"[0-9a-f]+\Z")


def read_tags():
    """{tag: (kinds, keys of its JSON)} from the table that is compiled in."""
    row = re.compile(r'\{"(\w+)",\s*([A-Z |]+),'
                     r'((?:\s*"(?:[^"\\]|\\.)*")+)\}')
    return {tag: ({k.strip().lower() for k in kinds.split("|")},
                  set(re.findall(r'\\"(\w+)\\"', shape)))
            for tag, kinds, shape in row.findall(TAGS_C.read_text())}


TAGS = read_tags()


@dataclasses.dataclass
class Facts:
    """What the test knows of the job."""
    rows: int               # as few as an array must not have
    columns: dict           # {party: columns of its part of the model}
    ids: set                # of all parties
    raw: bool = False       # a raw intersection: ids may be sent
    common: frozenset = frozenset()     # that all have: a sample may name them


class Fault(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Fault(text)


def id_hash(i):
    return hashlib.sha256(i.encode()).digest()


def decode_json(payload):
    try:
        value = json.loads(payload)
    except ValueError as e:
        raise Fault(f"no JSON: {e}") from None
    expect(isinstance(value, dict), "no JSON object")
    return value


class Message:
    def __init__(self, path):
        self.path = path
        head, newline, self.payload = path.read_bytes().partition(b"\n")
        expect(newline, "no head")
        self.head = decode_json(head)
        expect(set(self.head) == HEAD, f"head has {sorted(self.head)}")
        self.kind, self.tag = self.head["kind"], self.head["tag"]
        self.sender, self.to = self.head["from"], self.head["to"]
        self.n = self.head["n"]
        self.key = (self.sender, self.tag, self.head["seq"])

    def check(self):
        expect(self.tag in TAGS, f"tag {self.tag} is not listed")
        expect(self.kind in TAGS[self.tag][0],
               f"{self.tag} may not be of kind {self.kind}")
        expect(self.head["v"] == 1, "version")
        expect(self.head["len"] == len(self.payload), "length")
        expect(self.head["sha256"] ==
               hashlib.sha256(self.payload).hexdigest(), "SHA-256")
        name = f"{self.sender}~{self.tag}~{self.head['seq']:09d}.kept"
        expect(self.path.name == name, f"named {self.path.name}")
        expect(self.path.parents[2].name == self.to, "another's mailbox")
        expect(isinstance(self.n, int) and self.n > 0, f"n is {self.n}")

    def items(self, width=None):
        """n items of equal width."""
        got, rest = divmod(len(self.payload), self.n)
        expect(not rest and got and width in (None, got),
               f"{len(self.payload)} bytes are no {self.n} items of "
               f"{width or 'equal'} bytes")
        return [self.payload[k:k + got]
                for k in range(0, len(self.payload), got)]

    def numbers(self, below):
        """Items as numbers that fill the width of `below`."""
        width = (below.bit_length() + 7) // 8
        out = [int.from_bytes(i, "big") for i in self.items(width)]
        for x in out:
            expect(0 < x < below, "a number is not below its modulus")
            expect(fills(x, width), "a number is too short to be random")
        return out


def fills(x, width):
    return (x.bit_length() + 7) // 8 >= width - SLACK


class Audit:
    def __init__(self, mail, facts):
        self.mail, self.facts = pathlib.Path(mail), facts
        self.faults = []
        self.tags = collections.Counter()
        self.paillier = {}      # "glm", "binning": n of the one who decrypts
        self.rsa = {}           # host: (n, e, {H(id)^e})
        self.ciphers = {}       # ciphertext, or its random part: whence
        self.hashed = {}        # (host, its digests)
        self.hashes = {id_hash(i) for i in facts.ids}
        self.hash_numbers = {int.from_bytes(h, "big") for h in self.hashes}

    def run(self):
        """(faults, number of messages by tag)"""
        messages = self.read()
        for kind in ("key", None):      # keys first: they decode the rest
            for m in messages:
                if (m.kind == "key") == (kind == "key"):
                    self.guard(m.path, lambda m=m: self.decode(m))
        return self.faults, self.tags

    def guard(self, path, step):
        try:
            return step()
        except Fault as fault:
            self.faults.append(f"{path.relative_to(self.mail)}: {fault}")

    def read(self):
        out = []
        for path in sorted(p for p in self.mail.rglob("*") if p.is_file()):
            if path.name.endswith(".ended"):
                self.guard(path, lambda p=path: expect(
                    not p.read_bytes() and p.with_suffix("").is_dir(),
                    "an end that says something"))
                continue
            if path.name.endswith(".done"):
                self.guard(path, lambda p=path: expect(
                    re.fullmatch(r"[0-9a-f]{64}", p.read_text()) and
                    p.with_name(p.name[:-5] + ".kept").exists(),
                    "a marker without its message"))
                continue
            m = self.guard(path, lambda p=path: Message(p))
            if m:
                out.append(m)
        return out

    def decode(self, m):
        m.check()
        self.tags[m.tag] += 1
        getattr(self, f"check_{m.kind}")(m)

    # ---- kinds ----

    def check_key(self, m):
        key = decode_json(m.payload)
        expect(set(key) == TAGS[m.tag][1], f"keys {sorted(key)}")
        for value in key.values():
            expect(isinstance(value, str) and HEX.match(value), "no hex")
        n = int(key["n"], 16)
        expect(n.bit_length() >= 1024 and n % 2, "no modulus of 1024 bits")
        if m.tag.endswith("_public_key"):
            owner = self.paillier.setdefault(m.tag.split("_")[0], n)
            expect(owner == n, "two keys of one owner")
        else:
            e = int(key["e"], 16)
            expect(2 < e < 2**32, "not the public exponent")
            self.rsa[m.sender] = n, {pow(h, e, n)
                                     for h in self.hash_numbers}

    def check_ciphertext(self, m):
        n = self.paillier.get(m.tag.split("_")[0])
        expect(n, "no key of whom it is for")
        for k, c in enumerate(m.numbers(n * n)):
            # (1 + n m) r^n is r^n modulo n: the random part alone
            expect(fills(c % n, (n.bit_length() + 7) // 8),
                   "a ciphertext without randomness")
            for x in (c, c % n):
                whence = self.ciphers.setdefault(x, (m.key, k))
                expect(whence == (m.key, k),
                       f"a ciphertext, or its random part, is that of "
                       f"{whence}")

    def check_blinded(self, m):
        check = {"intersect_blinded": self.check_rsa,
                 "intersect_signed": self.check_rsa,
                 "intersect_hashed": self.check_hashed,
                 "intersect_common": self.check_common,
                 "intersect_ids": self.check_ids,
                 "glm_blinded_score": self.check_score,
                 "pearson_share": self.check_opened,
                 "toy_share": self.check_share}.get(m.tag)
        expect(check, f"nobody knows how to check {m.tag}")
        check(m)

    def check_rsa(self, m):
        host = m.to if m.tag == "intersect_blinded" else m.sender
        expect(host in self.rsa, "no key of that host")
        n, powers = self.rsa[host]
        numbers = m.numbers(n)
        expect(len(set(numbers)) == len(numbers), "an item twice")
        expect(not set(numbers) & self.hash_numbers, "an id's hash")
        expect(not set(numbers) & powers, "an id's hash, not blinded")

    def check_hashed(self, m):
        items = m.items(32)
        expect(not set(items) & self.hashes, "an id's hash")
        expect(items == sorted(set(items)), "not in order of value")
        self.hashed.setdefault(m.sender, set()).update(items)

    def check_common(self, m):
        items = m.items(32)
        expect(not set(items) & self.hashes, "an id's hash")
        expect(items == sorted(set(items)), "not in order of value")
        if m.to in self.hashed:
            expect(set(items) <= self.hashed[m.to], "not of the host's own")

    def check_ids(self, m):
        own = {"sample_ids": self.check_sample,
               "repeat_ids": self.check_repeats}.get(m.tag)
        if own:
            own(m)
            return
        expect(self.facts.raw, "ids outside of a raw intersection")
        if m.kind == "blinded":
            m.items()

    def check_sample(self, m):
        """Ids that the receiver has too, and numbers for new ones that do
        not rise with anything: their order would tell the labels."""
        value = decode_json(m.payload)
        expect(set(value) in ({"ids"}, {"ids", "keys"}),
               f"keys {sorted(value)}")
        ids, keys = value["ids"], value.get("keys", [[]] * m.n)
        expect(len(ids) == len(keys) == m.n, "the numbers of items differ")
        expect(set(ids) <= self.facts.common, "ids that not all have")
        expect(all(type(k) is int for ks in keys for k in ks), "no numbers")

    def check_repeats(self, m):
        """Ids that the receiver has too, and the guest's keys of each."""
        lines = m.payload.decode().split("\n")
        expect(lines.pop() == "" and len(lines) == 2 * m.n,
               "the numbers of items differ")
        expect(set(lines[::2]) <= self.facts.common, "ids that not all have")

    def check_score(self, m):
        """Random in the bits above the score's own."""
        numbers = [int.from_bytes(i, "big") for i in m.items()]
        high = [x >> SCORE_BITS for x in numbers]
        top = 2 ** MASK_BITS
        expect(max(high) <= top, "longer than a mask")
        expect(len(set(high)) == len(high), "a mask twice")
        mean = sum(high) / len(high) / top
        expect(abs(mean - 0.5) < 6 * (12 * len(high)) ** -0.5,
               f"no mask: the mean of its high bits is {mean}")
        # a score less its neighbour's tells nothing: still masked
        expect(min((abs(a - b) for a, b in zip(high, high[1:])),
                   default=top) > top >> 48, "two scores under one mask")

    def check_share(self, m):
        """Numbers modulo 2^64, each bit as often 1 as 0."""
        numbers = [int.from_bytes(i, "big") for i in m.items(8)]
        expect(len(set(numbers)) == len(numbers), "a share twice")
        for bit in range(64):
            ones = sum(x >> bit & 1 for x in numbers)
            expect(abs(ones - len(numbers) / 2) < 4 * len(numbers) ** 0.5 + 1,
                   f"bit {bit} of the shares is not random")

    def check_opened(self, m):
        """Of a share of each pair of columns as many bits as are opened,
        spread evenly: correlations themselves lie about the middle."""
        columns = self.facts.columns
        expect(m.n <= columns.get(m.sender, 0) * columns.get(m.to, 0),
               f"{m.n} shares are more than pairs of columns")
        shares = [int.from_bytes(i, "big") / 2 ** OPEN_BITS
                  for i in m.items(OPEN_BITS // 8)]
        expect(len(set(shares)) == m.n, "a share twice")
        spread = sum((x - 0.5) ** 2 for x in shares) / m.n
        expect(abs(spread - 1 / 12) < 6 * (180 * m.n) ** -0.5,
               f"no mask: the shares' spread is {spread}")

    def check_aggregate(self, m):
        value = decode_json(m.payload)
        expect(set(value) == TAGS[m.tag][1], f"keys {sorted(value)}")
        for key, v in value.items():
            self.check_value(m, key, v)

    def check_value(self, m, key, v):
        if m.tag in ("glm_step", "glm_direction"):
            columns = self.facts.columns.get(m.to, 0)
            expect(isinstance(v, list) and len(v) <= columns and
                   len(v) < self.facts.rows and
                   all(type(x) in (int, float) for x in v),
                   f"{key} is no {columns} numbers")
        elif key == "columns":
            host = m.sender if m.tag in (
                "selection_columns", "binning_columns") else m.to
            expect(isinstance(v, list) and all(
                type(x) is int and 0 <= x < self.facts.columns.get(host, 0)
                for x in v), f"{key} names no columns of {host}")
        elif m.tag in ("binning_columns", "binning_merged"):
            self.check_bins(m, key, v)
        elif key in ("salt", "digest"):
            expect(isinstance(v, str) and len(v) == 64 and HEX.match(v),
                   f"{key} is no digest")
        elif key == "sum":
            expect(isinstance(v, str) and len(v) == 16 and HEX.match(v),
                   f"{key} is no share")
        elif key in ("guest_mask", "host_mask"):
            columns = max(self.facts.columns.values())
            expect(isinstance(v, list) and len(v) <= columns and
                   all(type(x) is bool for x in v),
                   f"{key} is no {columns} flags")
        elif key in ("rows", "models", "splits", "count", "step"):
            expect(type(v) is int and 0 <= v < 2 ** 32, f"{key} is no count")
        elif key == "seed":
            expect(type(v) is int and v >= -1, f"{key} is no seed")
        else:
            expect(type(v) is bool, f"{key} is no flag")

    def check_bins(self, m, key, v):
        """How many bins columns have, how and into which they are merged."""
        party = m.to if m.tag == "binning_merged" else m.sender
        columns = self.facts.columns.get(party, 0)
        if key == "metric":
            expect(v in ("iv", "gini", "chi_square", "ks"), "no metric")
        elif key in ("bin_num", "min_bin_pct", "max_bin_pct"):
            expect(type(v) in (int, float), f"{key} is no number")
        elif key == "mixture":
            expect(type(v) is bool, f"{key} is no flag")
        else:
            expect(isinstance(v, list) and len(v) <= columns,
                   f"{key} is not of {columns} columns")
            kind = bool if key == "merge" else int
            for one in v if key == "last" else [v]:
                expect(isinstance(one, list) and
                       all(type(x) is kind for x in one),
                       f"{key} has something else")
                expect(key != "last" or one == sorted(set(one)),
                       "bins that do not rise")
                expect(len(one) < self.facts.rows, "one for each row")

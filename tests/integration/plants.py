"""Messages that must not pass, planted among those of a job: what the tests
of the audit share."""
import hashlib
import json
import shutil
import struct

import audit
from audit import Audit


class Mail:
    """A copy of a job's mail in which messages are planted."""

    def __init__(self, mail):
        self.mail = mail

    def find(self, tag):
        return audit.Message(sorted(self.mail.rglob(f"*~{tag}~*.kept"))[0])

    def plant(self, like, payload=None, **head):
        """In the place of the message `like`: other content, a whole head."""
        m = self.find(like)
        m.path.unlink()
        payload = m.payload if payload is None else payload
        head = {**m.head, "len": len(payload),
                "sha256": hashlib.sha256(payload).hexdigest(), **head}
        name = f"{head['from']}~{head['tag']}~{head['seq']:09d}"
        done = m.path.with_name(m.path.name[:-5] + ".done")
        done.rename(done.with_name(f"{name}.done"))
        m.path.with_name(f"{name}.kept").write_bytes(
            json.dumps(head).encode() + b"\n" + payload)

    def key(self, tag):
        return int(json.loads(self.find(tag).payload)["n"], 16)

    def add_to_ciphertexts(self, tag, plus):
        """Adds a plaintext and leaves the randomness as it was."""
        n = self.key("glm_public_key")
        source = self.find(tag)
        width = len(source.payload) // source.n
        return b"".join(
            (int.from_bytes(c, "big") * (1 + n * plus) % (n * n))
            .to_bytes(width, "big") for c in source.items())


def doubles(n):
    return struct.pack(f"<{n}d", *[k / 7 for k in range(n)])


def check(mail, folder, plant, facts, words):
    """Plants into a copy of the mail, and asks that the audit says so."""
    shutil.copytree(mail, folder / "mail")
    plant(Mail(folder / "mail"))
    faults, _ = Audit(folder / "mail", facts).run()
    assert any(words in fault for fault in faults), faults


def not_random(mail, tag, key):
    """In place of ciphertexts plain numbers, which anybody reads off them."""
    n, m = mail.key(key), mail.find(tag)
    mail.plant(tag, b"".join((1 + n * (k % 2)).to_bytes(256, "big")
                             for k in range(m.n)))

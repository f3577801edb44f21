"""A FastCGI client: one request on one connection, as nginx sends them."""
import socket
import struct

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER = 1


def record(kind, content=b""):
    return struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def length(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)


def pairs(params):
    return b"".join(length(len(k)) + length(len(v)) + k + v
                    for k, v in ((k.encode(), v.encode())
                                 for k, v in params.items()))


def request(params, body, cut=False):
    """All bytes of a request; `cut` leaves out the end of its body."""
    out = record(BEGIN, struct.pack("!HB5x", RESPONDER, 0))
    out += record(PARAMS, pairs(params)) + record(PARAMS)
    for at in range(0, len(body), 65535):
        out += record(STDIN, body[at:at + 65535])
    return out if cut else out + record(STDIN)


def answer(stream):
    """What came on stdout until the end of the request."""
    out = b""
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return out
        _, kind, _, size, padding, _ = struct.unpack("!BBHHBB", head)
        content = stream.read(size + padding)[:size]
        if kind == END:
            return out
        if kind == STDOUT:
            out += content


def ask(path, params, body=b"", cut=False):
    """The head and the body of the answer of who listens at `path`; a cut
    request ends with the client hanging up."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(str(path))
        s.sendall(request(params, body, cut))
        if cut:
            s.shutdown(socket.SHUT_WR)
        with s.makefile("rb") as stream:
            head, _, text = answer(stream).partition(b"\r\n\r\n")
    return head.decode(), text

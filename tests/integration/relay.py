"""A relay between a program and a site, so that what the program exchanges
with it is held against docs/openapi.yaml too."""
import http.client
import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Says nothing."""

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def relay(self):
        body = self.body()
        headers = {k: v for k, v in self.headers.items()
                   if k.lower() in ("content-type", "accept", "user-agent")}
        site = http.client.HTTPConnection(*self.server.site, timeout=300)
        try:
            site.request(self.command, self.path, body, headers)
            answer = site.getresponse()
            content = answer.read()
        finally:
            site.close()
        self.server.watch.seen({
            "method": self.command, "url": f"http://site{self.path}",
            "request_type": self.headers.get("Content-Type"),
            "request_body": body, "status": answer.status,
            "headers": answer.headers, "body": content})
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection",
                                    "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = relay


class Relay(http.server.ThreadingHTTPServer):
    """Listens on `port` until close()."""

    def __init__(self, site_port, watch):
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = "127.0.0.1", site_port
        self.watch = watch
        self.port = self.server_address[1]
        self.daemon_threads = True
        self.thread = threading.Thread(target=self.serve_forever, daemon=True,
                                       kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()

"""Watches what the tests say to the sites that they start.

Every exchange through `requests`, and every one that a test reports by
seen(), is held against docs/openapi.yaml; what is wrong is kept until the test
in which it happened has ended, and fails it.
"""
import importlib.util
import os
import urllib.parse

import pytest
import requests

NEEDED = ("jsonschema", "yaml")


class Watch:
    def __init__(self, document):
        self.document = document
        self.sites = set()      # "127.0.0.1:1234" of those that are ours
        self.faults = []
        self.count = 0
        self.succeeded = set()  # (method, path)
        self.failed = set()

    def seen(self, exchange):
        import openapi
        if not isinstance(exchange, openapi.Exchange):
            exchange = openapi.Exchange(**exchange)
        if not exchange.path.startswith("/v1/"):
            return
        self.count += 1
        op = self.document.find(exchange.method, exchange.path)
        if op:
            (self.succeeded if exchange.is_success else self.failed).add(
                (op.method, op.path))
        fault = self.document.fault(exchange)
        if fault and fault not in self.faults:
            self.faults.append(fault)

    def take_faults(self):
        faults, self.faults = self.faults, []
        return faults

    def wrap(self, send):
        """requests.Session.send that looks at what comes back."""
        def watched(session, request, **more):
            answer = send(session, request, **more)
            if urllib.parse.urlsplit(request.url).netloc in self.sites:
                self.seen(exchange_of(request, answer, more.get("stream")))
            return answer
        return watched


def exchange_of(request, answer, is_stream):
    kind = answer.headers.get("Content-Type", "")
    body = request.body
    return {
        "method": request.method, "url": request.url,
        "request_type": request.headers.get("Content-Type"),
        "request_body": body if isinstance(body, (bytes, str)) else None,
        "status": answer.status_code, "headers": answer.headers,
        "body": answer.content if not is_stream or "json" in kind else None}


def lacking():
    return [n for n in NEEDED if not importlib.util.find_spec(n)]


def start():
    """A Watch, or None where the packages for it are missing."""
    lack = lacking()
    if lack and os.environ.get("FATEFLOW_CI"):
        pytest.fail(f"python3 has no {', '.join(lack)}")
    if lack:
        return None
    import openapi
    return Watch(openapi.Document())


def install(watch):
    """Hooks the watch in; returns what takes it out again."""
    import private_site
    send, site_start = requests.Session.send, private_site.Site.start

    def start_watched(site, *args, **more):
        result = site_start(site, *args, **more)
        watch.sites.add(f"127.0.0.1:{site.port}")
        return result

    requests.Session.send = watch.wrap(send)
    private_site.Site.start = start_watched

    def remove():
        requests.Session.send = send
        private_site.Site.start = site_start
    return remove

"""Embedders from a hub on this machine: only what was named is asked for, and later calls need no network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mgeval.hub import CLAP_TINY

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path):
    """The settings of a process that asks a hub of ours, the hub's folders by repository, and what was asked."""
    asked, repositories = [], {"acme/clap": CLAP_TINY}

    class Hub(BaseHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

        def do_HEAD(self):
            self.do_GET(body=False)

        def do_GET(self, body=True):
            place = self.path.split("?")[0]
            name = next((name for name in repositories if f"/{name}/" in f"{place}/"), None)
            status, data = 404, b"{}"
            if name and place.startswith("/api/models/"):
                status, data = 200, json.dumps(answer(name, "/tree/" in place)).encode()
            elif name and "/resolve/" in place:
                file = repositories[name] / place.rsplit("/", 1)[-1]
                status, data = (200, file.read_bytes()) if file.is_file() else (404, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            if name is None:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if body:
                self.wfile.write(data)

    def answer(name, tree):
        files = [(file.name, file.stat().st_size) for file in sorted(Path(repositories[name]).iterdir())]
        if tree:
            return [{"type": "file", "path": file, "size": size, "oid": file} for file, size in files]
        siblings = [{"rfilename": file, "size": size, "blobId": file} for file, size in files]
        return {"id": name, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(tmp_path / "home"), "NO_PROXY": "*",
        "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
    }  # fmt: skip
    yield environment, repositories, asked
    server.shutdown()


def python(code, environment):
    code = f"from mgeval import embed\nfrom mgeval.hub import hub_files\n{code}"
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=200)


def test_what_was_downloaded_is_found_without_a_network(hub):
    environment, _, asked = hub
    load = "print(embed.load('clap:acme/clap').id)"
    first = python(load, environment)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith(f"clap:acme/clap@{COMMIT[:12]}-") and "acme/clap: downloading" in first.stderr
    asked.clear()
    for offline in ("0", "1"):
        again = python(load, environment | {"HF_HUB_OFFLINE": offline})
        assert again.stdout == first.stdout and "downloading" not in again.stderr and asked == []


def test_of_a_repository_only_the_named_files_come(hub, tmp_path):
    environment, repositories, asked = hub
    words = tmp_path / "words"
    words.mkdir()
    for name in ("tokenizer.json", "config.json", "model.safetensors"):
        (words / name).write_text("{}")
    repositories["roberta-base"] = words
    load = "hub_files('roberta-base', 'a folder', ['tokenizer.json', 'config.json'])"
    done = python(f"print(sorted(f.name for f in {load}.iterdir()))", environment)
    assert done.stdout.strip() == "['config.json', 'tokenizer.json']", done.stderr
    assert not any("model.safetensors" in path for path in asked)
    done = python("hub_files('roberta-base', 'a folder', ['vocab.json'])", environment)
    assert (
        "the hub has no vocab.json in this repository; it has config.json, model.safetensors, tokenizer.json"
        in done.stderr
    )


def test_what_the_hub_lacks(hub):
    environment, _, _ = hub
    done = python("embed.load('clap:acme/nothing')", environment)
    assert "acme/nothing: neither a local folder nor a public model on the hub" in done.stderr
    # A name that can be none asks nothing.
    done = python("embed.load('clap:nothing')", environment)
    assert "no such folder" in done.stderr
    done = python("embed.load('clap:630k-audioset-best.pt')", environment | {"HF_HUB_OFFLINE": "1"})
    assert "lukewys/laion_clap: not in the cache" in done.stderr

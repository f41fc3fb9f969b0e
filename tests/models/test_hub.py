"""A local hub: after one download, models are found without the network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "f" * 40
FIND = "from mgeval.models.musicgen.checkpoint import find_checkpoint; print(find_checkpoint('acme/musicgen').revision)"
ASK = "from mgeval.models import model_revision; print(model_revision('acme/musicgen'))"


@pytest.fixture
def hub(stereo_folder, tmp_path):
    """Run a local hub; return the environment for its clients and the list of requests."""
    asked = []

    class Hub(BaseHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

        def do_HEAD(self):
            self.do_GET(body=False)

        def do_GET(self, body=True):
            place = self.path.split("?")[0]
            file = stereo_folder / place.rsplit("/", 1)[-1]
            commit = OLDER if OLDER in place else COMMIT
            if place.startswith("/api/models/acme/musicgen"):
                status, data = 200, json.dumps(answer("/tree/" in place, commit)).encode()
            elif "/resolve/" in place and file.is_file():
                status, data = 200, file.read_bytes()
            else:
                status, data = 404, b"{}"
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", commit)
            self.end_headers()
            if body:
                self.wfile.write(data)

    def answer(tree, commit):
        files = [(file.name, file.stat().st_size) for file in sorted(stereo_folder.iterdir())]
        # Published repositories contain unneeded files.
        files.append(("README.md", 1000))
        if tree:
            return [{"type": "file", "path": name, "size": size, "oid": name} for name, size in files]
        siblings = [{"rfilename": name, "size": size, "blobId": name} for name, size in files]
        return {"id": "acme/musicgen", "sha": commit, "siblings": siblings, "tags": [], "private": False}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*",
    }  # fmt: skip
    yield environment, asked
    server.shutdown()


def python(environment, code, **more):
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment | more, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def test_what_was_downloaded_is_found_without_a_network(hub):
    environment, asked = hub
    # A request for the revision downloads no file.
    assert python(environment, ASK).stdout.strip() == COMMIT
    assert not any("/resolve/" in path for path in asked)
    first = python(environment, FIND)
    assert first.stdout.strip() == COMMIT
    assert "acme/musicgen: downloading" in first.stderr
    asked.clear()
    again = python(environment, FIND)
    assert again.stdout.strip() == COMMIT
    assert "downloading" not in again.stderr
    assert asked == []
    assert python(environment, FIND, HF_HUB_OFFLINE="1").stdout.strip() == COMMIT
    assert python(environment, ASK, HF_HUB_OFFLINE="1").stdout.strip() == COMMIT


def test_what_a_plan_s_commit_downloaded_is_found_by_name_without_a_network(hub):
    """`run` requests the commit of the plan; the next plan requests by name."""
    environment, _ = hub
    assert python(environment, FIND.replace("musicgen'", f"musicgen', '{COMMIT}'")).stdout.strip() == COMMIT
    assert python(environment, FIND, HF_HUB_OFFLINE="1").stdout.strip() == COMMIT
    assert python(environment, ASK, HF_HUB_OFFLINE="1").stdout.strip() == COMMIT


def test_an_older_commit_does_not_become_the_name_s(hub):
    environment, _ = hub
    assert python(environment, FIND.replace("musicgen'", f"musicgen', '{OLDER}'")).stdout.strip() == OLDER
    assert python(environment, FIND).stdout.strip() == COMMIT

"""The site in a real browser: no errors, search, filters, hostile text, accessibility.

Needs Chromium, node, and `npm install --prefix tools/browser`; without them it says so and is
skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from test_site import EVIL, RULES, hostile_repository

from transpile.catalog import Catalog
from transpile.catalog.site import write_site

TOOLS = Path(__file__).parents[2] / "tools" / "browser"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
MISSING = [
    name
    for name, there in (
        ("Chromium", bool(CHROMIUM)),
        ("node", shutil.which("node") is not None),
        ("npm install --prefix tools/browser", (TOOLS / "node_modules/playwright-core").is_dir()),
    )
    if not there
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"not run in a browser: needs {', '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the sample rules and of rules whose every text attacks the page."""
    site = tmp_path_factory.mktemp("site")
    hostile = hostile_repository(tmp_path_factory.mktemp("hostile"))
    write_site(Catalog.build([RULES, hostile], targets=["sigma", "eql"]), site)
    return site


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module", params=["file", "http"])
def seen(request: pytest.FixtureRequest, folder: Path, served: str) -> dict[str, Any]:
    """What the browser saw of the site, opened from a file and from a server."""
    url = folder.as_uri() if request.param == "file" else served
    environment = {**os.environ, "NODE_PROJECT": str(TOOLS), "CHROMIUM": CHROMIUM, "EVIL": EVIL}
    command = ["node", str(TOOLS / "browse.mjs"), url]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_pages_load_without_an_error_and_without_the_network(seen: dict[str, Any]) -> None:
    assert len(seen["pages"]) > 15
    assert (seen["errors"], seen["requests"], seen["dialogs"]) == ([], [], 0)


def test_the_search_finds_and_the_keyboard_opens(seen: dict[str, Any]) -> None:
    checks = seen["checks"]
    assert checks["opened"] == checks["results"][0]
    assert "powershell" in checks["results"][0].lower()
    assert checks["found"] != checks["all"]


def test_filters_filter_and_stay_in_the_address(seen: dict[str, Any]) -> None:
    checks = seen["checks"]
    assert checks["address"] == "#status=n"
    assert checks["unsupported"] == checks["recalled"] != checks["all"]


def test_a_hostile_rule_shows_as_text(seen: dict[str, Any]) -> None:
    checks = seen["checks"]
    assert checks["hostile"]
    assert set(checks["hostile"]) == {EVIL}
    assert checks["hostileTitle"] == EVIL
    assert (checks["hostileScripts"], checks["hostileLinks"]) == (0, [])


def test_a_phone_shows_no_page_wider_than_itself(seen: dict[str, Any]) -> None:
    assert seen["checks"]["overflow"] == []


def test_the_theme_can_be_changed(seen: dict[str, Any]) -> None:
    assert seen["checks"]["theme"] == "light"


def test_axe_finds_no_serious_fault(seen: dict[str, Any]) -> None:
    assert [fault for fault in seen["axe"] if fault["impact"] in ("serious", "critical")] == []

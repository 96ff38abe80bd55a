"""The page at /docs in a real browser, used as seed 001 tells its readers to: create, log in,
Authorize, update, delete, each by hand in the page.

Chromium is the machine's own; nothing is downloaded. It could not reach anything but the server
under test even if the page asked for it, and that the page asks for nothing is part of the tests.
"""

import json
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

import orgd  # noqa: E402

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WAIT_MS = 15_000
REPORT_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`violation of ${event.violatedDirective}: ${event.blockedURI}`));
"""


class DocsPage:
    """What a reader does in the page, and what the browser noticed meanwhile."""

    def __init__(self, context, url):
        self.url = url
        self.requests = []
        self.complaints = []
        context.add_init_script(REPORT_VIOLATIONS)
        self.page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        context.on("request", lambda request: self.requests.append((request.method, request.url)))
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.answer = self.page.goto(f"{url}/docs")
        self.page.wait_for_selector(".opblock")

    def _note(self, message):
        # The browser itself notes every answer of 400 and above that a script asked for.
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.complaints.append(message.text)

    def operation(self, name):
        """The block of an operation, open."""
        block = self.page.locator(f'.opblock[id$="-{name}"]')
        if "is-open" not in block.get_attribute("class"):
            block.locator(".opblock-summary-control").first.click()
        return block

    def execute(self, name, body=None, **parameters):
        """Fills in an operation and sends it; gives the status and the JSON that the page shows."""
        block = self.operation(name)
        if body is not None:
            block.locator("textarea.body-param__text").fill(json.dumps(body))
        for parameter, value in parameters.items():
            row = block.locator(f'tr[data-param-name="{parameter}"]')
            row.locator("input").fill(value)
        clear = block.locator("button.btn-clear")
        if clear.count():
            clear.click()
        block.locator("button.execute").click()
        shown = block.locator(".live-responses-table tbody tr").first
        status = int(shown.locator(".response-col_status").inner_text().split()[0])
        return status, json.loads(shown.locator("pre code").first.inner_text())

    def authorize(self, fields):
        """Opens the dialog, fills in fields by their ids, and presses Authorize below them."""
        self.page.locator(".auth-wrapper > button.authorize").click()
        dialog = self.page.locator(".dialog-ux")
        for field, value in fields.items():
            dialog.locator(f"#{field}").fill(value)
        scheme = dialog.locator(".auth-container").filter(has=dialog.page.locator(f"#{field}"))
        scheme.locator("button.authorize").click()
        dialog.get_by_role("button", name="Remove authorization").wait_for()
        dialog.locator("button.close-modal").click()

    def quiet(self):
        """Nothing was asked of anybody else, and the browser had nothing to complain about."""
        asked = {url for _, url in self.requests if not url.startswith("data:")}
        assert {f"{part.scheme}://{part.netloc}" for part in map(urlsplit, asked)} == {self.url}
        assert self.complaints == []


@pytest.fixture(scope="module")
def server():
    with orgd.Server() as started:
        yield started.start()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=ARGUMENTS
        )
        yield started
        started.close()


@pytest.fixture
def docs(browser, server):
    """The page, just opened by a browser that knows nothing of earlier visits."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    try:
        yield DocsPage(context, server.url)
    finally:
        context.close()


def sign_up(docs):
    """Creates an organization in the page; gives what was sent."""
    sent = {
        "organization_name": orgd.unique(),
        "email": orgd.unique_email(),
        "password": orgd.PASSWORD,
    }
    status, shown = docs.execute("createOrganization", body=sent)
    assert status == 200
    assert shown["organization_name"] == sent["organization_name"]
    assert shown["admin_email"] == sent["email"]
    return sent


def authorize_by_password(docs, sent):
    docs.authorize({"oauth_username": sent["email"], "oauth_password": sent["password"]})


def authorize_by_token(docs, sent, before=""):
    status, shown = docs.execute(
        "logIn", body={"email": sent["email"], "password": sent["password"]}
    )
    assert status == 200
    assert shown["token_type"] == "bearer"
    docs.authorize({"auth-bearer-value": before + shown["access_token"]})


def authorize_by_token_as_seed_001_says(docs, sent):
    authorize_by_token(docs, sent, before="Bearer ")


@pytest.mark.parametrize(
    "authorize",
    [authorize_by_password, authorize_by_token, authorize_by_token_as_seed_001_says],
)
def test_create_authorize_update_delete_by_hand(docs, server, authorize):
    sent = sign_up(docs)
    authorize(docs, sent)

    new_name = orgd.unique()
    status, shown = docs.execute(
        "updateOrganization",
        body={
            "organization_name": sent["organization_name"],
            "new_organization_name": new_name,
        },
    )
    assert status == 200
    assert shown["organization_name"] == new_name
    assert shown["message"] == "Organization updated successfully"

    status, shown = docs.execute("deleteOrganization", organization_name=new_name)
    assert status == 200
    assert shown["detail"] == "deleted"

    found = server.client.get("/org/get", params={"organization_name": new_name})
    assert found.status_code == 404
    docs.quiet()


def test_documents_by_hand(docs):
    sent = sign_up(docs)
    authorize_by_password(docs, sent)
    _, organization = docs.execute(
        "getOrganization", organization_name=sent["organization_name"]
    )
    org = organization["slug"]

    status, shown = docs.execute("createDocument", org=org, body={"_id": "a", "big": 2**53})
    assert (status, shown) == (201, {"_id": "a", "big": 2**53})
    status, shown = docs.execute("patchDocument", org=org, id="a", body={"big": None, "new": True})
    assert (status, shown) == (200, {"_id": "a", "new": True})
    status, shown = docs.execute("listDocuments", org=org)
    assert (status, shown["data"]) == (200, [{"_id": "a", "new": True}])
    docs.quiet()


def test_without_authorize_delete_is_shown_as_401(docs):
    sent = sign_up(docs)
    status, shown = docs.execute("deleteOrganization", organization_name=sent["organization_name"])
    assert status == 401
    assert shown["detail"] == "Not authenticated"
    docs.quiet()


def test_a_reload_forgets_the_token(docs):
    sent = sign_up(docs)
    authorize_by_password(docs, sent)
    docs.page.reload()
    docs.page.wait_for_selector(".opblock")
    status, _ = docs.execute("deleteOrganization", organization_name=sent["organization_name"])
    assert status == 401


def test_the_page_loads_from_the_server_only_and_shows_every_operation(docs, server):
    assert docs.page.title() == "orgd"
    policy = docs.answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy

    shown = {
        (block.locator(".opblock-summary-method").inner_text().strip().lower(),
         block.locator(".opblock-summary-path").get_attribute("data-path"))
        for block in docs.page.locator(".opblock").all()
    }
    described = server.client.get("/openapi.json").json()
    assert shown == {
        (method, path)
        for path, item in described["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert docs.page.locator(".errors-wrapper").count() == 0
    docs.quiet()

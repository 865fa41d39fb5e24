"""A headless Chromium: the one that Playwright brings, or one of this machine."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

# What a script starts in its background ignores interrupts, and so do its children; some tests interrupt theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        # the sandbox wants rights that a container does not have, and the pages are our own
        try:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"there is no Chromium: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


class Visit:
    """A page and everything that went wrong on it."""

    def __init__(self, page: Page, allowed: str) -> None:
        self.page, self.allowed = page, allowed
        self.wrong: list[str] = []
        page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.allowed, "data:", "about:")):
            self.wrong.append(f"request: {url}")


@pytest.fixture
def visit(browser: Browser):
    """visit(url, width=…, scheme=…): a page that is loaded, and closed again."""

    @contextmanager
    def visit(url: str, allowed: str, width: int = 1100, scheme: str = "light") -> Iterator[Visit]:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=False)
        try:
            found = Visit(context.new_page(), allowed)
            found.page.goto(url)
            yield found
        finally:
            context.close()

    return visit

# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium over the DevTools protocol: what the page says, looks like, loads and complains about."""

from __future__ import annotations

import asyncio
import base64
import pathlib
import re
import shutil
import subprocess
import typing as t

import aiohttp

from ansible_collections.ovhcloud.vmware_encryption.tests.tools.steps import BROWSERS

MISSING = (
    "Chromium is not on this machine. Install it to have the report looked at in a browser, "
    "for example: apt-get install --no-install-recommends chromium"
)
LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # it refuses to run as root otherwise, and only our own page is opened
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
    "about:blank",
)
LIMIT = 60.0  # seconds for any one answer


def find() -> t.Optional[str]:
    """The browser of this computer."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


class BrowserError(Exception):
    """The browser did not start, or refused a command."""


class Browser:
    """One browser, which ends with the `with` block."""

    def __init__(self, program: str, profile: pathlib.Path) -> None:
        command = [program, f"--user-data-dir={profile}", *_OPTIONS]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._loop = asyncio.new_event_loop()
        self._session: aiohttp.ClientSession
        self._socket: t.Any
        self._number = 0
        self.pages: dict[str, Page] = {}

    def __enter__(self) -> Browser:
        self._loop.run_until_complete(self._connect())
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.run_until_complete(self._leave())
        self._loop.close()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    async def _connect(self) -> None:
        address = await asyncio.wait_for(self._loop.run_in_executor(None, self._address), LIMIT)
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(address, max_msg_size=0)

    def _address(self) -> str:
        assert self._process.stderr is not None
        said = b""
        for line in self._process.stderr:
            said += line
            found = LISTENING.search(line)
            if found:
                return found[1].decode()
        raise BrowserError(f"Chromium did not start: {said.decode(errors='replace')}")

    async def _leave(self) -> None:
        await self._call("Browser.close", {}, None)
        await self._socket.close()
        await self._session.close()

    def call(self, method: str, session: t.Optional[str] = None, **parameters: t.Any) -> dict[str, t.Any]:
        """One command and its answer; events before the answer go to their pages."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters, session), LIMIT))

    async def _call(self, method: str, parameters: dict[str, t.Any], session: t.Optional[str]) -> dict[str, t.Any]:
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json({**message, "sessionId": session} if session else message)
        while True:
            answer = await self._socket.receive_json()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return t.cast("dict[str, t.Any]", answer["result"])
            self._hand_on(answer)

    def _hand_on(self, event: dict[str, t.Any]) -> None:
        page = self.pages.get(str(event.get("sessionId")))
        if page is not None:
            page.take(event["method"], event["params"])

    def until(self, done: t.Callable[[], bool]) -> None:
        """Read events until something has happened."""

        async def read() -> None:
            while not done():
                self._hand_on(await self._socket.receive_json())

        self._loop.run_until_complete(asyncio.wait_for(read(), LIMIT))

    def open(self, address: str, width: int, height: int = 900, dark: bool = False) -> Page:
        """Load a page in a window of that size."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Page.navigate", url=address)
        self.until(lambda: page.loaded)
        return page


class Page:
    """One open page."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.loaded = False
        self.complaints: list[str] = []  # console messages, log entries, exceptions
        self.requests: list[str] = []

    def take(self, method: str, event: dict[str, t.Any]) -> None:
        """Keep what an event says."""
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(f"{event['entry']['level']}: {event['entry']['text']}")
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(str(event))

    def call(self, method: str, **parameters: t.Any) -> dict[str, t.Any]:
        """A command for this page."""
        return self._browser.call(method, self._session, **parameters)

    def value(self, expression: str) -> t.Any:
        """What a JavaScript expression of the test gives in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """The text of the first element that matches."""
        return str(self.value(f"document.querySelector({selector!r}).textContent"))

    def screenshot(self, file: pathlib.Path) -> None:
        """The whole page as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, file: pathlib.Path) -> None:
        """The page as it is printed."""
        made = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        file.write_bytes(base64.b64decode(made["data"]))

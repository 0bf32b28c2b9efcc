"""A headless Chromium for tests, driven over its debugging protocol, that reaches this machine alone and notes what pages ask for."""

import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--window-size=1100,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def program() -> str:
    """Returns where Chromium is; skips the test, with the reason, where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("No Chromium on this machine, so no page was looked at. `make browser` installs one.")
    return found


class Chromium:
    """A running browser. A session of its protocol is a page or a frame in one; where none is named, `session` is meant."""

    session: str | None = None

    def __init__(self, folder: Path) -> None:
        websocket = pytest.importorskip("websocket", reason="websocket-client comes with JupyterLab: make setup")
        command = [program(), *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with urlopen(f"http://127.0.0.1:{self._port(folder / 'DevToolsActivePort')}/json/version", timeout=10) as answer:
                address = json.load(answer)["webSocketDebuggerUrl"]
            self.socket = websocket.create_connection(address, timeout=60)
            self.numbers, self.answers, self.asked = itertools.count(1), {}, []
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _port(self, file: Path) -> str:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if file.is_file() and (text := file.read_text()):
                return text.splitlines()[0]
            time.sleep(0.1)
        pytest.fail("Chromium did not start within 30 seconds.")

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=20)

    def send(self, method: str, session: str | None = None, **params) -> dict:
        """Returns the answer to one command; what is told meanwhile is taken note of."""
        number, session = next(self.numbers), session or self.session
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self.socket.send(json.dumps(message))
        while number not in self.answers:
            said = json.loads(self.socket.recv())
            if "id" in said:
                self.answers[said["id"]] = said
            else:
                self.note(said["method"], said["params"])
        answer = self.answers.pop(number)
        assert "error" not in answer, answer
        return answer["result"]

    def note(self, method: str, told: dict) -> None:
        """Keeps in `asked` the addresses that pages ask for."""
        if method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.asked.append(told["url"])

    def new_page(self) -> tuple[str, str]:
        """Returns the target and the session of a new empty page."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        return target, self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def value(self, expression: str, session: str | None = None):
        """Returns the value of a JavaScript expression in a page or frame."""
        answer = self.send("Runtime.evaluate", session, expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression: str, session: str | None = None):
        """Returns the first value of an expression that is true; fails after 60 seconds."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if found := self.value(expression, session):
                return found
            time.sleep(0.1)
        text = self.value("document.body.innerText", session)
        pytest.fail(f"Never true in the browser: {expression}\nThe page says: {text[:1000]}")

    def press_at(self, x: float, y: float, session: str | None = None) -> None:
        """Presses and lifts the left button at a point of a page."""
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", session, type=kind, x=x, y=y, button="left", clickCount=1)


class Page(Chromium):
    """One page of a browser of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        _, self.session = self.new_page()
        for domain in ("Network", "Page", "DOM"):
            self.send(f"{domain}.enable")

    def open(self, address: str, ready: str) -> None:
        """Loads a page and waits until an expression is true in it."""
        self.send("Page.navigate", url=address)
        self.wait(f"location.href.startsWith({json.dumps(address)}) && !!({ready})")

    def click(self, element: str) -> None:
        """Presses and lifts the left button in the middle of what an expression finds."""
        self.wait(f"!!({element})")
        middle = "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
        x, y = self.value(f"(e => (e.scrollIntoView({{block: 'center'}}), {middle}(e.getBoundingClientRect())))({element})")
        self.press_at(x, y)

    def type(self, element: str, text: str) -> None:
        """Puts a text in the place of the one in a field, as by the keyboard."""
        self.click(element)
        self.value(f"({element}).select()")
        self.send("Input.insertText", text=text)
        if not text:
            self.press("Backspace", 8)

    def press(self, key: str, code: int) -> None:
        """Presses and lifts a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def upload(self, selector: str, file: Path) -> None:
        """Chooses a file for a field that takes one."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

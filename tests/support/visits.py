"""Pages as a reader opens them: from the file system, in Chromium, with the network off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WIDTHS = {"desktop": 1280, "phone": 390}


class Visit:
    """An open page, and what it asked for and complained of."""

    def __init__(self, browser: Any, file: Path, width: int = 1280) -> None:
        context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
        self.page = context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("dialog", self._asked_by_dialog)
        self.page.goto(file.as_uri())

    def others(self) -> list[str]:
        """Requests beyond the page itself; pictures inside it are none."""
        return [url for url in self.asked[1:] if not url.startswith("data:")]

    def violations(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and its own good practice, a line each."""
        from axe_playwright_python.sync_playwright import Axe

        rules = {"target-size": {"enabled": True}}  # of WCAG 2.2, off by default
        found = Axe().run(self.page, options={"rules": rules}).response["violations"]
        return [f"{v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]]

    def close(self) -> None:
        """Close the page and all that belongs to it."""
        self.page.context.close()

    def _asked_by_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

"""The page in a real browser: it draws, sorts and turns, and tries to reach nothing."""

import json
import re
import shutil
import subprocess

import pytest

from groundstate.report.page import write_report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PROBE = """
<script>
const result = { faults: faults, plots: 0, views: 0 };
for (const figure of document.querySelectorAll("figure.plot"))
  result.plots += figure.querySelector("svg.main-svg") ? 1 : 0;
const ink = (canvas) => canvas.toDataURL();
for (const figure of document.querySelectorAll("figure.view")) {
  const canvas = figure.querySelector("canvas");
  const press = (key) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const [first, turned, back] = ["0", "ArrowLeft", "0"].map((key) => (press(key), ink(canvas)));
  figure.querySelector("button").click();
  result.views += turned !== first && back === first && ink(canvas) !== first ? 1 : 0;
}
const table = document.querySelector("#runs table");
const column = () => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
const button = table.tHead.querySelector("button");
button.click();
result.up = column();
button.click();
result.down = column();
const saved = [];
HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
for (const one of document.querySelectorAll("button.csv")) one.click();
result.saved = saved.length === new Set(saved).size ? saved.length : -1;
result.drawings = document.querySelectorAll("figure.drawing svg").length;
result.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.body.innerHTML = "<pre>" + JSON.stringify(result) + "</pre>";
</script>
"""
WATCH = """<script>
const faults = [];
for (const kind of ["error", "warn"]) console[kind] = (...words) => faults.push(words.join(" "));
addEventListener("error", (event) => faults.push(event.message));
addEventListener("securitypolicyviolation", (event) => faults.push(event.violatedDirective));
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium to draw the page")
@pytest.mark.parametrize(("width", "theme"), [(1400, "light"), (390, "dark")])
def test_draws_sorts_and_turns(results, tmp_path, width, theme):
    page = tmp_path / "report.html"
    write_report(
        [results / "molecules/qm9/gaunt-refiner/seed0"], [results / "crystals/flla/unimat/seed0"], page
    )
    text = page.read_text(encoding="utf-8").replace("<style>", WATCH + "<style>", 1)
    page.write_text(text.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    arguments += [
        "--disable-background-networking",
        "--disable-component-update",
        f"--window-size={width},2000",
    ]
    arguments += ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] * (theme == "dark")
    dom = subprocess.run(
        [BROWSER, *arguments, f"--user-data-dir={tmp_path}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    ).stdout
    found = json.loads(re.search(r"<pre>(.*)</pre>", dom)[1])
    assert found["faults"] == []
    assert found["plots"] == text.count('<figure class="plot')
    assert found["views"] == text.count('<figure class="view')
    assert found["saved"] == text.count("<table")
    assert found["drawings"] == text.count('<figure class="drawing') > 0
    assert found["wide"] <= 0  # nothing is wider than the window
    assert found["up"] == ["flla", "qm9"] and found["down"] == ["qm9", "flla"]

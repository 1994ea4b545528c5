"""The page in a real browser: it draws, sorts and turns, and tries to reach nothing."""

import json
import re
import shutil
import subprocess

import pytest

from groundstate.report.page import write_report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PROBE = r"""
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
const energies = document.querySelector("#crystals-flla table.sortable");
const heads = [...energies.tHead.rows[0].cells];
const place = heads.findIndex((head) => head.textContent.startsWith("Energy above"));
const numbers = () => [...energies.tBodies[0].rows].map((row) => Number(row.cells[place].dataset.value));
result.energies = [0, 1].map(() => (heads[place].querySelector("button").click(), numbers()));
// what a reader can tell apart: text of plots against the page, on the screen and on paper
const channels = (color) => color.match(/[\d.]+/g).slice(0, 3);
const light = (color) => channels(color).reduce((sum, part) => sum + Number(part) / 765, 0);
const fills = () => [...document.querySelectorAll(".main-svg text")].map((one) => getComputedStyle(one).fill);
const shades = () => ({
  page: light(getComputedStyle(document.body).backgroundColor),
  ink: light(getComputedStyle(document.body).color),
  text: [...new Set(fills())].filter((fill) => fill.startsWith("rgb(")).map(light),
});
result.screen = shades();
dispatchEvent(new Event("beforeprint"));
result.paper = shades();
dispatchEvent(new Event("afterprint"));
result.again = shades();
const saved = [], contents = [];
HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
window.Blob = class { constructor(parts) { contents.push(parts.join("")); } };
URL.createObjectURL = () => "blob:none";
for (const one of document.querySelectorAll("button.csv")) one.click();
result.saved = saved.length === new Set(saved).size ? saved.length : -1;
result.csv = contents[0];
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
    up, down = found["energies"]
    assert up == sorted(up) and down == up[::-1] and up[0] < up[-1]  # as numbers, not as text
    assert (found["screen"]["page"] < 0.2) == (theme == "dark")
    assert found["paper"]["page"] > 0.9
    assert found["again"] == found["screen"]
    for look in (found["screen"], found["paper"]):
        assert abs(look["ink"] - look["page"]) > 0.5
        assert any(shade == pytest.approx(look["ink"], abs=0.02) for shade in look["text"])  # of axes
    assert found["csv"].startswith("Data set,Kind,Model,Seed,") and '"123,456"' in found["csv"]
    assert found["up"] == ["flla", "qm9"] and found["down"] == ["qm9", "flla"]

"""What the site is made of besides docs/: pages written from the program, files of the repository, MathML."""

import html
import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "build/docs"  # by docs/site/write_reference.py
# files of the repository that are pages, and where pages of docs/ call them
PAGES = {
    "reference/config.md": "config/README.md",
    "reference/results.md": "benchmarks/RESULTS.md",
    "reference/changes.md": "CHANGELOG.md",
}
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
LINK = re.compile(r"\[([^\]\n]+)\]\(((?!https?:|#|mailto:)[^)\s]+)\)")


def on_files(files, config):
    """Add the pages that do not lie in docs/."""
    for place, source in PAGES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    for path in sorted(WRITTEN.glob("*.md")):
        files.append(File.generated(config, f"reference/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Let links into the repository lead to the page of that file; one without a page is its path."""
    place = Path(page.file.src_uri)
    here = (ROOT / PAGES.get(page.file.src_uri, Path("docs") / place)).parent
    behind = {ROOT / source: target for target, source in PAGES.items()}

    def led(match):
        path, _, anchor = match[2].partition("#")
        target = (here / path).resolve()
        if target in behind:
            page_of = behind[target]
        elif target.is_relative_to(ROOT / "docs") and target.is_file():
            page_of = target.relative_to(ROOT / "docs").as_posix()
        elif target.exists():
            return f"{match[1]} (`{target.relative_to(ROOT)}` of the repository)"
        else:
            return match[0]  # the strict build names it
        up = "../" * (len(place.parts) - 1)
        return f"[{match[1]}]({up}{page_of}{'#' + anchor if anchor else ''})"

    return LINK.sub(led, markdown)


def on_page_content(content, **_):
    """Write formulas as MathML: no script, no font of another server."""

    def written(match):
        display = "block" if match[1] == "div" else "inline"
        return convert(html.unescape(match[3]), display=display)

    return FORMULA.sub(written, content)

"""The pages read alike on GitHub and as the site that `make docs` builds."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.commands import FENCE, PAGES, ROOT, languages

DOCS = ROOT / "docs"
ITEM = re.compile(r"(- |\* |\d+\. |\|)")
LINK = re.compile(r"(?<!\!)\[[^\]]+\]\(([\w./-]+\.md)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LIMIT = 150_000
"""Bytes of one picture."""
NOT_IN_NAV = ("reference/kinds/", "reference/local-aws/", "adr/0")
"""Pages that other pages list."""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def paragraphs(page: Path) -> Iterator[tuple[str, str]]:
    """Each line outside of blocks of code, with the one before it."""
    lines = FENCE.sub("\n", page.read_text("utf-8")).splitlines()
    return zip(["", *lines], lines, strict=False)


def test_every_block_says_its_language() -> None:
    assert [name(page) for page in PAGES if "" in languages(page)] == []


def test_what_stands_inside_an_item_is_indented_by_four() -> None:
    """Python-Markdown ends the list else; GitHub takes both."""
    blocks = [
        (name(p), m[0][:40])
        for p in PAGES
        for m in FENCE.finditer(p.read_text("utf-8"))
        if len(m[1]) % 4
    ]
    texts = [
        (name(page), line)
        for page in PAGES
        for before, line in paragraphs(page)
        if not before.strip() and (len(line) - len(line.lstrip())) % 4
    ]
    assert blocks + texts == []


def test_a_list_or_table_has_an_empty_line_before_it() -> None:
    """It is a part of the paragraph else; GitHub makes a list of it."""
    found = [
        (name(page), line)
        for page in PAGES
        for before, line in paragraphs(page)
        if ITEM.match(line)
        and before.strip()
        and not before.startswith((" ", "|"))
        and not ITEM.match(before)
    ]
    assert found == []


def test_the_site_leads_to_every_page_that_the_index_lists() -> None:
    nav = set(
        re.findall(
            r": ([\w./-]+\.md)$|- ([\w./-]+\.md)$",
            (ROOT / "mkdocs.yml").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    led = {one or other for one, other in nav}
    there = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert led == {page for page in there if not page.startswith(NOT_IN_NAV)}
    assert led - {"README.md"} == set(LINK.findall((DOCS / "README.md").read_text("utf-8")))


def test_no_page_links_to_what_is_not_among_the_pages() -> None:
    """GitHub has the whole repository, the site the pages alone."""
    found = [
        (name(page), target)
        for page in DOCS.rglob("*.md")
        for target in re.findall(
            r"\]\((?!https?:)([^)#\s]+)", FENCE.sub("", page.read_text("utf-8"))
        )
        if not (page.parent / target).resolve().is_relative_to(DOCS)
    ]
    assert found == []


def test_pictures_are_there_small_and_told_in_words() -> None:
    for page in PAGES:
        for words, target in PICTURE.findall(page.read_text("utf-8")):
            file = page.parent / target
            assert file.is_file(), f"{name(page)}: {target}"
            assert file.stat().st_size < LIMIT, target
            assert len(words) > 20, f"{name(page)}: say what {target} shows"

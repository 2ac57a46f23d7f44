"""The API reference in a real browser: it tells the whole document, and calls can be tried."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect


def test_every_operation_is_told(page: Page, address: str) -> None:
    document = httpx.get(f"{address}/openapi.json").json()
    known = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    page.goto("/docs")
    page.locator(".operation").first.wait_for()
    heads = page.locator(".operation h3").all()
    told = {tuple(it.inner_text().split()) for it in heads}
    assert told == known
    assert page.locator("#index a").count() == len(known)


def test_fields_of_bodies_and_answers_unfold(page: Page) -> None:
    page.goto("/docs")
    detect = page.locator("#detect")
    detect.locator("summary", has_text="Body").click()
    expect(detect.locator(".fields code", has_text="contentType")).to_be_visible()
    options = detect.locator("li", has=page.get_by_text("options", exact=True))
    options.locator("summary").first.click()
    expect(options.locator("code", has_text="threshold")).to_be_visible()
    detect.locator("summary", has_text="200").click()
    expect(detect.locator("code", has_text="requestId")).to_be_visible()


def test_a_call_is_tried(page: Page) -> None:
    page.goto("/docs")
    detect = page.locator("#detect")
    detect.locator("summary", has_text="Try it").click()
    detect.get_by_label("Body").fill('{"content": "hello"}')
    detect.get_by_role("button", name="Send").click()
    expect(detect.locator(".answer .status")).to_have_text("200")
    expect(detect.locator(".answer pre")).to_contain_text('"verdict": "benign"')
    detect.get_by_label("Body").fill('{"content": "hello", "<b>colour</b>": 1}')
    detect.get_by_role("button", name="Send").click()
    expect(detect.locator(".answer .status")).to_have_text("422")
    expect(detect.locator(".answer pre")).to_contain_text("<b>colour</b>")


def test_the_filter_finds_by_path_and_word(page: Page) -> None:
    page.goto("/docs")
    page.locator(".operation").first.wait_for()
    page.get_by_label("Filter operations").fill("post detect batch")
    expect(page.locator(".operation:visible")).to_have_count(1)
    expect(page.locator("#matches")).to_have_text("1 operation")
    page.get_by_label("Filter operations").fill("zebra")
    expect(page.locator(".operation:visible")).to_have_count(0)
    expect(page.locator(".group:visible")).to_have_count(0)

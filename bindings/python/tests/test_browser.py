"""test_browser.py - the page in Chromium, as a person meets it.

SCREENSHOT=FILE also takes the picture of docs/ (`make python-screenshot`).
"""
import os
import re
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("datasette")
pytest.importorskip("selenium.webdriver")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

QUESTION = "Who was Nikola Tesla?"
ANSWER = "a Serbian American inventor"
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--window-size=1000,760"]


@pytest.fixture(scope="module")
def site(demo):
    """A Datasette that serves the demo; its address."""
    with subprocess.Popen(
            [sys.executable, "-m", "datasette", "serve", demo, "--port", "0",
             "--setting", "sql_time_limit_ms", "20000"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True) as server:
        for line in server.stdout:
            found = re.search(r"running on (http://\S+)", line)
            if found:
                break
        else:
            pytest.fail("datasette did not start")
        yield found[1]
        server.terminate()


@pytest.fixture
def browser(tmp_path):
    for name in ("chromium", "chromedriver"):
        if not shutil.which(name):
            pytest.skip(f"no {name} (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in [*QUIET, f"--user-data-dir={tmp_path}/profile"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(
        shutil.which("chromedriver")))
    yield driver
    driver.quit()


def wait(browser, what, *how):
    return WebDriverWait(browser, 30).until(lambda b: what(*how))


def check_answer(browser):
    """The question is asked; the answer is marked and seen."""
    box = browser.find_element(By.NAME, "q")
    box.send_keys(QUESTION)
    box.submit()
    mark = wait(browser, browser.find_element, By.TAG_NAME, "mark")
    assert mark.is_displayed() and mark.text == ANSWER
    passage = mark.find_element(By.XPATH, "..").text
    assert passage.startswith("Nikola Tesla (") and ANSWER in passage


def click(element):
    element.parent.execute_script("arguments[0].scrollIntoView()", element)
    element.click()


def open_table(browser, site):
    browser.get(f"{site}/demo/docs")


def errors(browser):
    return [entry for entry in browser.get_log("browser")
            if entry["level"] == "SEVERE" and "favicon" not in entry["message"]]


def test_table_action(browser, site):
    open_table(browser, site)
    click(browser.find_element(By.CSS_SELECTOR, "details.actions-menu-links"))
    click(wait(browser, browser.find_element, By.LINK_TEXT,
               "Ask this table\nAnswers to a question, out of its texts."))
    wait(browser, browser.find_element, By.NAME, "q")
    check_answer(browser)
    if os.environ.get("SCREENSHOT"):
        assert browser.save_screenshot(os.environ["SCREENSHOT"])
    click(browser.find_element(By.LINK_TEXT, "docs 20"))
    wait(browser, lambda: browser.current_url.endswith("/demo/docs/20"))
    assert errors(browser) == []


def column_menu(browser, column):
    """The items of a column's menu, by what they say."""
    head = browser.find_element(By.CSS_SELECTOR, f'th[data-column="{column}"]')
    click(head.find_element(By.CSS_SELECTOR, "svg"))
    menu = wait(browser, browser.find_element, By.CSS_SELECTOR,
                ".dropdown-menu ul.dropdown-actions, .dropdown-menu ul")
    return {a.text: a for a in browser.find_elements(
        By.CSS_SELECTOR, ".dropdown-menu a") if a.is_displayed()} or menu


def test_column_action(browser, site):
    label = "Answer a question from this column"
    open_table(browser, site)
    assert label not in column_menu(browser, "id")
    open_table(browser, site)
    click(column_menu(browser, "body")[label])
    wait(browser, lambda: "/-/ask?column=body" in browser.current_url)
    chosen = browser.find_element(By.CSS_SELECTOR, "option:checked")
    assert chosen.text == "body"
    check_answer(browser)
    assert "column=body" in browser.current_url
    assert errors(browser) == []

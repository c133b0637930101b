"""test_datasette.py - the plugin, through Datasette's own client.

Runs with Datasette 1.0 and, in the environment `stable`, with 0.65.  Each test
is one event loop: its steps are awaited by ask() and get().
"""
import asyncio
import re
import sqlite3
import time

import pytest

pytest.importorskip("datasette")
from datasette.app import Datasette  # noqa: E402
from datasette.version import __version__ as version  # noqa: E402

NEW = not version.startswith("0.")
QUESTION = "Who was Nikola Tesla?"
ANSWER = "a Serbian American inventor"
PATH = "/demo/docs/-/ask"


def serve(files, immutables=(), **more):
    """The plugin comes by its entry point, as it does for users."""
    return Datasette([str(f) for f in files],
                     immutables=[str(f) for f in immutables], **more)


def get(datasette, path, **params):
    async def run():
        await datasette.invoke_startup()
        return await datasette.client.get(path, params=params)
    return asyncio.run(run())


def ask(datasette, question=QUESTION, path=PATH + ".json", **params):
    return get(datasette, path, q=question, **params).json()


@pytest.fixture
def server(demo, plain):
    return serve([demo], [plain])


def make(path, *statements):
    conn = sqlite3.connect(path)
    for sql in statements:
        conn.execute(sql)
    conn.commit()
    conn.close()
    return path


# --- Answers ----------------------------------------------------------------

def test_page(server):
    page = get(server, PATH, q=QUESTION)
    assert page.status_code == 200
    assert f"<mark>{ANSWER}</mark>, electrical engineer" in page.text
    assert 'href="/demo/docs/20"' in page.text
    assert get(server, "/demo/docs/20").status_code == 200


def test_page_without_question(server):
    page = get(server, PATH)
    assert page.status_code == 200 and "<mark>" not in page.text
    assert "<option>body</option>" in page.text
    assert "<option>id</option>" not in page.text


def test_json(server):
    found = ask(server)
    assert found["ok"] is True and found["question"] == QUESTION
    best = found["answers"][0]
    assert best["answer"] == ANSWER and best["key"] == 20
    assert best["passage"][best["start"]:best["end"]] == ANSWER
    assert best["row"] == "/demo/docs/20"
    assert found == ask(server, path=PATH, _format="json")


def test_same_bits_as_the_shell(server, shell):
    expected = shell("SELECT key, answer, printf('%!.17g', score) FROM "
                     f"distilbert_ask('{QUESTION}', 'docs_fts', 5)")
    for database in ("demo", "plain"):
        found = ask(server, path=f"/{database}/docs/-/ask.json", top=5)
        assert expected == [[str(a["key"]), a["answer"], f"{a['score']:.17g}"]
                            for a in found["answers"]]


def test_column(server):
    found = ask(server, column="title")
    assert {a["passage"] for a in found["answers"]} == {"Nikola Tesla"}
    assert "<option selected>title</option>" in get(
        server, PATH, q=QUESTION, column="title").text


def test_no_answer(server):
    assert ask(server, "zqxj")["answers"] == []
    page = get(server, PATH, q="zqxj")
    assert page.status_code == 200 and "shares a word" in page.text


@pytest.mark.parametrize("params", [
    {"column": "nix"}, {"top": "0"}, {"top": "51"}, {"top": "x"},
    {"passages": "1000"}, {"question": "tesla was " * 999}])
def test_bad_requests(server, params):
    question = params.pop("question", QUESTION)
    page = get(server, PATH + ".json", q=question, **params)
    assert page.status_code == 400 and page.json()["ok"] is False
    assert page.json()["error"] and page.json()["answers"] == []
    page = get(server, PATH, q=question, **params)
    assert page.status_code == 400 and "message-error" in page.text


@pytest.mark.parametrize("path", ["/nix/docs/-/ask", "/demo/nix/-/ask",
                                  "/nix/docs/-/ask.json"])
def test_not_found(server, path):
    assert get(server, path, q=QUESTION).status_code == 404


# --- Tables of all kinds ----------------------------------------------------

def test_long_passages(tmp_path):
    """The page shows what is around the answer; JSON has all of it."""
    path = make(tmp_path / "long.db", "CREATE TABLE t(body TEXT)",
                "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 "
                "FROM n WHERE i < 500) INSERT INTO t SELECT group_concat("
                "'sand ' || i || ' and', ' ') || ' the moon was reached by "
                "Neil Armstrong. ' || group_concat('dust ' || i, ' ') FROM n")
    server = serve([path], settings={"sql_time_limit_ms": 30000})
    answer, = ask(server, "Who reached the moon?", "/long/t/-/ask.json"
                  )["answers"]
    assert answer["answer"] == "Neil Armstrong"
    assert len(answer["passage"]) > 10000
    page = get(server, "/long/t/-/ask", q="Who reached the moon?").text
    assert "... " in page and " by <mark>Neil Armstrong</mark>. dust 1 " in page
    assert "sand 2 " not in page and len(page) < 10000


def test_html_is_escaped(tmp_path):
    path = make(tmp_path / "odd.db",
                'CREATE TABLE "<b>/ t"("<i>" TEXT, PRIMARY KEY("<i>"))',
                """INSERT INTO "<b>/ t" VALUES ('<script>alert(1)</script> """
                """The moon & "sun" were reached by <u>Neil</u> Armstrong.')""")
    server = serve([path])
    url = server.urls.table("odd", "<b>/ t") + "/-/ask"
    page = get(server, url, q="Who reached the moon? <s>")
    assert page.status_code == 200 and "<mark>" in page.text
    for tag in ("<script>alert", "<b>/", "<i>", "<u>", "<s>"):
        assert tag not in page.text
    page = get(server, url, q="Who?", column="<em>")
    assert page.status_code == 400 and "<em>" not in page.text
    # The link to the row leads there.
    row = ask(server, "Who reached the moon?", url + ".json")["answers"][0]
    assert get(server, row["row"]).status_code == 200


def test_row_links(tmp_path):
    path = make(tmp_path / "keys.db",
                "CREATE TABLE a(k TEXT PRIMARY KEY, body TEXT)",
                "CREATE TABLE b(k TEXT, n INT, body TEXT, PRIMARY KEY(n, k)) "
                "WITHOUT ROWID",
                "CREATE TABLE c(body TEXT)",
                "CREATE VIEW d AS SELECT body FROM c",
                "INSERT INTO a VALUES ('x/y', 'The moon, by Neil Armstrong')",
                "INSERT INTO b VALUES ('x,y', 5, 'The moon, by Neil Armstrong')",
                "INSERT INTO c VALUES ('The moon, by Neil Armstrong')",
                "CREATE VIRTUAL TABLE e USING fts5(body, content='a')",
                "INSERT INTO e(e) VALUES ('rebuild')")
    server = serve([path])
    for table, key in (("a", "x/y"), ("b", [5, "x,y"]), ("c", 1), ("e", 1)):
        answer, = ask(server, "Who reached the moon?",
                      f"/keys/{table}/-/ask.json")["answers"]
        assert answer["answer"] == "Neil Armstrong" and answer["key"] == key
        assert get(server, answer["row"]).status_code == 200, answer
    answer, = ask(server, "Who reached the moon?", "/keys/d/-/ask.json"
                  )["answers"]
    assert answer["answer"] == "Neil Armstrong" and answer["row"] is None


def test_memory_database():
    server = serve([])
    db = server.add_memory_database("moon")

    async def fill():
        await server.invoke_startup()
        await db.execute_write("CREATE TABLE t(body TEXT)")
        await db.execute_write("INSERT INTO t VALUES ('The moon, by Neil "
                               "Armstrong')")
        found = await server.client.get("/moon/t/-/ask.json", params={
            "q": "Who reached the moon?"})
        return found.json()
    assert asyncio.run(fill())["answers"][0]["answer"] == "Neil Armstrong"


def test_table_written_to(demo, tmp_path):
    """A mutable database is asked as it is now."""
    path = make(tmp_path / "now.db", "CREATE TABLE t(body TEXT)",
                "INSERT INTO t VALUES ('The moon, by Neil Armstrong')")
    server = serve([path])
    url = "/now/t/-/ask.json"
    assert ask(server, "Who was on the moon?", url)["answers"]
    make(path, "UPDATE t SET body = 'The moon, by Buzz Aldrin'")
    assert ask(server, "Who was on the moon?", url)["answers"][0][
        "answer"] == "Buzz Aldrin"


# --- What is not allowed ----------------------------------------------------

def with_rules(demo, rules):
    name = "config" if NEW else "metadata"
    return serve([demo], **{name: {"databases": {"demo": {"tables": {
        "docs": rules}}}}})


def test_permissions(demo):
    server = with_rules(demo, {"allow": {"id": "root"}})
    for url in (PATH, PATH + ".json"):
        assert get(server, url, q=QUESTION).status_code == 403
    cookie = server.sign({"a": {"id": "root"}}, "actor")

    async def as_root():
        await server.invoke_startup()
        return await server.client.get(PATH, params={"q": QUESTION},
                                       cookies={"ds_actor": cookie})
    page = asyncio.run(as_root())
    assert page.status_code == 200 and ANSWER in page.text


def test_sql_of_strangers(server):
    """Functions work in SQL; what runs SQL or opens paths is not there."""
    url = "/demo/-/query.json" if NEW else "/demo.json"

    def rows(sql):
        return get(server, url, sql=sql, _shape="arrays")
    found = rows("select distilbert_answer('Who wrote?', 'Ada wrote it.')")
    assert found.json()["rows"] == [["Ada"]]
    for sql in ("select * from distilbert_ask('who', 'docs_fts')",
                "select * from distilbert_embed_each('select 1, 2')",
                "select distilbert_register('a', '/etc')",
                "select distilbert_set('threads', '1')",
                "select load_extension('/nowhere')"):
        found = rows(sql)
        assert found.status_code == 400
        assert re.search("no such|not authorized", found.text), found.text
    ask(server)  # in a connection of its own, so still not
    assert rows("select distilbert_set('threads', '1')").status_code == 400


def test_write_connection_is_safe(server):
    """Also behind sqlite-utils, whose plugin would load everything."""
    def look(conn):
        try:
            import sqlite_utils
            sqlite_utils.Database(conn)
        except ImportError:
            pass
        return conn.execute("SELECT count(*) FROM pragma_function_list WHERE "
                            "name = 'distilbert_set'").fetchone()[0]

    async def run():
        await server.invoke_startup()
        return await server.get_database("demo").execute_write_fn(look)
    assert asyncio.run(run()) == 0


def test_schema_is_not_trusted(tmp_path):
    """A view of a stranger's file calls none of ours where it is asked."""
    path = make(tmp_path / "view.db", "CREATE VIEW t(body) AS SELECT "
                "distilbert_answer('Who?', 'Ada wrote it to the moon.')")
    page = get(serve([path]), "/view/t/-/ask.json", q="Who? Ada")
    assert page.status_code == 400 and "unsafe use" in page.json()["error"]


HOSTILE = [
    ("CREATE VIRTUAL TABLE t USING fts5(name, path, "
     "content='distilbert_models', content_rowid='layers')",
     "INSERT INTO t(rowid, name, path) VALUES (6, 'model path', 'path')"),
    ("CREATE VIRTUAL TABLE t USING fts5(key, value, "
     "content='distilbert_config', content_rowid='value')",
     "INSERT INTO t(rowid, key, value) VALUES (512, 'model path', 'path')"),
    ("CREATE VIEW t AS SELECT name || ' model path' AS body FROM "
     "distilbert_models",)]


@pytest.mark.parametrize("statements", HOSTILE)
def test_hostile_files(tmp_path, statements):
    """Nothing of the process is read through them."""
    path = tmp_path / "hostile.db"
    make(path, *statements)
    page = get(serve([path]), "/hostile/t/-/ask.json", q="model path")
    assert page.status_code == 400, page.text
    assert "minilm" not in page.text and "cache_entries" not in page.text


def test_nothing_is_written(demo):
    """Not to a database in memory, either, which SQLite has no lock for."""
    from sqlite_distilbert import datasette_plugin
    server = serve([])
    db = server.add_memory_database("notes")

    async def run():
        await server.invoke_startup()
        await db.execute_write("CREATE TABLE t(body TEXT)")
        conn = datasette_plugin.connect(server, db)
        for sql in ("INSERT INTO t VALUES ('x')", "DELETE FROM t",
                    "DROP TABLE t", "ATTACH ':memory:' AS other",
                    "SELECT path FROM distilbert_models",
                    "SELECT distilbert_set('threads', '1')"):
            with pytest.raises(sqlite3.DatabaseError,
                               match="not auth|prohibited"):
                conn.execute(sql)
        conn.close()
    asyncio.run(run())


def test_time_limit(tmp_path):
    """Also of the search: here it is the temporary index that takes long."""
    path = make(tmp_path / "big.db", "CREATE TABLE t AS WITH RECURSIVE n(i) AS "
                "(VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
                "SELECT 'word ' || i || ' of many' AS body FROM n")
    server = serve([path], settings={"sql_time_limit_ms": 200})
    page = get(server, "/big/t/-/ask.json", q="Which word?")
    assert page.status_code == 400
    assert "sql_time_limit_ms" in page.json()["error"]


def test_time_limit_stops_reading(tmp_path):
    """Not only the search: the model is stopped as well."""
    path = make(tmp_path / "long.db", "CREATE VIRTUAL TABLE t USING "
                "fts5(body)", "WITH RECURSIVE w(t) AS (SELECT 'the moon and "
                "the sun, ' UNION ALL SELECT t || t FROM w WHERE length(t) < "
                "2000000) INSERT INTO t SELECT t FROM w WHERE length(t) > "
                "1000000")
    server = serve([path], settings={"sql_time_limit_ms": 300})
    start = time.monotonic()
    page = get(server, "/long/t/-/ask.json", q="Who reached the moon?")
    assert page.status_code == 400
    assert "sql_time_limit_ms" in page.json()["error"]
    assert time.monotonic() - start < 3


def test_event_loop_is_free(demo):
    """While three questions are answered, a page of Datasette's comes back."""
    server = serve([demo], settings={"sql_time_limit_ms": 30000})

    async def run():
        await server.invoke_startup()
        await server.client.get("/-/versions.json")
        asks = [asyncio.ensure_future(server.client.get(
            PATH, params={"q": f"{QUESTION} {i}", "passages": 50}))
            for i in range(3)]
        await asyncio.sleep(0.01)
        await server.client.get("/-/versions.json")
        waiting = sum(not task.done() for task in asks)
        return waiting, [r.status_code for r in await asyncio.gather(*asks)]
    waiting, codes = asyncio.run(run())
    assert waiting > 0 and codes == [200] * 3


# --- Where it is linked -----------------------------------------------------

def test_table_page(server):
    page = get(server, "/demo/docs").text
    assert f'href="{PATH}"' in page and "Ask this table" in page
    assert "static-plugins/sqlite-distilbert/ask.js" in page
    assert "ask.js" not in get(server, "/demo").text
    script = get(server, "/-/static-plugins/sqlite-distilbert/ask.js")
    assert script.status_code == 200 and "makeColumnActions" in script.text


def test_base_url(demo):
    server = serve([demo], settings={"base_url": "/data/"})
    page = get(server, PATH, q=QUESTION).text
    assert 'action="/data/demo/docs/-/ask"' in page
    assert 'href="/data/demo/docs/20"' in page


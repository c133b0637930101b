"""insql.py - the peers that are functions of SQLite, this project among them.

Same interface as in runtimes.py, but they take texts and give a vector a text,
mean-pooled: tokenizing is part of what is timed.  One text is one SELECT with a
bound parameter; a table of them is one SELECT over docs(id, body).
"""
import sqlite3
import sysconfig

import numpy

from places import HOME, ONLY_FASTTEXTEMBED, ROOT

# llama.cpp's types for ours
GGUF = {"fp32": "f32", "int8": "q8_0"}
PACKAGES = sysconfig.get_paths()["purelib"]


class Sql:
    takes = "texts"
    many = None  # a SELECT of id and vector; None: one call a row
    how = "one call a row"

    def __init__(self, extension):
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.enable_load_extension(True)
        self.db.execute("SELECT load_extension(?)", (str(extension),))
        self.db.execute("CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT)")

    def tell_version(self, function):
        own = self.db.execute(f"SELECT {function}()").fetchone()[0]
        self.version = f"{own}, SQLite {sqlite3.sqlite_version}"

    def feed(self, rows):
        return rows

    def run(self, feed):
        return [self.db.execute(f"SELECT {self.one.format('?')}",
                                (text,)).fetchone()[0] for text in feed]

    def array(self, out):
        if None in out:
            raise ValueError("NULL instead of a vector")
        return numpy.stack([numpy.frombuffer(v, "<f4") for v in out])

    def store(self, texts):
        self.db.execute("DELETE FROM docs")
        self.db.executemany("INSERT INTO docs(body) VALUES (?)",
                            [(text,) for text in texts])

    def bulk(self, n):
        query = f"SELECT id, body FROM docs WHERE id <= {n}"
        sql = self.many or f"SELECT id, {self.one.format('body')} FROM ({{}})"
        rows = self.db.execute(sql.format(query)).fetchall()
        return self.array([vector for _, vector in sorted(rows)])


class This(Sql):
    """distilbert.so.  Nothing is kept between calls: every text is computed."""

    def __init__(self, model, dtype, threads):
        super().__init__(ROOT / "distilbert")
        self.tell_version("distilbert_version")
        for key, value in [("threads", threads), ("cache_entries", 0)]:
            self.db.execute("SELECT distilbert_set(?, ?)", (key, str(value)))
        options = '{"pooling": "cls"}' if model == ONLY_FASTTEXTEMBED else "{}"
        self.db.execute("SELECT distilbert_register('peer', ?, ?, ?)",
                        (str(HOME / "models" / model), dtype, options))
        self.one = "distilbert_embed({}, 'peer')"
        if self.has("distilbert_embed_each"):
            self.how = "distilbert_embed_each"
            self.many = ("SELECT key, embedding FROM distilbert_embed_each("
                         "'{}') WHERE model = 'peer'")

    def has(self, table):
        return self.db.execute("SELECT count(*) FROM pragma_module_list "
                               "WHERE name = ?", (table,)).fetchone()[0]


class SqliteAi(Sql):
    """sqlite-ai.  Its context is told how many threads a batch may use: left
    alone it starts four, which fight for fewer cores."""
    one = "llm_embed_generate({})"

    def __init__(self, model, dtype, threads):
        super().__init__(f"{PACKAGES}/sqliteai/binaries/cpu/ai")
        self.tell_version("ai_version")
        self.db.execute("SELECT llm_model_load(?, 'gpu_layers=0')",
                        (f"{HOME}/gguf/{model}.{GGUF[dtype]}.gguf",))
        self.db.execute("SELECT llm_context_create_embedding(?)", (
            "embedding_type=FLOAT32,n_ctx=512,n_batch=512,n_ubatch=512,"
            f"n_threads={threads},n_threads_batch={threads}",))


class Lembed(Sql):
    """sqlite-lembed.  It has no setting for threads: always four."""
    one = "lembed({})"

    def __init__(self, model, dtype, threads):
        super().__init__(f"{PACKAGES}/sqlite_lembed/lembed0")
        self.tell_version("lembed_version")
        self.db.execute(
            "INSERT INTO temp.lembed_models(name, model) "
            "SELECT 'default', lembed_model_from_file(?)",
            (f"{HOME}/gguf/{model}.{GGUF[dtype]}.gguf",))


PEERS = {"this": This, "sqlite-ai": SqliteAi, "sqlite-lembed": Lembed}

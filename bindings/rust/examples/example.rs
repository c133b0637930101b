//! example PATH - one question, with the extension loaded from PATH.

use rusqlite::{Connection, Result};

fn main() -> Result<()> {
    let path = std::env::args().nth(1).expect("the path of distilbert.so");
    let conn = Connection::open_in_memory()?;
    distilbert::load(&conn, path)?;
    let answer: String = conn.query_row(
        "SELECT distilbert_answer(?1, ?2)",
        [
            "Who wrote it?",
            "The first program was written by Ada Lovelace in 1843.",
        ],
        |row| row.get(0),
    )?;
    println!("{answer}");
    Ok(())
}

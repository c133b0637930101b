//! rows FILE - prints the rows of each statement in FILE, as the sqlite3 shell
//! does in .mode quote.  For the tests; the feature `static` links the extension
//! in, otherwise it is loaded from $LIBRARY.

use rusqlite::{types::ValueRef, Connection, Error, Result};

#[cfg(feature = "static")]
fn open() -> Result<Connection> {
    distilbert::auto()?;
    Connection::open_in_memory()
}

#[cfg(not(feature = "static"))]
fn open() -> Result<Connection> {
    let conn = Connection::open_in_memory()?;
    distilbert::load(&conn, std::env::var("LIBRARY").expect("LIBRARY"))?;
    Ok(conn)
}

fn quoted(value: ValueRef) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            format!("'{}'", text.replace('\'', "''"))
        }
        ValueRef::Blob(bytes) => {
            let hex: String =
                bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("X'{hex}'")
        }
    }
}

fn print_rows(conn: &Connection, sql: &str) -> Result<()> {
    let mut statement = conn.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let texts: Result<Vec<String>> =
            (0..columns).map(|i| Ok(quoted(row.get_ref(i)?))).collect();
        println!("{}", texts?.join(","));
    }
    Ok(())
}

/// SQLite's own sentence, without what rusqlite says beside it.
fn message(error: Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(message)) => message,
        Error::SqlInputError { msg, .. } => msg,
        other => other.to_string(),
    }
}

fn main() -> Result<()> {
    let file = std::env::args().nth(1).expect("a file of statements");
    let text = std::fs::read_to_string(file).expect("readable");
    let conn = open()?;
    for sql in text.lines() {
        if sql.is_empty() || sql.starts_with("--") {
            continue;
        }
        if let Err(error) = print_rows(&conn, sql) {
            println!("error: {}", message(error));
        }
    }
    Ok(())
}

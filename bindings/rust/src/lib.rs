//! Gives connections of rusqlite the functions of distilbert.
//!
//! Loaded, from a file:
//!
//! ```no_run
//! let conn = rusqlite::Connection::open("docs.db")?;
//! distilbert::load(&conn, "./distilbert.so")?;
//! # Ok::<(), rusqlite::Error>(())
//! ```
//!
//! or linked in, with the feature `static`: `distilbert::auto()?` before
//! connections are opened.

use rusqlite::{Connection, LoadExtensionGuard, Result};
use std::path::Path;

/// The entry points: everything, or only what SQL of strangers may use.
pub const ENTRY_POINT: &str = "sqlite3_distilbert_init";
pub const SAFE_ENTRY_POINT: &str = "sqlite3_distilbertsafe_init";

/// Loads the extension at `path` into a connection, whose SQL is as unable to
/// load extensions afterwards as it was before.
pub fn load(conn: &Connection, path: impl AsRef<Path>) -> Result<()> {
    load_entry(conn, path, ENTRY_POINT)
}

/// The same by one of the entry points.
pub fn load_entry(
    conn: &Connection,
    path: impl AsRef<Path>,
    entry_point: &str,
) -> Result<()> {
    // Sound if the library is what it says it is: the caller's choice of path.
    unsafe {
        let _guard = LoadExtensionGuard::new(conn)?;
        conn.load_extension(path.as_ref(), Some(entry_point))
    }
}

#[cfg(feature = "static")]
mod linked {
    use rusqlite::{ffi, Error, Result};
    use std::os::raw::{c_char, c_int};

    extern "C" {
        fn sqlite3_distilbert_init(
            db: *mut ffi::sqlite3,
            message: *mut *mut c_char,
            api: *const ffi::sqlite3_api_routines,
        ) -> c_int;
    }

    /// Gives the extension to every connection that is opened from now on.
    pub fn auto() -> Result<()> {
        let code = unsafe {
            ffi::sqlite3_auto_extension(Some(sqlite3_distilbert_init))
        };
        match code {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(Error::SqliteFailure(ffi::Error::new(code), None)),
        }
    }
}

#[cfg(feature = "static")]
pub use linked::auto;

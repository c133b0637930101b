// Package distilbert loads the extension into connections of mattn/go-sqlite3.
//
//	distilbert.Register("sqlite3_distilbert", "./distilbert.so")
//	db, err := sql.Open("sqlite3_distilbert", "docs.db")
//
// Package static, beside it, links the extension in instead.
package distilbert

import (
	"database/sql"

	"github.com/mattn/go-sqlite3"
)

// Entry points: everything, or only what SQL of strangers may use.
const (
	EntryPoint     = "sqlite3_distilbert_init"
	SafeEntryPoint = "sqlite3_distilbertsafe_init"
)

// Load loads the extension at path into one connection: for a ConnectHook of
// your own.
func Load(conn *sqlite3.SQLiteConn, path string) error {
	return conn.LoadExtension(path, EntryPoint)
}

// Register registers a driver of database/sql, whose connections all have the
// extension at path.  A name that is taken already panics, as sql.Register does.
func Register(name, path string) {
	sql.Register(name, &sqlite3.SQLiteDriver{
		ConnectHook: func(conn *sqlite3.SQLiteConn) error {
			return Load(conn, path)
		},
	})
}

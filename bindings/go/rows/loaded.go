//go:build !static

package main

import (
	"database/sql"
	"os"

	distilbert "sqlite-distilbert/bindings/go"
)

func open() (*sql.DB, error) {
	distilbert.Register("sqlite3_distilbert", os.Getenv("LIBRARY"))
	return sql.Open("sqlite3_distilbert", ":memory:")
}

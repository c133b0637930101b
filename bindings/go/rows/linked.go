//go:build static

package main

import (
	"database/sql"

	"sqlite-distilbert/bindings/go/static"
)

func open() (*sql.DB, error) {
	if err := static.Auto(); err != nil {
		return nil, err
	}
	return sql.Open("sqlite3", ":memory:")
}

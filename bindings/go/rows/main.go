// rows FILE - prints the rows of each statement in FILE, as the sqlite3 shell
// does in .mode quote.  For the tests; the tag `static` links the extension in,
// otherwise it is loaded from $LIBRARY.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"os"
	"strings"
)

func quoted(value any) string {
	switch v := value.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case []byte:
		return fmt.Sprintf("X'%x'", v)
	default:
		return fmt.Sprint(v)
	}
}

func printRows(db *sql.DB, statement string) error {
	rows, err := db.Query(statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	places := make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = quoted(value)
		}
		fmt.Println(strings.Join(texts, ","))
	}
	return rows.Err()
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	db, err := open()
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1) // each connection has a :memory: of its own
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		if err := printRows(db, line); err != nil {
			fmt.Println("error:", err)
		}
	}
}

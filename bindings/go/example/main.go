// example PATH - one question, with the extension loaded from PATH.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"os"

	distilbert "sqlite-distilbert/bindings/go"
)

func main() {
	distilbert.Register("sqlite3_distilbert", os.Args[1])
	db, err := sql.Open("sqlite3_distilbert", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	var answer string
	err = db.QueryRow("SELECT distilbert_answer(?, ?)", "Who wrote it?",
		"The first program was written by Ada Lovelace in 1843.").Scan(&answer)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}

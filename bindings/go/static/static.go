// Package static links the extension into the program.
//
//	static.Auto()
//	db, err := sql.Open("sqlite3", "docs.db")
//
// The library is libdistilbert.a of `make install`; elsewhere than in the
// linker's own folders, CGO_LDFLAGS=-L... says where.  It was compiled with
// SQLITE_CORE: it calls sqlite3_* by name, and gets those of mattn/go-sqlite3,
// which brings SQLite along.
package static

/*
#cgo LDFLAGS: -ldistilbert -lcjson -lutf8proc -lm -ldl -pthread

int sqlite3_auto_extension(void (*entry)(void));
int sqlite3_cancel_auto_extension(void (*entry)(void));
int sqlite3_distilbert_init(void *db, char **message, const void *api);

static int automatic(void) {
  return sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
}

static int cancel(void) {
  return sqlite3_cancel_auto_extension((void (*)(void))sqlite3_distilbert_init);
}
*/
import "C"

import (
	"github.com/mattn/go-sqlite3"
)

// Auto gives the extension to every connection that is opened from now on.
func Auto() error {
	if rc := C.automatic(); rc != 0 {
		return sqlite3.ErrNo(rc)
	}
	return nil
}

// Cancel ends what Auto began; connections keep what they have.
func Cancel() {
	C.cancel()
}

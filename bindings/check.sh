# check.sh - what the tests of the bindings have in common.
#
# Each bindings/NAME/test is a shell script that reads this file, and is run by
# `make bindings-test` in the repository's root, with
#
#   LIBRARY   the path of distilbert.so
#   STATIC    the folder of libdistilbert.a
#   OUT       build/bindings: all that tests make or fetch goes there
#   EXPECTED  what the sqlite3 shell says to queries.sql
#
# and the binding's name as its argument.  It builds the binding as its README
# says, compares what programs print with EXPECTED, and ends with `finish`:
# "N passed, N failed, N skipped".  What lacks a toolchain or a registry is
# skipped, with the reason; what does not build, or prints another byte, has
# failed.

set -u
name=$1
work=$OUT/$name
passed=0 failed=0 skipped=0
mkdir -p "$work"

# skip WHAT WHY
skip() {
  echo "skipped: $name: $1: $2"
  skipped=$((skipped + 1))
}

# Ends the test where a command is not there.
need() {
  for command in "$@"; do
    command -v "$command" >/dev/null || {
      skip all "no $command here"
      finish
    }
  done
}

# check WHAT COMMAND...: must end with status 0.
check() {
  what=$1
  shift
  if "$@" >"$work/log" 2>&1 </dev/null; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $name: $what"
    tail -n 20 "$work/log"
    return 1
  fi
}

# same WHAT FILE COMMAND...: must print the bytes of FILE.
same() {
  what=$1 wanted=$2
  shift 2
  if "$@" >"$work/printed" 2>"$work/log" </dev/null &&
    cmp "$work/printed" "$wanted" >>"$work/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $name: $what"
    diff "$work/printed" "$wanted" | cut -c1-200 | head -n 20
    tail -n 20 "$work/log"
    return 1
  fi
}

# The README's answer, and all queries.
same_answer() {
  what=$1
  shift
  echo 'Ada Lovelace' >"$work/answer"
  same "$what, example" "$work/answer" "$@"
}

same_rows() {
  what=$1
  shift
  same "$what, queries" "$EXPECTED" "$@" bindings/queries.sql
}

# fetch WHAT COMMAND...: what a registry gives; where it gives nothing that is
# a skip, and this returns 1.
fetch() {
  what=$1
  shift
  "$@" >"$work/fetched" 2>&1 </dev/null && return
  why=$(grep -i -m 1 error "$work/fetched" || tail -n 1 "$work/fetched")
  skip "$what" "not fetched: $why"
  return 1
}

finish() {
  printf '%s passed, %s failed' $passed $failed
  [ $skipped -eq 0 ] || printf ', %s skipped' $skipped
  echo
  [ $failed -eq 0 ]
  exit
}

-- The runner itself, with SQL that needs no model.

CREATE TABLE t(a, b);
INSERT INTO t VALUES (1, 'x'), (NULL, x'00ff'), (2.5, 'a
b');

.testcase values
SELECT * FROM t;
.check <<END
1|x
NULL|x'00ff'
2.5|a
b
END

.testcase no rows
SELECT 1 WHERE 0;
.check

.testcase two statements
SELECT 1; SELECT 2, 3;
.check <<END
1
2|3
END

.testcase digits
.float 2
SELECT 2.0/3, 7, -0.001;
.check '0.67|7|-0.00'

.testcase all digits
.float
SELECT 0.5, 1e300;
.check '0.5|1.0e+300'

.testcase pattern
SELECT sqlite_version();
.glob 3.*

.testcase error
SELECT 1; SELECT missing;
.error no such column: missing

.testcase error at run time
SELECT abs(-9223372036854775808);
.error integer overflow

.testcase limit
.limit length 100
SELECT zeroblob(101);
.error string or blob too big

.testcase new connection
.open utf16
PRAGMA encoding; SELECT count(*) FROM sqlite_master;
.check <<END
UTF-16le
0
END

.testcase requirement
.require sqlite_version() > '3'
SELECT 'reached';
.check 'reached'

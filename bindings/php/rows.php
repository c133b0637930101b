<?php
// rows.php FILE - prints the rows of each statement in FILE, as the sqlite3
// shell does in .mode quote.  For the tests.
function quoted(SQLite3Result $rows, int $column, mixed $value): string
{
    return match ($rows->columnType($column)) {
        SQLITE3_NULL => 'NULL',
        SQLITE3_TEXT => "'" . str_replace("'", "''", $value) . "'",
        SQLITE3_BLOB => "X'" . bin2hex($value) . "'",
        default => (string) $value,
    };
}

function print_rows(SQLite3 $db, string $sql): void
{
    $rows = $db->query($sql);
    // A statement without rows was run by query(); fetching runs it again.
    if ($rows->numColumns() === 0) {
        return;
    }
    while ($row = $rows->fetchArray(SQLITE3_NUM)) {
        $values = [];
        foreach ($row as $column => $value) {
            $values[] = quoted($rows, $column, $value);
        }
        echo implode(',', $values), "\n";
    }
}

$db = new SQLite3(':memory:');
$db->enableExceptions(true);
$db->loadExtension('distilbert.so');
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $sql) {
    if ($sql === '' || str_starts_with($sql, '--')) {
        continue;
    }
    try {
        print_rows($db, $sql);
    } catch (Exception $error) {
        // PHP puts "Unable to execute statement: " before SQLite's sentence.
        echo 'error: ', preg_replace('/^Unable to [^:]*: /', '', $error->getMessage()), "\n";
    }
}

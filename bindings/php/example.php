<?php
// example.php - one question.  PHP loads extensions of SQLite by name, from
// sqlite3.extension_dir alone:
//
//     php -d sqlite3.extension_dir=/usr/local/lib example.php
$db = new SQLite3(':memory:');
$db->loadExtension('distilbert.so');
$ask = $db->prepare('SELECT distilbert_answer(?, ?)');
$ask->bindValue(1, 'Who wrote it?');
$ask->bindValue(2, 'The first program was written by Ada Lovelace in 1843.');
echo $ask->execute()->fetchArray()[0], "\n";

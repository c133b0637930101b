import Database from 'better-sqlite3';
import { load } from 'sqlite-distilbert';
const db = new Database(':memory:');
load(db);
console.log(db.prepare('SELECT distilbert_answer(?, ?)').pluck().get('Who wrote it?', 'The first program was written by Ada Lovelace in 1843.'));

# example.rb PATH - one question, with the extension loaded from PATH.
require 'sqlite3'

db = SQLite3::Database.new(':memory:')
db.enable_load_extension(true)
db.load_extension(ARGV[0])
db.enable_load_extension(false)
puts db.get_first_value('SELECT distilbert_answer(?, ?)',
                        ['Who wrote it?', 'The first program was written by Ada Lovelace in 1843.'])

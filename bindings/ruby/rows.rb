# rows.rb PATH FILE - prints the rows of each statement in FILE, as the sqlite3
# shell does in .mode quote.  For the tests.
require 'sqlite3'

def quoted(value)
  case value
  when nil then 'NULL'
  when String
    if value.encoding == Encoding::BINARY
      "X'#{value.unpack1('H*')}'"
    else
      "'#{value.gsub("'", "''")}'"
    end
  else value.to_s
  end
end

db = SQLite3::Database.new(':memory:')
db.enable_load_extension(true)
db.load_extension(ARGV[0])
File.foreach(ARGV[1], chomp: true, encoding: 'UTF-8') do |sql|
  next if sql.empty? || sql.start_with?('--')

  db.execute(sql) { |row| puts row.map { |value| quoted(value) }.join(',') }
rescue SQLite3::Exception => e
  # Newer versions of the gem add the statement, on lines of its own.
  puts "error: #{e.message.lines.first.chomp.delete_suffix(':')}"
end

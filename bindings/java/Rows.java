/*
 * Rows PATH FILE - prints the rows of each statement in FILE, as the sqlite3
 * shell does in .mode quote.  For the tests.
 */
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

public class Rows {
  private static final PrintStream out =
      new PrintStream(System.out, true, StandardCharsets.UTF_8);

  static String quoted(Object value) {
    if (value == null) {
      return "NULL";
    }
    if (value instanceof byte[] bytes) {
      return "X'" + HexFormat.of().formatHex(bytes) + "'";
    }
    if (value instanceof String text) {
      return "'" + text.replace("'", "''") + "'";
    }
    return value.toString();
  }

  static void print(ResultSet rows) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      List<String> values = new ArrayList<>();
      for (int i = 1; i <= columns; i++) {
        values.add(quoted(rows.getObject(i)));
      }
      out.println(String.join(",", values));
    }
  }

  /** SQLite's own sentence: the driver says "[SQLITE_ERROR] ... (sentence)". */
  static String sentence(SQLException error) {
    return error.getMessage().replaceFirst("(?s)^\\[.*?\\] .*?\\((.*)\\)$", "$1");
  }

  public static void main(String[] args) throws Exception {
    try (Connection db = DriverManager.getConnection("jdbc:sqlite::memory:")) {
      SqliteDistilbert.load(db, Path.of(args[0]));
      for (String sql : Files.readAllLines(Path.of(args[1]))) {
        if (sql.isEmpty() || sql.startsWith("--")) {
          continue;
        }
        try (Statement statement = db.createStatement()) {
          if (statement.execute(sql)) {
            print(statement.getResultSet());
          }
        } catch (SQLException error) {
          out.println("error: " + sentence(error));
        }
      }
    }
  }
}

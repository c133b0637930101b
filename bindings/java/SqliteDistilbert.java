/*
 * SqliteDistilbert.java - loads the extension into a connection of xerial's
 * sqlite-jdbc.
 *
 *     Connection db = DriverManager.getConnection("jdbc:sqlite:docs.db");
 *     SqliteDistilbert.load(db, Path.of("/usr/local/lib/distilbert.so"));
 *
 * A connection of a pool is unwrapped; each connection is given it anew.
 */
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.sqlite.SQLiteConnection;
import org.sqlite.core.DB;

public final class SqliteDistilbert {
  private SqliteDistilbert() {}

  /** Entry points: everything, or only what SQL of strangers may use. */
  public static final String ENTRY_POINT = "sqlite3_distilbert_init";

  public static final String SAFE_ENTRY_POINT = "sqlite3_distilbertsafe_init";

  /** Loads the library; afterwards SQL cannot load any, as it is by default. */
  public static void load(Connection connection, Path library)
      throws SQLException {
    load(connection, library, ENTRY_POINT);
  }

  public static void load(
      Connection connection, Path library, String entryPoint)
      throws SQLException {
    DB db = connection.unwrap(SQLiteConnection.class).getDatabase();
    db.enable_load_extension(true);
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT load_extension(?, ?)")) {
      statement.setString(1, library.toAbsolutePath().toString());
      statement.setString(2, entryPoint);
      statement.executeQuery().close();
    } finally {
      db.enable_load_extension(false);
    }
  }
}

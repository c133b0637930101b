/* Example PATH - one question, with the extension loaded from PATH. */
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

public class Example {
  public static void main(String[] args) throws Exception {
    try (Connection db = DriverManager.getConnection("jdbc:sqlite::memory:")) {
      SqliteDistilbert.load(db, Path.of(args[0]));
      PreparedStatement ask =
          db.prepareStatement("SELECT distilbert_answer(?, ?)");
      ask.setString(1, "Who wrote it?");
      ask.setString(
          2, "The first program was written by Ada Lovelace in 1843.");
      ResultSet row = ask.executeQuery();
      System.out.println(row.getString(1));
    }
  }
}

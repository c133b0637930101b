// ask.js - "Answer a question from this column" in the menu of a text column.
document.addEventListener("datasette_init", (event) => {
  event.detail.registerPlugin("sqlite-distilbert", {
    version: 1,
    makeColumnActions: (column) => {
      if (!/^$|CHAR|CLOB|TEXT/i.test(column.columnType || "")) {
        return [];
      }
      // The page is the table's: /DATABASE/TABLE, behind any base_url.
      const table = window.location.pathname.replace(/\/+$/, "");
      const name = encodeURIComponent(column.columnName);
      return [
        {
          label: "Answer a question from this column",
          href: `${table}/-/ask?column=${name}`,
        },
      ];
    },
  });
});

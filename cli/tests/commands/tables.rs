//! Tables, as people see them, and as spreadsheets do.

use super::run::{shared, steady};

#[test]
fn a_plan_and_its_keys_are_tables() {
    let dev = shared();
    let words = [
        "--description=For partners",
        "--rate-limit=10",
        "--burst-limit=20",
        "--quota=1000/DAY",
        "--api-stage=tabled:prod",
        "--units=tabled:prod/reports/{name}/GET=5",
        "--method-throttle=tabled:prod/orders/POST=1:2",
    ];
    dev.plan("tabled", &words);
    let key = dev.key(
        "Tabled",
        &[
            "--plan=tabled",
            "--customer-id=cus_tabled",
            "--expires-at=2099-01-01T00:00:00Z",
            "--metadata=tier=gold",
        ],
    );
    let disabled = ["--customer-id=cus_tabled", "--enabled=false"];
    dev.key("Tabled, with a name that is longer than most", &disabled);
    dev.run(&["keys", "show", &key]).printed();
    insta::assert_snapshot!(
        "plan",
        steady(dev.run(&["plans", "show", "tabled"]).printed())
    );
    insta::assert_snapshot!("key", steady(dev.run(&["keys", "show", &key]).printed()));
    let keys = ["keys", "list", "--customer-id", "cus_tabled"];
    insta::assert_snapshot!("keys", steady(dev.run(&keys).printed()));
    let mut narrow = dev.command(&keys);
    narrow.env("COLUMNS", "80");
    let narrow = super::run::run_with(narrow, "");
    assert!(
        narrow
            .printed()
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
    insta::assert_snapshot!("keys_in_80_columns", steady(narrow.printed()));
    insta::assert_snapshot!(
        "plan_keys",
        steady(dev.run(&["plans", "keys", "tabled"]).printed())
    );
    let plans = dev.run(&["plans", "list", "--limit", "2"]);
    insta::assert_snapshot!("plans", steady(plans.printed()));
    let plans = dev.run(&["plans", "list", "--limit", "2", "--output", "csv"]);
    insta::assert_snapshot!("plans_csv", plans.printed().replace('\r', ""));
}

#[test]
fn json_is_the_answer_as_it_came() {
    let dev = shared();
    dev.plan("json", &["--rate-limit=0.5"]);
    let came = dev.get("/admin/v1/plans/json", &[]).body;
    let shown = dev.run(&["plans", "show", "json", "--output", "json"]);
    let lines = shown.printed().lines().map(str::trim_start);
    assert_eq!(lines.collect::<String>().replace("\": ", "\":"), came);
}

#[test]
fn no_cell_is_a_formula() {
    let dev = shared();
    dev.key("=1+2", &["--customer-id", "cus_formula"]);
    let told = dev.run(&["keys", "list", "--customer-id", "cus_formula", "-ocsv"]);
    assert!(told.printed().contains(",'=1+2,"), "{told:?}");
    let told = dev.run(&["keys", "list", "--customer-id", "cus_formula"]);
    assert!(told.printed().contains(" =1+2 "), "{told:?}");
}

//! docs/scale.md.

use std::fmt::Write as _;

use latchkey_domain::{Invalid, Rate, Throttle};

use super::{
    figures::Figure,
    grid,
    measures::Measures,
    parallel::in_parallel,
    quota::{QuotaUse, QuotaUsed},
    scenario::{Leaving, Scenario},
    simulation::simulate,
};

const INTRODUCTION: &str = include_str!("text/introduction.md");
const HEAD: &str = "| instances | keys | calls/s | rate | burst | writes a call | calls without DynamoDB | wrongly refused | unavailable | hottest item: writes/s, mean (peak second) |";
const QUOTA_HEAD: &str = "| quota | instances | calls/s | what happens | never used, mean | worst | runs | over | writes a unit |";

/// A table of traffic: its heading, what it shows, its scenarios.
type Part = (
    &'static str,
    &'static str,
    fn() -> Result<Vec<Scenario>, Invalid>,
);

const PARTS: [Part; 7] = [
    (
        "One key, normal traffic",
        include_str!("text/one_key.md"),
        grid::one_key,
    ),
    (
        "Many keys of one plan",
        include_str!("text/many_keys.md"),
        grid::many_keys,
    ),
    (
        "One call at a time",
        include_str!("text/one_at_a_time.md"),
        grid::one_at_a_time,
    ),
    ("Small bursts", include_str!("text/bursts.md"), grid::bursts),
    (
        "More calls than the rate",
        include_str!("text/overload.md"),
        grid::overload,
    ),
    ("Starts", include_str!("text/starts.md"), grid::starts),
    (
        "More writes than an item takes",
        include_str!("text/beyond.md"),
        grid::beyond,
    ),
];

/// The whole page.
///
/// # Errors
/// [`Invalid`] for a scenario that no plan may have.
pub(super) fn page(figures: &[Figure], threads: usize) -> Result<String, Invalid> {
    let mut page = INTRODUCTION.to_owned();
    page.push_str(
        "\n## The figures to reach\n\n| what | reached | at most |\n| --- | ---: | ---: |\n",
    );
    for Figure {
        of,
        reached,
        at_most,
    } in figures
    {
        _ = writeln!(page, "| {of} | {reached} | {at_most} |");
    }
    for (heading, text, scenarios) in PARTS {
        let scenarios = scenarios()?;
        let rows = in_parallel(&scenarios, threads, row);
        section(&mut page, heading, text, HEAD, &rows);
    }
    let quotas = grid::quotas();
    let rows = in_parallel(&quotas, threads, |quota| {
        Ok(quota_row(quota, &quota.run()?))
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>, Invalid>>()?;
    section(
        &mut page,
        "Quotas used to their end",
        include_str!("text/quotas.md"),
        QUOTA_HEAD,
        &rows,
    );
    Ok(page)
}

fn section(page: &mut String, heading: &str, text: &str, head: &str, rows: &[String]) {
    let columns = head.matches('|').count() - 1;
    _ = writeln!(page, "\n## {heading}\n\n{}\n\n{head}", text.trim_end());
    _ = writeln!(page, "|{}", " ---: |".repeat(columns));
    for row in rows {
        _ = writeln!(page, "{row}");
    }
}

/// One scenario as a row.
pub(super) fn row(scenario: &Scenario) -> String {
    let measures = simulate(scenario);
    let (rate, burst) = scenario.throttle.map_or_else(Default::default, |throttle| {
        (rate_of(throttle), thousands(throttle.burst()))
    });
    let how = if scenario.lease_max == 1 {
        ", no leases"
    } else if scenario.starts > 0 {
        ", within 10 s"
    } else {
        ""
    };
    format!(
        "| {}{how} | {} | {} | {rate} | {burst} | {} |",
        thousands(u64::from(scenario.instances)),
        thousands(u64::from(scenario.keys)),
        thousands(u64::from(scenario.calls)),
        told(&measures),
    )
}

fn told(measures: &Measures) -> String {
    format!(
        "{:.4} | {} | {} | {} | {:.0} ({})",
        measures.writes_per_call(),
        percent(measures.from_memory_share(), 1),
        percent(measures.wrongly_refused_share(), 2),
        percent(measures.unavailable_share(), 2),
        measures.hottest_mean,
        measures.hottest_peak,
    )
}

fn quota_row(quota: &QuotaUse, used: &QuotaUsed) -> String {
    let what = match quota.leaving {
        Leaving::Nobody => format!("{} crashes on average", quota.crashes),
        Leaving::Frozen(leaving) => format!("{leaving} instances frozen for good half-way"),
        Leaving::Told(leaving) => format!("{leaving} instances told to end half-way"),
    };
    format!(
        "| {} | {} | {} | {what} | {} | {} | {} | {} | {:.3} |",
        thousands(quota.limit),
        quota.instances,
        thousands(u64::from(quota.calls)),
        percent(used.unused, 3),
        percent(used.worst, 3),
        quota.runs,
        used.over,
        used.writes_per_unit,
    )
}

fn percent(share: f64, decimals: usize) -> String {
    if share == 0.0 {
        return "0".to_owned();
    }
    format!("{:.decimals$} %", 100.0 * share)
}

fn rate_of(throttle: Throttle) -> String {
    let rate = throttle.rate();
    let whole = rate.ceil();
    if rate == Rate::per_second(u32::try_from(whole).unwrap_or(u32::MAX)) {
        thousands(whole)
    } else {
        rate.to_string()
    }
}

/// With a comma at each thousand.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../docs/scale.md");

    /// Those that take no time; `scale --check` compares all.
    #[test]
    fn the_page_has_the_rows_that_are_measured() {
        let cheap = |scenario: &Scenario| scenario.instances <= 10 && scenario.calls == 100;
        let all = [grid::one_key().unwrap(), grid::bursts().unwrap()].concat();
        let cheap: Vec<_> = all.into_iter().filter(cheap).collect();
        assert!(cheap.len() >= 6);
        for scenario in cheap {
            let row = row(&scenario);
            assert!(PAGE.lines().any(|line| line == row), "{row}");
        }
    }

    #[test]
    fn the_page_has_every_figure_and_none_is_missed() {
        let figures = PAGE
            .split("\n## ")
            .find(|part| part.starts_with("The figures"));
        let rows = figures
            .unwrap()
            .lines()
            .filter(|line| line.starts_with("| "));
        let mut count = 0;
        for row in rows.skip(2) {
            let cells: Vec<&str> = row.split(" | ").collect();
            let number = |cell: &str| {
                cell.split([' ', '|'])
                    .next()
                    .unwrap()
                    .parse::<f64>()
                    .unwrap()
            };
            assert!(number(cells[1]) <= number(cells[2]), "{row}");
            count += 1;
        }
        assert_eq!(count, 12);
    }

    #[test]
    fn numbers_have_commas_and_shares_their_decimals() {
        let numbers = [0, 999, 1_000, 12_345, 1_000_000].map(thousands);
        assert_eq!(numbers, ["0", "999", "1,000", "12,345", "1,000,000"]);
        assert_eq!(percent(0.0, 2), "0");
        assert_eq!(percent(0.00041, 2), "0.04 %");
    }
}

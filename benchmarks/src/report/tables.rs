//! Tables in Markdown.

use std::fmt::Write as _;

use latchkey_instructions::in_thousands;

use crate::{
    budgets::{Budget, Measured},
    figures::Figures,
    load::{Load, Window},
    phases::{Counted, Phase},
    rows::EMPTY,
};

pub(super) fn budgets(budgets: &[Budget]) -> String {
    let mut text = String::new();
    if budgets.is_empty() {
        return text;
    }
    text.push_str(
        "### The figures to reach\n\n| what | reached | bound | |\n| --- | --- | --- | --- |\n",
    );
    for budget in budgets {
        let verdict = if budget.met { "met" } else { "**missed**" };
        _ = writeln!(
            text,
            "| {} | {} | {} | {verdict} |",
            budget.what, budget.reached, budget.bound
        );
    }
    text.push('\n');
    text
}

pub(super) fn phases(phases: &[Phase]) -> String {
    let mut text = "| phase | instructions, over HTTP | bound | over TLS | bound | time, µs, over TLS |\n| --- | ---: | ---: | ---: | ---: | ---: |\n".to_owned();
    for phase in phases {
        let [http, tls] = [phase.over_http, phase.over_tls].map(|counted| {
            let both = |counted: Counted| {
                let both = [counted.instructions, counted.bound].map(in_thousands);
                both.join(" | ")
            };
            counted.map_or_else(|| " | ".to_owned(), both)
        });
        let time = phase
            .micros
            .map_or_else(String::new, |time| format!("{time:.0}"));
        _ = writeln!(text, "| {} | {http} | {tls} | {time} |", phase.name);
    }
    text
}

pub(super) fn section(measured: &Measured) -> String {
    let mut text = format!("### {}\n\n", measured.heading);
    let Some(any) = measured.figures.first() else {
        return text;
    };
    _ = writeln!(
        text,
        "{} rounds of each row in turn, {} calls that count in each.\n",
        any.rounds,
        any.calls / any.rounds.max(1)
    );
    let repeated: usize = measured.figures.iter().map(|row| row.repeated).sum();
    if repeated > 0 {
        _ = writeln!(
            text,
            "{repeated} rounds were measured again, since a call was answered by an error.\n"
        );
    }
    let empty = measured.of(EMPTY);
    text.push_str("| start | to first poll, ms | to first answer, ms | processor until then, ms | first call, ms | peak memory, MiB | deployed, MB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for row in &measured.figures {
        let against = |of: fn(&Figures) -> f64| ratio(of(row), empty.map(of));
        _ = writeln!(
            text,
            "| {} | {}{} | {}{} | {}{} | {}{} | {:.1} | {:.1} |",
            row.row,
            ms(row.start_to_poll),
            against(|row| row.start_to_poll),
            ms(row.start_to_answer),
            against(|row| row.start_to_answer),
            ms(row.start_processor),
            against(|row| row.start_processor),
            ms(row.first_call),
            against(|row| row.first_call),
            row.peak_memory_kib as f64 / 1024.0,
            row.deployed_bytes as f64 / 1e6,
        );
    }
    text.push_str("\n| call | p50 of the fastest round, µs | p50 of the middle round, µs | p90, µs | p99, µs | calls a second | processor a call, µs | calls of DynamoDB a call |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for row in &measured.figures {
        let against = |of: fn(&Figures) -> f64| ratio(of(row), empty.map(of));
        _ = writeln!(
            text,
            "| {} | {:.0}{} | {:.0}{} | {:.0} | {:.0} | {:.0} | {:.0}{} | {} |",
            row.row,
            row.p50_fastest,
            against(|row| row.p50_fastest),
            row.p50_middle,
            against(|row| row.p50_middle),
            row.p90,
            row.p99,
            row.calls_a_second,
            row.processor,
            against(|row| row.processor),
            few(row.dynamodb),
        );
    }
    text.push('\n');
    text
}

fn ms(micros: f64) -> String {
    format!("{:.1}", micros / 1e3)
}

/// Against the empty function, where that was measured.
fn ratio(of: f64, empty: Option<f64>) -> String {
    match empty {
        Some(empty) if of / empty >= 9.95 => format!(" (×{:.0})", of / empty),
        Some(empty) => format!(" (×{:.1})", of / empty),
        None => String::new(),
    }
}

fn few(number: f64) -> String {
    if number == number.round() {
        format!("{number:.0}")
    } else {
        format!("{number:.4}")
    }
}

pub(super) fn load(load: &Load) -> String {
    let mut text = String::new();
    for run in &load.runs {
        let dynamodb = run.dynamodb.map_or_else(String::new, |made| {
            let made = made as f64 / run.calls.max(1) as f64;
            format!(", {made:.3} calls of DynamoDB for each")
        });
        _ = writeln!(
            text,
            "### {}\n\n{:.1} minutes, {} calls, {:.0} a second{dynamodb}.\n",
            run.what,
            run.seconds / 60.0,
            run.calls,
            run.calls as f64 / run.seconds,
        );
        text.push_str("| until, s | calls a second | p50, µs | p99, µs | memory of each process, MiB |\n| ---: | ---: | ---: | ---: | --- |\n");
        for window in &run.windows {
            text.push_str(&line(window));
        }
        text.push('\n');
        text.push_str(&budgets(&run.budgets).replace("### The figures to reach\n\n", ""));
    }
    text
}

fn line(window: &Window) -> String {
    let memory: Vec<String> = window
        .memory_kib
        .iter()
        .map(|kib| format!("{:.2}", *kib as f64 / 1024.0))
        .collect();
    format!(
        "| {:.0} | {:.0} | {:.0} | {:.0} | {} |\n",
        window.until,
        window.calls_a_second,
        window.p50,
        window.p99,
        memory.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_told_as_exactly_as_it_is_worth() {
        assert_eq!(ratio(12.0, Some(10.0)), " (×1.2)");
        assert_eq!(ratio(120.0, Some(10.0)), " (×12)");
        assert_eq!(ratio(1.0, None), "");
        assert_eq!(few(3.0), "3");
        assert_eq!(few(0.0025), "0.0025");
    }

    #[test]
    fn what_was_not_counted_of_a_phase_stays_empty() {
        let counted = |instructions| Counted {
            instructions,
            bound: 2_000,
        };
        let phase = Phase {
            name: "a".into(),
            over_http: Some(counted(1_000)),
            over_tls: Some(counted(1_500)),
            micros: None,
        };
        let whole = Phase {
            name: "b".into(),
            over_http: None,
            over_tls: None,
            micros: Some(12.4),
        };
        let table = phases(&[phase, whole]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        let expected = [
            "| a | 1,000 | 2,000 | 1,500 | 2,000 |  |",
            "| b |  |  |  |  | 12 |",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_missed_budget_is_seen() {
        let budget = Budget {
            what: "a".into(),
            reached: "2 ms".into(),
            bound: "at most 1 ms".into(),
            met: false,
        };
        assert!(budgets(&[budget]).contains("| a | 2 ms | at most 1 ms | **missed** |"));
        assert_eq!(budgets(&[]), "");
    }
}

//! docs/performance.md, performance.json and the plots. Of the page only what stands between the
//! marks is written anew.

mod plot;
mod tables;

use std::{fs, path::Path};

use latchkey_instructions::page::between_marks;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    budgets::{Budget, Measured, budgets},
    figures::Figures,
    load::Load,
    machine::Machine,
    outcome::Outcome,
    phases::Phase,
};

const PAGE: &str = "performance.md";
/// What is inside the authorizer.
const INSIDE: &str = "performance/inside.md";
const DATA: &str = "performance.json";

/// Writes what was measured of all rows, and returns the budgets.
pub(crate) fn write_rows(
    to: Option<&Path>,
    sections: &[Measured],
    remembered: Option<&Figures>,
) -> Outcome<(String, Vec<Budget>)> {
    let machine = Machine::read();
    let budgets = budgets(sections, remembered);
    let mut text = format!("{}\n\n{}", machine.in_words(), tables::budgets(&budgets));
    for measured in sections {
        text.push_str(&tables::section(measured));
    }
    if let Some(to) = to {
        replace(&to.join(PAGE), "rows", &text)?;
        keep(
            to,
            "rows",
            &json!({
                "machine": machine,
                "budgets": budgets,
                "sections": sections,
                "remembered": remembered,
            }),
        )?;
        for (name, svg) in plot::plots(sections)? {
            fs::write(to.join(name), svg)?;
        }
    }
    Ok((text, budgets))
}

/// Writes what was measured under load.
pub(crate) fn write_load(to: Option<&Path>, load: &Load) -> Outcome<String> {
    let machine = Machine::read();
    let text = format!("{}\n\n{}", machine.in_words(), tables::load(load));
    if let Some(to) = to {
        replace(&to.join(PAGE), "load", &text)?;
        keep(to, "load", &json!({ "machine": machine, "measured": load }))?;
        fs::write(to.join("performance-load.svg"), plot::load(load)?)?;
    }
    Ok(text)
}

/// Writes the phases of a start.
pub(crate) fn write_phases(to: Option<&Path>, phases: &[Phase]) -> Outcome<String> {
    let machine = Machine::read();
    let text = format!("{}\n\n{}", machine.in_words(), tables::phases(phases));
    if let Some(to) = to {
        replace(&to.join(INSIDE), "phases", &text)?;
        keep(
            to,
            "phases",
            &json!({ "machine": machine, "measured": phases }),
        )?;
    }
    Ok(text)
}

fn replace(path: &Path, part: &str, text: &str) -> Outcome<()> {
    let page = fs::read_to_string(path)?;
    let page = between_marks(&page, part, text).ok_or("the page has no such marks")?;
    Ok(fs::write(path, page)?)
}

/// Puts a value into the data beside what is there.
fn keep(to: &Path, name: &str, value: &impl Serialize) -> Outcome<()> {
    let path = to.join(DATA);
    let mut data: Value = match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => json!({}),
    };
    data[name] = serde_json::to_value(value)?;
    let text = serde_json::to_string_pretty(&data)?;
    Ok(fs::write(path, text + "\n")?)
}

//! The README says what is there: settings, parameters, quoted scripts, links.

use latchkey_repository::{document, root, rust_sources};
use yaml_rust2::YamlLoader;

/// The first cells of a table's rows, each in backquotes.
fn rows(readme: &str) -> Vec<String> {
    let cells = readme
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').take(3));
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The variables that a function's settings name.
fn variables(settings: &str) -> Vec<String> {
    let is_variable = |word: &&str| {
        word.len() > 5
            && word.contains('_')
            && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    };
    settings
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(is_variable)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_setting_has_its_row_in_the_readme() {
    let rows = rows(&document("README.md").unwrap());
    let mut found = 0;
    for (path, source) in rust_sources().unwrap() {
        if !path.ends_with("src/settings.rs") && !path.ends_with("shared/settings/src/lib.rs") {
            continue;
        }
        for variable in variables(source.split("#[cfg(test)]").next().unwrap()) {
            assert!(
                rows.contains(&variable),
                "{variable} of {} has no row",
                path.display()
            );
            found += 1;
        }
    }
    assert!(found >= 10, "only {found} settings were found");
}

#[test]
fn every_parameter_of_the_stack_has_its_row_in_the_readme() {
    let template = YamlLoader::load_from_str(&document("template.yaml").unwrap())
        .unwrap()
        .remove(0);
    let rows = rows(&document("README.md").unwrap());
    let parameters = template["Parameters"].as_hash().unwrap().keys();
    let missing: Vec<_> = parameters
        .filter_map(|name| name.as_str())
        .filter(|name| !rows.iter().any(|row| row == name))
        .collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

/// What the deploy test runs is what the README shows.
#[test]
fn quoted_scripts_are_quoted_to_the_letter() {
    let readme = document("README.md").unwrap();
    let mut quotes = 0;
    for part in readme.split("<!-- quote: ").skip(1) {
        let (path, rest) = part.split_once(" -->\n```").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let (quoted, _) = rest.split_once("\n```").unwrap();
        let script = document(path).unwrap();
        let (_, body) = script
            .split_once("Quoted in the README from the next line on.")
            .unwrap();
        let (_, body) = body.split_once('\n').unwrap();
        assert_eq!(quoted.trim(), body.trim(), "{path}");
        quotes += 1;
    }
    assert_eq!(quotes, 2);
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "docs/admin-api.md",
        "docs/adopt.md",
        "docs/command-line.md",
        "docs/invariants.md",
        "docs/live-checks.md",
        "docs/metering.md",
        "docs/other-accounts.md",
        "docs/runbook.md",
    ] {
        let text = document(page).unwrap();
        let folder = root().join(page).parent().unwrap().to_path_buf();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if target.starts_with("https://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = folder.join(if file.is_empty() {
                page_name(page)
            } else {
                file
            });
            assert!(file.exists(), "{page}: {target} is not there");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(file).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let slugs: Vec<String> = headings.map(slug).collect();
                assert!(
                    slugs.iter().any(|slug| slug == heading),
                    "{page}: {target} is no heading"
                );
            }
        }
    }
}

/// A page's name in its folder.
fn page_name(page: &str) -> &str {
    page.rsplit('/').next().unwrap_or(page)
}

/// The name that a heading has in links.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|c| c.is_alphanumeric() || " -".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

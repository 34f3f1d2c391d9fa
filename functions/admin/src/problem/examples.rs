//! Each type of problem has its page in docs/problems, each page its type, and the example on
//! it is an answer that this program gives.
//!
//! `UPDATE_PROBLEM_PAGES=1` writes the examples anew.

use std::{collections::BTreeMap, path::PathBuf};

use latchkey_domain::NotHeld;
use latchkey_gateway::GatewayError;
use serde_json::Value;

use super::*;
use crate::problem_pages::{PAGES, Page};

/// One of each type; the example of its page.
fn examples() -> Vec<Problem> {
    let plan = |id: &str| id.parse::<PlanId>().unwrap();
    let key = || "key_5gHXWJaVoGxMBrDn".parse::<KeyId>().unwrap();
    let stage = || "a1b2c3:prod".to_owned();
    vec![
        invalid(),
        Problem::MalformedJson("trailing comma at line 3 column 1".to_owned()),
        Problem::NoQuota,
        Problem::NoIdentity,
        Problem::UnknownPath,
        Problem::UnknownPlan,
        Problem::UnknownKey,
        Problem::NotAttached,
        Problem::MethodNotAllowed {
            allowed: "POST, GET, HEAD".to_owned(),
        },
        Problem::ValueTaken(key()),
        Problem::PlanInTheWay {
            in_the_way: plan("gold"),
            stage: stage(),
        },
        Problem::PlanInUse(12),
        Problem::TooManyPlans(10),
        Problem::TooManyKeys {
            keys: 2_300,
            allowed: 1_000,
        },
        Problem::CustomerInUse(plan("team")),
        Problem::NotHeld {
            plan: plan("gold"),
            field: "allowedIps",
            rule: NotHeld::AllowedIps.to_string(),
        },
        Problem::TwinWouldOpen {
            api_id: "a1b2c3".to_owned(),
        },
        GatewayError::Throttled {
            operation: "CreateDeployment",
        }
        .into(),
        GatewayError::Refused {
            operation: "CreateDeployment",
            detail: "BadRequestException: The REST API doesn't contain any methods".to_owned(),
        }
        .into(),
        Problem::NoApiGateway,
        Problem::ApiNotManaged("a1b2c3".to_owned()),
        Problem::UnknownApi("REST API a1b2c3".to_owned()),
        Problem::Changed,
        Problem::BodyTooLarge(1_000_000),
        Problem::UnsupportedMediaType("send the body as Content-Type application/json"),
        Problem::NotAcceptable("application/json or text/csv".to_owned()),
        Problem::AlreadyAttached(plan("gold")),
        Problem::PlanDeleting(plan("gold")),
        Problem::IdempotencyKeyRunning(5),
        Problem::IdempotencyKeyReused,
        Problem::PreconditionFailed("If-Match"),
        Problem::HeaderKeyStays,
        Problem::TooManyValues(TooManyValues),
        Problem::Unavailable,
        Problem::Internal,
    ]
}

fn invalid() -> Problem {
    let mut faults = Faults::default();
    for (pointer, detail) in [
        (
            "/quota/period",
            "\"YEAR\" is not a period: HOUR, DAY, WEEK, MONTH or LIFETIME",
        ),
        ("/throttle/rateLimit", "is required"),
    ] {
        faults.push(Fault::at(pointer, detail));
    }
    faults.push(Fault::parameter(
        "dryRun",
        "unknown parameter; none is known here",
    ));
    faults.into()
}

/// The text of this file's parent.
const SOURCE: &str = include_str!("../problem.rs");

/// The names that `kind` gives, read from its text.
fn types() -> BTreeMap<String, usize> {
    let (_, kinds) = SOURCE.split_once("fn kind(&self)").unwrap();
    let (kinds, _) = kinds.split_once("fn members(&self)").unwrap();
    let mut types = BTreeMap::from([(ProblemName::METHOD_NOT_ALLOWED.to_owned(), 1)]);
    for text in kinds.split('"').skip(1).step_by(2) {
        let kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.bytes().all(kebab) {
            *types.entry(text.to_owned()).or_default() += 1;
        }
    }
    types
}

fn json_of(problem: &Problem) -> String {
    serde_json::to_string_pretty(&problem.document()).unwrap()
}

/// The page's text before its example, the example, and the text after it.
fn parts(page: &Page) -> (&str, &str, &str) {
    let (before, rest) = page.markdown.split_once("```json\n").unwrap();
    let (example, after) = rest.split_once("\n```\n").unwrap();
    (before, example, after)
}

#[test]
fn each_type_has_its_page_and_each_page_its_type() {
    let types: Vec<String> = types().into_keys().collect();
    let pages: Vec<&str> = PAGES.iter().map(|page| page.name).collect();
    assert_eq!(
        pages, types,
        "a type without its page in problem_pages.rs, or a page without its type"
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    files.sort();
    assert_eq!(
        files, types,
        "a type without its file in docs/problems, or a file without its type"
    );
    assert!(types.len() >= 26, "{types:?}");
}

#[test]
fn the_example_of_each_page_is_an_answer_of_this_program() {
    let examples: BTreeMap<&str, Problem> = examples()
        .into_iter()
        .map(|problem| (problem.kind().0, problem))
        .collect();
    for page in PAGES {
        let problem = examples
            .get(page.name)
            .unwrap_or_else(|| panic!("problem/examples.rs has no {}", page.name));
        let (before, example, after) = parts(page);
        let (wanted, (_, status, title)) = (json_of(problem), problem.kind());
        if example != wanted && std::env::var_os("UPDATE_PROBLEM_PAGES").is_some() {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
            let text = format!("{before}```json\n{wanted}\n```\n{after}");
            std::fs::write(folder.join(page.name).with_extension("md"), text).unwrap();
            continue;
        }
        assert_eq!(
            example, wanted,
            "{}: UPDATE_PROBLEM_PAGES=1 writes it anew",
            page.name
        );
        let body: Value = serde_json::from_str(example).unwrap();
        assert_eq!(body["type"], format!("/problems/{}", page.name));
        let reason = status.canonical_reason().unwrap();
        let head = format!("# {title}\n\n`{} {reason}`", status.as_u16());
        assert!(
            before.starts_with(&head),
            "{}: begins with {head}",
            page.name
        );
        assert!(after.contains("## What to do\n"), "{}", page.name);
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in PAGES {
        let links = page.markdown.split("](").skip(1);
        for link in links.map(|rest| rest.split(')').next().unwrap()) {
            let name = link.strip_suffix(".md").unwrap_or(link);
            let known = PAGES.iter().any(|other| other.name == name);
            assert!(
                known || link.starts_with("https://"),
                "{}: {link}",
                page.name
            );
        }
    }
}

//! The pattern by which lines of the authorizer's log count as crashes: Lambda's own lines, and
//! none of the function's, whatever a caller has put into it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use latchkey_repository::document;
use regex_lite::Regex;
use yaml_rust2::YamlLoader;

/// Lines as Lambda writes them for a function of one's own runtime, in its log format `Text`.
const OF_LAMBDA: [&str; 5] = [
    "RequestId: 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52 Error: Runtime exited with error: exit status 101\nRuntime.ExitError",
    "RequestId: 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52 Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
    "RequestId: 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52 Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]\nRuntime.InvalidEntrypoint",
    "INIT_REPORT Init Duration: 12.34 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
    "2026-11-26T12:00:00.000Z 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52 Task timed out after 5.01 seconds\n\n",
];

/// What else stands in the log.
const OTHERS: [&str; 4] = [
    "START RequestId: 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52 Version: $LATEST",
    "END RequestId: 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52",
    "REPORT RequestId: 5c6a1c4e-59a6-4b1f-8f7d-0f4c9a3c1b52\tDuration: 2.01 ms\tBilled Duration: 3 ms",
    "INIT_START Runtime Version: provided:al2023.v84",
];

fn pattern() -> String {
    let text = document("template.yaml").unwrap();
    let template = YamlLoader::load_from_str(&text).unwrap().remove(0);
    let filter = &template["Resources"]["AuthorizerCrashes"]["Properties"]["FilterPattern"];
    filter.as_str().unwrap().to_owned()
}

fn regex(pattern: &str) -> Regex {
    let inner = pattern.strip_prefix('%').unwrap().strip_suffix('%');
    Regex::new(inner.unwrap()).unwrap()
}

#[test]
fn the_lines_of_lambda_that_tell_of_a_crash_are_counted() {
    let counted = regex(&pattern());
    for line in OF_LAMBDA {
        assert!(counted.is_match(line), "{line}");
    }
    for line in OTHERS {
        assert!(!counted.is_match(line), "{line}");
    }
}

#[test]
fn no_line_of_the_function_is_taken_for_a_crash_whatever_a_caller_has_put_into_it() {
    let counted = regex(&pattern());
    for text in OF_LAMBDA.into_iter().chain([
        "Runtime.ExitError",
        "Runtime.InvalidEntrypoint",
        "Task timed out",
        "Runtime exited",
    ]) {
        let text = text.replace('\n', "\\n").replace('\t', "\\t");
        let line = format!(
            r#"{{"timestamp":"2026-11-26T12:00:00.000Z","level":"INFO","message":"decision","customer_id":"{text}"}}"#
        );
        assert!(!counted.is_match(&line), "{line}");
    }
}

/// AWS, "Supported regular expressions (regex) syntax": others are refused, parentheses and blanks too.
#[test]
fn the_pattern_has_only_what_cloudwatch_reads() {
    let pattern = pattern();
    let inner = pattern.trim_matches('%');
    let is_read = |c: char| {
        c.is_ascii_alphanumeric() || "_#=@/;,-".contains(c) || r"^$?[]{}|\*+.".contains(c)
    };
    assert!(inner.chars().all(is_read), "{inner}");
    assert!(pattern.len() <= 1_024);
}

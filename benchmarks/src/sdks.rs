//! The AWS SDKs that are measured, as the lock files beside them have them.

use std::{fs, process::Command};

use serde_json::Value;

/// A file of cargo's, with the packages whose versions are told.
const OF_CARGO: [(&str, &str, &[&str]); 2] = [
    (
        "Latchkey",
        "Cargo.lock",
        &["aws-sdk-dynamodb", "lambda_runtime"],
    ),
    (
        "Rust",
        "benchmarks/peers/rust/Cargo.lock",
        &["aws-sdk-dynamodb", "aws-config", "lambda_runtime"],
    ),
];
const NODE: &str = "@aws-sdk/client-dynamodb";
const GO: &str = "golang-github-aws-aws-sdk-go-v2-dev";

/// One text a language; one whose version cannot be told is left out.
pub(crate) fn sdks() -> Vec<String> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let mut sdks: Vec<String> = Vec::new();
    for (whose, file, packages) in OF_CARGO {
        sdks.extend(told(whose, packages, &|name| of_cargo(&read(file), name)));
    }
    let node = read("benchmarks/peers/node/package-lock.json");
    sdks.extend(told("Node", &[NODE], &|name| of_npm(&node, name)));
    let python = read("benchmarks/peers/python/requirements.txt");
    let packages = ["boto3", "awslambdaric"];
    sdks.extend(told("Python", &packages, &|name| of_pip(&python, name)));
    sdks.extend(told("Go", &[GO], &of_debian));
    sdks
}

fn told(
    whose: &str,
    packages: &[&str],
    version: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let known = packages
        .iter()
        .filter_map(|name| Some(format!("{name} {}", version(name)?)));
    let known: Vec<String> = known.collect();
    (!known.is_empty()).then(|| format!("{whose}: {}", known.join(", ")))
}

fn of_cargo(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.strip_suffix('"')?.to_owned())
}

fn of_npm(lock: &str, package: &str) -> Option<String> {
    let lock: Value = serde_json::from_str(lock).ok()?;
    let package = lock
        .get("packages")?
        .get(format!("node_modules/{package}"))?;
    Some(package.get("version")?.as_str()?.to_owned())
}

fn of_pip(requirements: &str, package: &str) -> Option<String> {
    let mut lines = requirements
        .lines()
        .filter_map(|line| line.split_once("=="));
    let (_, version) = lines.find(|(name, _)| *name == package)?;
    Some(version.trim().to_owned())
}

/// Go's SDK is Debian's, and has no lock file.
fn of_debian(package: &str) -> Option<String> {
    let query = ["--showformat=${Version}", "--show", package];
    let output = Command::new("dpkg-query").args(query).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_files() {
        let cargo = "[[package]]\nname = \"aws-sdk\"\nversion = \"1.2.3\"\nsource = \"x\"\n";
        assert_eq!(of_cargo(cargo, "aws-sdk").as_deref(), Some("1.2.3"));
        assert_eq!(of_cargo(cargo, "aws"), None);
        let npm = r#"{"packages": {"node_modules/@aws-sdk/c": {"version": "3.1.0"}}}"#;
        assert_eq!(of_npm(npm, "@aws-sdk/c").as_deref(), Some("3.1.0"));
        assert_eq!(of_npm(npm, "c"), None);
        let pip = "boto3==1.44.8\nbotocore==1.44.9\n";
        assert_eq!(of_pip(pip, "botocore").as_deref(), Some("1.44.9"));
        assert_eq!(of_pip(pip, "core"), None);
        let version = |name: &str| (name == "a").then(|| "1".to_owned());
        assert_eq!(
            told("Go", &["a", "b"], &version).as_deref(),
            Some("Go: a 1")
        );
        assert_eq!(told("Go", &["b"], &version), None);
    }
}

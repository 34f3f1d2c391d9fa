//! Each command line of the documents is one that the command takes: those of `sh` blocks as they
//! stand, and mentions such as `latchkey keys rotate`, which may lack what a command needs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{CommandFactory as _, error::ErrorKind};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::help::words;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn documents() -> Vec<PathBuf> {
    let mut found = vec![
        Path::new(ROOT).join("README.md"),
        Path::new(ROOT).join("SECURITY.md"),
    ];
    let mut folders = vec![Path::new(ROOT).join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "md" => found.push(path),
                _ => {}
            }
        }
    }
    found
}

/// The command lines of a script that begin with `latchkey`, without those whose refusal is shown.
fn command_lines(script: &str) -> Vec<Vec<String>> {
    let mut script = script.replace("\\\n", " ");
    for separator in ["$(", "&&", "||", "| ", "; ", "do ", "then ", "! ", "if "] {
        script = script.replace(separator, "\n");
    }
    let mut found = Vec::new();
    for line in script.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        // Variables that are set for the command alone.
        let is_set = |word: &&str| word.contains('=') && !word.starts_with('-');
        let set = line
            .split(' ')
            .take_while(is_set)
            .map(|word| word.len() + 1);
        let line = line.get(set.sum()..).unwrap_or_default();
        if line.starts_with("latchkey ") && !line.contains("2>&1") {
            let end = line.find([')', ';', '<', '>', '&']).unwrap_or(line.len());
            let line = line[..end].trim_end_matches('2');
            found.push(words(line));
        }
    }
    found
}

fn refusal(line: &[String]) -> Option<clap::Error> {
    let taken = crate::Command::command().try_get_matches_from(line);
    let is_shown = |error: &clap::Error| {
        matches!(
            error.kind(),
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
        )
    };
    taken.err().filter(|error| !is_shown(error))
}

fn is_a_mention(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

#[test]
fn every_command_line_of_the_documents_is_taken() {
    let (mut tried, mut refused) = (0, Vec::new());
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let mut in_script = false;
        for event in Parser::new(&text) {
            let (lines, mention) = match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => {
                    in_script = &*kind == "sh";
                    continue;
                }
                Event::End(TagEnd::CodeBlock) => {
                    in_script = false;
                    continue;
                }
                Event::Text(script) if in_script => (command_lines(&script), false),
                Event::Code(span) => (command_lines(&span), true),
                _ => continue,
            };
            for line in lines {
                tried += 1;
                let error = refusal(&line).filter(|error| !mention || !is_a_mention(error));
                refused.extend(error.map(|error| format!("{document:?}: {line:?}: {error}")));
            }
        }
    }
    assert!(tried > 60, "{tried}");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

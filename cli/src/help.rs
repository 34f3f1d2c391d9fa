//! Every page of help, read as its reader would: its examples are command lines that there are.

use clap::{Command, CommandFactory as _};

/// Each command with its subcommands, by the words that lead there.
fn pages(command: &Command, words: &str) -> Vec<(String, Command)> {
    let words = format!("{words} {}", command.get_name()).trim().to_owned();
    let below = command
        .get_subcommands()
        .flat_map(|command| pages(command, &words));
    let below: Vec<_> = below.collect();
    [(words, command.clone())]
        .into_iter()
        .chain(below)
        .collect()
}

fn all() -> Vec<(String, Command)> {
    let mut command = crate::Command::command();
    command.build();
    pages(&command, "")
}

/// The command lines among examples, each with its words; what a shell puts in stands as it is.
fn examples(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| {
        let line = line
            .split(['|', '>'])
            .find(|part| part.contains("latchkey "))?;
        let line = line.split("   #").next().unwrap_or_default();
        Some(words(&line[line.find("latchkey ")?..]))
    });
    lines.collect()
}

pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_says_what_it_does_and_every_flag_what_it_means() {
    crate::Command::command().debug_assert();
    for (words, command) in all() {
        assert!(command.get_about().is_some(), "{words}");
        for flag in command.get_arguments() {
            assert!(flag.get_help().is_some(), "{words} {}", flag.get_id());
        }
    }
}

#[test]
fn every_example_of_the_help_is_a_command_line_that_is_taken() {
    let mut tried = 0;
    for (page, command) in all() {
        let Some(text) = command.get_after_help() else {
            continue;
        };
        for example in examples(&text.to_string()) {
            let taken = crate::Command::command().try_get_matches_from(&example);
            if let Err(error) = taken {
                panic!("{page}: {example:?}: {error}");
            }
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}

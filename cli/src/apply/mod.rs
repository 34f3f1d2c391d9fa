//! `latchkey apply` and `latchkey diff`: plans and keys as a file describes them. What is
//! described ([`file`]) is compared with what there is ([`seen`]) without I/O ([`difference`]);
//! the steps are shown, and carried out one by one ([`carry_out`]).

mod arguments;
mod carry_out;
mod difference;
mod document;
mod fields;
mod file;
mod order;
mod seen;
mod state;
mod value;

use std::{
    io::{BufRead, ErrorKind, IsTerminal as _, Write},
    path::Path,
};

use latchkey_admin::Random;
use latchkey_domain::Clock;

pub(crate) use self::arguments::{Apply, Diff};
use self::{
    arguments::Described,
    carry_out::Carrier,
    difference::{Hindrance, Rest, deletions, difference},
    file::{Wanted, Wrong},
    state::{State, Step},
    value::{ValuePlace, Values},
};
use crate::{
    client::Client,
    failure::{Failure, Status},
};

/// Shows what is not as described.
///
/// # Errors
/// [`Failure`]; [`Status::Refused`] without a message where something is not.
pub(crate) async fn diff(
    arguments: &Diff,
    clock: Clock,
    random: Random,
    to: &mut impl Write,
) -> Result<(), Failure> {
    let compared = Compared::new(&arguments.described, clock, random).await?;
    compared.show(to);
    match compared.steps.as_slice() {
        [] => Ok(()),
        _ => Err(Failure::new(Status::Refused, "")),
    }
}

/// Makes it as described; whoever sits at a terminal is asked before.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn apply(
    arguments: &Apply,
    clock: Clock,
    random: Random,
    to: &mut impl Write,
) -> Result<(), Failure> {
    let compared = Compared::new(&arguments.described, clock, random).await?;
    compared.show(to);
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !terminal && !arguments.yes && compared.steps.iter().any(Step::deletes) {
        let said = "deleting is asked for first, and here is no terminal to ask: say --yes";
        return Err(Failure::new(Status::Usage, said));
    }
    let asks = terminal && !arguments.yes && !compared.steps.is_empty();
    if asks && !confirmed(&mut std::io::stdin().lock(), to) {
        return Err(Failure::new(Status::Refused, "nothing was changed"));
    }
    compared.carry_out(to).await
}

/// What is described beside what there is.
struct Compared {
    client: Client,
    values: Values,
    steps: Vec<Step>,
    /// What has the file's prefix, is not in it, and stays.
    kept: usize,
}

impl Compared {
    async fn new(described: &Described, clock: Clock, random: Random) -> Result<Self, Failure> {
        let wanted = read(&described.file)?;
        let rest = match (described.prune, wanted.prefix.is_empty()) {
            (true, true) => {
                let said = format!(
                    "{}: --prune needs a prefix in the file: it deletes what has it and is not described",
                    described.file.display()
                );
                return Err(Failure::new(Status::Usage, said));
            }
            (true, false) => Rest::Deleted,
            (false, _) => Rest::Kept,
        };
        let client = described.target.client(clock.clone()).await?;
        let values = values(described, &wanted, clock.clone(), random)?;
        let state = seen::state(&client, &wanted, &values, clock.now().timestamp()).await?;
        let steps = difference(&wanted, &state, rest)
            .map_err(|hindrances| hindered(&described.file, &wanted, hindrances))?;
        let kept = kept(&wanted, &state, rest);
        Ok(Self {
            client,
            values,
            steps,
            kept,
        })
    }

    fn show(&self, to: &mut impl Write) {
        for step in &self.steps {
            say(to, step);
        }
        match self.steps.len() {
            0 => say(to, "All is as described."),
            1 => say(to, "1 change."),
            several => say(to, format!("{several} changes.")),
        }
        if self.kept > 0 {
            let kept = self.kept;
            say(
                to,
                format!("Not described, with the file's prefix: {kept}. --prune deletes them."),
            );
        }
    }

    async fn carry_out(&self, to: &mut impl Write) -> Result<(), Failure> {
        let carrier = Carrier {
            client: &self.client,
            values: &self.values,
        };
        let all = self.steps.len();
        for (done, step) in self.steps.iter().enumerate() {
            match carrier.take(step).await {
                Ok(word) => say(to, format!("[{}/{all}] {}: {word}", done + 1, step.line())),
                Err(Failure { status, message }) => {
                    let said = format!(
                        "{}: {message}\n{done} of {all} changes are made; what is mended goes on with the same command",
                        step.line()
                    );
                    return Err(Failure::new(status, said));
                }
            }
        }
        Ok(())
    }
}

/// A closed standard output ends nothing: what is begun is finished.
fn say(to: &mut impl Write, line: impl std::fmt::Display) {
    drop(writeln!(to, "{line}").and_then(|()| to.flush()));
}

fn confirmed(from: &mut impl BufRead, to: &mut impl Write) -> bool {
    drop(write!(to, "Make them? [y/N] ").and_then(|()| to.flush()));
    let mut line = String::new();
    let read = from.read_line(&mut line);
    read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes")
}

fn read(path: &Path) -> Result<Wanted, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let said = match error.kind() {
            ErrorKind::NotFound => format!("{shown}: {error}: -f FILE names the file"),
            _ => format!("{shown}: {error}"),
        };
        Failure::new(Status::Usage, said)
    })?;
    file::read(&text).map_err(|wrong| {
        let lines = wrong.into_iter().map(
            |Wrong {
                 place,
                 path,
                 detail,
             }| {
                let path = if path.is_empty() {
                    path
                } else {
                    format!("{path}: ")
                };
                format!("{shown}:{}:{}: {path}{detail}", place.line, place.column)
            },
        );
        Failure::new(Status::Usage, lines.collect::<Vec<_>>().join("\n"))
    })
}

fn hindered(file: &Path, wanted: &Wanted, hindrances: Vec<Hindrance>) -> Failure {
    let lines = hindrances.into_iter().map(|Hindrance { key, detail }| {
        let place = wanted
            .keys
            .get(&key)
            .map(|key| key.place)
            .unwrap_or_default();
        let key = key.strip_prefix(&wanted.prefix).unwrap_or(&key);
        let (line, column) = (place.line, place.column);
        format!("{}:{line}:{column}: keys.{key}.{detail}", file.display())
    });
    Failure::new(Status::Usage, lines.collect::<Vec<_>>().join("\n"))
}

fn kept(wanted: &Wanted, state: &State, rest: Rest) -> usize {
    match rest {
        Rest::Kept => deletions(wanted, state).len(),
        Rest::Deleted => 0,
    }
}

fn values(
    described: &Described,
    wanted: &Wanted,
    clock: Clock,
    random: Random,
) -> Result<Values, Failure> {
    let secret = |place: &ValuePlace| matches!(place, ValuePlace::Secret(_));
    let mut places = wanted.keys.values().filter_map(|key| key.value.as_ref());
    let aws = match places.any(secret) {
        true => Some(described.target.aws(clock)?),
        false => None,
    };
    let folder = described.file.parent().unwrap_or(Path::new(""));
    Ok(Values {
        folder: folder.to_owned(),
        aws,
        random,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        let confirmed = |typed: &str| confirmed(&mut typed.as_bytes(), &mut Vec::new());
        assert!(confirmed("y\n") && confirmed("yes\n") && confirmed("Y"));
        assert!(!confirmed("\n") && !confirmed("") && !confirmed("no\n"));
    }
}

//! `latchkey export`: all keys as the table that an import takes.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path as FilePath, PathBuf},
};

use latchkey_admin::Random;

use super::{Machine, Session, options::Options, output::Output, progress::Progress, say};
use crate::{
    client::{Path, Query, Target},
    failure::{Failure, Status},
};

/// Write all keys as a table (CSV): without their values, which nobody has
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey export --file keys.csv
  latchkey export --hashes --file move.csv   # opens to the same values where it is imported")]
pub(crate) struct Arguments {
    /// Write to this file, which only you can read, in place of what is there
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// With the hash of each value, for an import elsewhere; that is recorded
    #[arg(long)]
    hashes: bool,
    #[command(flatten)]
    target: Target,
}

/// Keys of a page.
const PAGE: u16 = 500;

/// # Errors
/// [`Failure`].
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let options = Options {
        output: Output::Csv,
        target: arguments.target,
    };
    let random = machine.random.clone();
    let session = Session::open(&options, machine).await?;
    let Some(file) = arguments.file else {
        let written = write(&session, arguments.hashes, &mut std::io::stdout()).await;
        return written.map(drop);
    };
    // What is there stays until the new table is whole.
    let part = part_of(&file, &random)?;
    let cannot = |error: std::io::Error| {
        let message = format!("{} cannot be written: {error}", part.display());
        Failure::new(Status::Usage, message)
    };
    let mut table = open(&part).map_err(cannot)?;
    let written = write(&session, arguments.hashes, &mut table).await;
    let rows = written.inspect_err(|_| drop(std::fs::remove_file(&part)))?;
    let renamed = table
        .sync_all()
        .and_then(|()| std::fs::rename(&part, &file));
    renamed
        .inspect_err(|_| drop(std::fs::remove_file(&part)))
        .map_err(cannot)?;
    say(&format!("{rows} keys are in {}.", file.display()));
    Ok(())
}

/// A name beside it that nothing else has.
fn part_of(file: &FilePath, random: &Random) -> Result<PathBuf, Failure> {
    let bytes = random.bytes::<8>();
    let bytes = bytes.map_err(|error| Failure::new(Status::NoAnswer, error))?;
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{:016x}.part", u64::from_be_bytes(bytes)));
    Ok(name.into())
}

fn open(path: &FilePath) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

/// Page after page; how many keys. That nobody reads on (`| head`) is an end like any other.
async fn write(session: &Session, hashes: bool, to: &mut impl Write) -> Result<u64, Failure> {
    let mut progress = Progress::of("keys");
    let mut cursor: Option<String> = None;
    let mut rows = 0;
    loop {
        let query = Query::default()
            .with("limit", Some(PAGE))
            .with("hashes", hashes.then_some(true));
        let path = Path::of(&["v1", "export"]).with(&query.with("cursor", cursor.as_ref()));
        let answer = session.get(&path).await?;
        // The first page alone has the header, of one line.
        let page = match answer.body.split_once('\n') {
            Some((_, rows)) if cursor.is_some() => rows,
            _ => &answer.body,
        };
        match to.write_all(page.as_bytes()).and_then(|()| to.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(rows),
            written => written.map_err(|error| {
                Failure::new(
                    Status::NoAnswer,
                    format!("the table cannot be written: {error}"),
                )
            })?,
        }
        let records = csv::Reader::from_reader(answer.body.as_bytes()).into_records();
        rows += u64::try_from(records.count()).unwrap_or_default();
        progress.at(rows);
        cursor = answer.link.as_deref().and_then(cursor_in);
        if cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// The cursor of `<?limit=500&cursor=…>; rel="next"`.
fn cursor_in(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let (query, _) = query.split_once('>')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, cursor) = pairs.find(|(name, _)| name == "cursor")?;
    Some(cursor.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_the_next_page_s_cursor() {
        let link = "<?limit=500&hashes=true&cursor=eyJ-_1>; rel=\"next\"";
        assert_eq!(cursor_in(link).as_deref(), Some("eyJ-_1"));
        assert_eq!(cursor_in("<?limit=5>; rel=\"next\""), None);
    }
}

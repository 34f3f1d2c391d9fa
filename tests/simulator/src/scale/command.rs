//! The commands `scale` and `figures`.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::{fs, io, path::PathBuf};

use clap::Args;
use latchkey_domain::Invalid;

use super::{
    figures::{Figure, figures},
    grid,
    page::page,
    parallel::in_parallel,
    plot::{Undrawn, plot},
    simulation::simulate,
};

/// What `figures` is told.
#[derive(Debug, Args)]
pub struct FiguresArguments {
    /// Runs at a time.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// What `scale` is told.
#[derive(Debug, Args)]
pub struct ScaleArguments {
    /// Where scale.md and scale.svg go.
    #[arg(long, default_value = "docs")]
    to: PathBuf,
    /// Runs at a time.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Changes nothing, and fails where what is there is another.
    #[arg(long)]
    check: bool,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ScaleError {
    /// A scenario that no plan may have.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The plot could not be drawn.
    #[error("the plot: {0}")]
    Plot(#[from] Undrawn),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// A figure is above its bound.
    #[error("{0} of the figures were missed")]
    Missed(usize),
    /// A file is not what it would be made.
    #[error("{0} is another than what is made: run without --check")]
    Differs(PathBuf),
}

/// Runs what the figures to reach are of, and prints them.
///
/// # Errors
/// [`ScaleError::Missed`] where one is missed.
pub fn run_figures(arguments: &FiguresArguments) -> Result<(), ScaleError> {
    told(&figures(arguments.threads)?)
}

fn told(figures: &[Figure]) -> Result<(), ScaleError> {
    for figure in figures {
        let Figure {
            of,
            reached,
            at_most,
        } = figure;
        let verdict = if figure.holds() { "ok    " } else { "MISSED" };
        println!("{verdict} {of}: {reached} (at most {at_most})");
    }
    match figures.iter().filter(|figure| !figure.holds()).count() {
        0 => Ok(()),
        missed => Err(ScaleError::Missed(missed)),
    }
}

/// Runs everything, and writes the page and the plot.
///
/// # Errors
/// [`ScaleError`] where a figure is missed or a file cannot be written, and with `--check` where
/// one is another than what is made.
pub fn run_scale(arguments: &ScaleArguments) -> Result<(), ScaleError> {
    let threads = arguments.threads;
    let figures = figures(threads)?;
    let files = [
        ("scale.md", page(&figures, threads)?),
        ("scale.svg", picture(threads)?),
    ];
    for (name, text) in files {
        let path = arguments.to.join(name);
        if !arguments.check {
            fs::write(&path, text).map_err(|error| ScaleError::File(path, error))?;
        } else if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            return Err(ScaleError::Differs(path));
        }
    }
    told(&figures)
}

fn picture(threads: usize) -> Result<String, ScaleError> {
    let lines = in_parallel(&grid::plot()?, threads, |(instances, scenarios)| {
        let points = scenarios.iter().map(|scenario| {
            let writes_per_call = simulate(scenario).writes_per_call();
            (f64::from(scenario.calls), writes_per_call)
        });
        (*instances, points.collect())
    });
    Ok(plot(&lines)?)
}

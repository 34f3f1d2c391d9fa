//! The authorizer's parts, one after the other: `parts memory` does what a leased call does in
//! memory, a thousand times each, and `parts start` goes through a start once. Each prints a line
//! for each part (`marks`), by which `latchkey-instructions` and `benchmarks phases` know what
//! callgrind has counted.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

#[path = "../../../shared/domain/benches/leased/world.rs"]
mod leased;
mod marks;
mod memory;
mod start;
#[path = "../../../functions/authorizer/benches/words/world.rs"]
mod words;

use mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// As the authorizer has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let marks = match std::env::args().nth(1).as_deref() {
        Some("memory") => memory::all(),
        Some("start") => start::phases().await?,
        _ => return Err("usage: parts memory | parts start".into()),
    };
    marks.print()?;
    Ok(())
}

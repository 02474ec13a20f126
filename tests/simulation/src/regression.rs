//! Seeds that have failed once, as files.

use crate::Run;
use std::{
    fmt::Write,
    fs,
    io::{Error, Result},
    path::{Path, PathBuf},
};

/// Where they are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions")
}

/// A run that was written; lines that begin with `#` say what it is.
pub fn read(path: &Path) -> Result<Run> {
    let text = fs::read_to_string(path)?;
    let mut run = Run::default();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let wrong = || Error::other(format!("{}: {line}", path.display()));
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "brokers" => run.brokers = true,
            "seed" => run.seed = value.parse().map_err(|_| wrong())?,
            "skip" => {
                let numbers = value.split(' ').filter(|number| !number.is_empty());
                let all: std::result::Result<_, _> = numbers.map(str::parse).collect();
                run.skipped = all.map_err(|_| wrong())?;
            }
            _ => return Err(wrong()),
        }
    }
    Ok(run)
}

pub fn write(run: &Run) -> Result<PathBuf> {
    let mut text = String::new();
    if let Err(what) = &run.run().result {
        for line in what.lines().take(3) {
            let _ = writeln!(text, "# {}", line.chars().take(200).collect::<String>());
        }
    }
    if run.brokers {
        let _ = writeln!(text, "brokers");
    }
    let _ = writeln!(text, "seed {}", run.seed);
    let skipped: Vec<_> = run.skipped.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "skip {}", skipped.join(" "));
    fs::create_dir_all(folder())?;
    let path = folder().join(format!("{}.seed", run.seed));
    fs::write(&path, text)?;
    Ok(path)
}

//! The examples as programs, which `cargo test` builds.

use std::{
    env::{consts::EXE_SUFFIX, current_exe},
    path::{Path, PathBuf},
};

/// Where an example is.
pub fn path(name: &str) -> PathBuf {
    let tests = current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let path = target.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(path.exists(), "`cargo build --examples` comes first: {path:?}");
    path
}

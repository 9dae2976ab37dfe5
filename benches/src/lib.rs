//! What the measurements share: stores with a warm cache, without AWS, and a LocalStack's client.

pub mod aws;
mod service;
mod warm;

use std::path::PathBuf;

pub use service::client;
pub use warm::{PREFIX, Warm, block_on, id};

/// The folder for what was measured and the report is made of.
pub fn results() -> PathBuf {
    let target = std::env::current_exe().expect("this program has a path");
    let target = target
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    let folder = target.expect("cargo has built this").join("bench");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

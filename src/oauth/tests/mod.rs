//! The provider on the memory store, with a Zoho in the test process, in tokio's paused time.

mod data_centers;
mod fake_zoho;
mod faults;
mod finishing;
mod grants;
mod refreshing;
mod refusals;
mod world;

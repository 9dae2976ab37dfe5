//! What a store uses: calls, the money that they cost, AWS's quotas, allocations, and memory over a
//! long time.

mod allocations;
mod calls;
mod costs;
mod quotas;
mod soak;

//! What the store uses: calls, their cost, AWS's quotas, allocations, and memory over time.

mod allocations;
mod calls;
mod costs;
mod quotas;
mod shared_calls;
mod soak;

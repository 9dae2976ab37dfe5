//! How a record is stored in Secrets Manager: names, documents, fingerprints, tags and version ids.
//!
//! Pure: no SDK types, no async, no clock.

pub(crate) mod document;
pub(crate) mod fingerprint;
pub(crate) mod secret_name;
pub(crate) mod stored_record;
pub(crate) mod tags;
#[cfg(test)]
mod vectors;
pub(crate) mod version_id;
pub(crate) mod write_id;

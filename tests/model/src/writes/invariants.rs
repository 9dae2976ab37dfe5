//! What must hold, by name, and what can be checked in one state.

use crate::writes::aws::{FIELDS, Secret, Tags, tag_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    AcknowledgedSaveIsInTheChain,
    AcknowledgedSaveIsNotDeletedLater,
    DeletedStaysDeleted,
    AcknowledgedDeletionHasDeleted,
    AVersionHasOneSuccessor,
    IndexIsComplete,
    APruneRemovesNoTagInUse,
    ARecordIsNotDoubled,
    EveryStateCanBeSavedAndDeleted,
}

impl Invariant {
    pub fn name(self) -> &'static str {
        match self {
            Invariant::AcknowledgedSaveIsInTheChain => "acknowledged_save_is_in_the_chain",
            Invariant::AcknowledgedSaveIsNotDeletedLater => {
                "acknowledged_save_is_not_deleted_later"
            }
            Invariant::DeletedStaysDeleted => "deleted_stays_deleted",
            Invariant::AcknowledgedDeletionHasDeleted => "acknowledged_deletion_has_deleted",
            Invariant::AVersionHasOneSuccessor => "a_version_has_one_successor",
            Invariant::IndexIsComplete => "index_is_complete",
            Invariant::APruneRemovesNoTagInUse => "a_prune_removes_no_tag_in_use",
            Invariant::ARecordIsNotDoubled => "a_record_is_not_doubled",
            Invariant::EveryStateCanBeSavedAndDeleted => "every_state_can_be_saved_and_deleted",
        }
    }
}

/// The values of the record, if there is one.
pub type Value = Option<[u8; FIELDS]>;

pub fn value(secret: Option<&Secret>) -> Value {
    Some(secret?.record()?.fields)
}

/// Checks what must hold of the secret in every state.
pub fn check(secret: &Secret) -> Result<(), Invariant> {
    let mut bases: Vec<_> = secret.versions.iter().map(|version| version.base).collect();
    bases.sort_unstable();
    if bases.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Invariant::AVersionHasOneSuccessor);
    }
    if secret.tags & tags_in_use(secret) != tags_in_use(secret) {
        return Err(Invariant::IndexIsComplete);
    }
    Ok(())
}

/// The tags that the record names.
pub fn tags_in_use(secret: &Secret) -> Tags {
    let record = secret.record();
    let writes = record.iter().flat_map(|record| record.index).flatten();
    writes.fold(0, |tags, write| tags | tag_of(write))
}

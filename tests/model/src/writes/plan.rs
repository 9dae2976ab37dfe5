//! What a save writes: the merged record, the id of its version, and the tags to remove after it.

use crate::writes::aws::{Arn, FIELDS, Operation, Record, Snapshot, Tags, VersionId, tag_of};
use crate::writes::configuration::{Kind, Mutation, Setup};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    pub arn: Arn,
    pub base: VersionId,
    pub version: VersionId,
    pub record: Record,
    pub pruned: Tags,
}

impl Plan {
    /// A record that takes over nothing from the secret that it is written to.
    pub fn fresh(setup: &Setup, op: Operation, arn: Arn, base: VersionId) -> Self {
        Plan {
            arn,
            base,
            version: setup.successor(base, op),
            record: setup.fresh(op),
            pruned: 0,
        }
    }

    /// A new version of the record that was read, or that version again if nothing changes.
    pub fn update(setup: &Setup, op: Operation, read: Snapshot, stored: Record) -> Self {
        let Kind::Save { field, value } = setup.kind(op) else {
            unreachable!("a deletion updates nothing");
        };
        if stored.fields[field] == value {
            return Plan {
                arn: read.arn,
                base: read.current,
                version: read.current,
                record: stored,
                pruned: 0,
            };
        }
        let replaced = stored.index[field].map_or(0, tag_of);
        let mut record = Record {
            write: op,
            replaced,
            ..stored
        };
        record.fields[field] = value;
        record.index[field] = Some(op);
        let pruned = match setup.mutation {
            Some(Mutation::PruneByField) => setup.tags_of_field(field) & !tag_of(op),
            _ => replaced | stored.replaced,
        };
        Plan {
            arn: read.arn,
            base: read.current,
            version: setup.successor(read.current, op),
            record,
            pruned,
        }
    }
}

/// The record of a save that finds none.
pub fn fresh(write: Operation, field: usize, value: u8) -> Record {
    let mut record = Record {
        write,
        fields: [0; FIELDS],
        index: [None; FIELDS],
        replaced: 0,
    };
    record.fields[field] = value;
    record.index[field] = Some(write);
    record
}

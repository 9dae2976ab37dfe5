//! One secret of Secrets Manager: its versions, labels and tags, and what each call does to it.

/// An ARN: a secret that is created again has another one.
pub type Arn = u8;

/// The number of an operation, and the id of its write.
pub type Operation = u8;

/// A set of index tags. A tag's key has the id of the write that added it, which sets one field.
pub type Tags = u16;

/// The number of fields of a record. Each of them is a lookup key.
pub const FIELDS: usize = 2;

/// The set that has the tag of this write.
pub fn tag_of(write: Operation) -> Tags {
    1 << write
}

/// The id of a version: the n-th successor of a secret's first version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId {
    pub root: u8,
    pub depth: u8,
}

/// The document of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Record {
    pub write: Operation,
    /// The values, 0 for an absent one.
    pub fields: [u8; FIELDS],
    /// The writes that tagged the fields.
    pub index: [Option<Operation>; FIELDS],
    /// The tags that this write replaced.
    pub replaced: Tags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    Record(Record),
    Tombstone(Operation),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    pub id: VersionId,
    pub content: Content,
    /// The version that its writer built on. AWS does not know it.
    pub base: Option<VersionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    Unmarked,
    /// Marked for deletion; can be restored.
    Recoverable,
    /// Being deleted by force.
    Forced,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Secret {
    pub arn: Arn,
    pub mark: Mark,
    pub versions: Vec<Version>,
    /// The versions with the staging labels AWSCURRENT, AWSPREVIOUS and the tombstone's.
    pub current: VersionId,
    pub previous: Option<VersionId>,
    pub tombstone: Option<VersionId>,
    pub tags: Tags,
}

/// What GetSecretValue and DescribeSecret say about a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Snapshot {
    pub arn: Arn,
    pub marked: bool,
    pub current: VersionId,
    pub content: Content,
    pub previous: Option<VersionId>,
    pub tombstone: Option<VersionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    Arn(Arn),
    Name,
}

/// A call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    Create {
        record: Record,
        tags: Tags,
    },
    Put {
        to: Address,
        id: VersionId,
        content: Content,
        base: Option<VersionId>,
    },
    Tag {
        to: Address,
        tags: Tags,
    },
    Untag {
        to: Address,
        tags: Tags,
    },
    Restore {
        to: Address,
    },
    Delete {
        to: Address,
        by_force: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Done,
    Created(Arn),
    /// Whether the version is the current one.
    Put {
        is_current: bool,
    },
    Exists,
    NotFound,
    Deleted,
    /// The call was not executed.
    Throttled,
}

impl VersionId {
    pub fn successor(self) -> Self {
        VersionId {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl Secret {
    pub fn version(&self, id: VersionId) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    /// The record that it holds, unless it is marked for deletion.
    pub fn record(&self) -> Option<Record> {
        match self.version(self.current)?.content {
            Content::Record(record) if self.mark == Mark::Unmarked => Some(record),
            Content::Record(_) | Content::Tombstone(_) => None,
        }
    }

    pub fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot {
            arn: self.arn,
            marked: self.mark != Mark::Unmarked,
            current: self.current,
            content: self.version(self.current)?.content,
            previous: self.previous,
            tombstone: self.tombstone,
        })
    }

    fn put(&mut self, version: Version) -> Reply {
        match self.version(version.id) {
            Some(known) if known.content == version.content => {}
            Some(_) => return Reply::Exists,
            None => {
                self.versions.push(version);
                self.previous = Some(self.current);
                self.current = version.id;
                if matches!(version.content, Content::Tombstone(_)) {
                    self.tombstone = Some(version.id);
                }
            }
        }
        Reply::Put {
            is_current: self.current == version.id,
        }
    }
}

/// Executes a call that changes something. `arns` counts the secrets that have had the name.
pub fn execute(secret: &mut Option<Secret>, arns: &mut u8, request: Request) -> Reply {
    let (to, by_force) = match request {
        Request::Create { record, tags } => return create(secret, arns, record, tags),
        Request::Put { to, .. } | Request::Tag { to, .. } | Request::Untag { to, .. } => {
            (to, false)
        }
        Request::Restore { to } => (to, false),
        Request::Delete { to, by_force } => (to, by_force),
    };
    let is_meant = |secret: &&mut Secret| to == Address::Name || to == Address::Arn(secret.arn);
    let Some(secret) = secret.as_mut().filter(is_meant) else {
        // A deletion by force of a secret that does not exist succeeds.
        return if by_force {
            Reply::Done
        } else {
            Reply::NotFound
        };
    };
    match (request, secret.mark) {
        (Request::Restore { .. }, Mark::Unmarked | Mark::Recoverable) => {
            secret.mark = Mark::Unmarked;
        }
        (Request::Delete { by_force: true, .. }, _) => secret.mark = Mark::Forced,
        (_, Mark::Recoverable | Mark::Forced) => return Reply::Deleted,
        (Request::Delete { .. }, Mark::Unmarked) => secret.mark = Mark::Recoverable,
        (Request::Tag { tags, .. }, Mark::Unmarked) => secret.tags |= tags,
        (Request::Untag { tags, .. }, Mark::Unmarked) => secret.tags &= !tags,
        (Request::Create { .. }, Mark::Unmarked) => {}
        (
            Request::Put {
                id, content, base, ..
            },
            Mark::Unmarked,
        ) => {
            return secret.put(Version { id, content, base });
        }
    }
    Reply::Done
}

fn create(secret: &mut Option<Secret>, arns: &mut u8, record: Record, tags: Tags) -> Reply {
    let id = VersionId {
        root: record.write,
        depth: 0,
    };
    let content = Content::Record(record);
    match secret {
        Some(secret) if secret.mark != Mark::Unmarked => Reply::Deleted,
        Some(secret) => match secret.version(id) {
            Some(version) if version.content == content => Reply::Created(secret.arn),
            _ => Reply::Exists,
        },
        None => {
            *arns += 1;
            *secret = Some(Secret {
                arn: *arns,
                mark: Mark::Unmarked,
                versions: vec![Version {
                    id,
                    content,
                    base: None,
                }],
                current: id,
                previous: None,
                tombstone: None,
                tags,
            });
            Reply::Created(*arns)
        }
    }
}

//! Quotas in requests per second: requests above a quota are refused with ThrottlingException.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Refusal;

/// Quotas in requests per second. The actions of a group share a quota.
#[derive(Clone, Debug)]
pub struct Quotas {
    pub get_describe: f64,
    pub put_update: f64,
    pub create: f64,
    pub delete: f64,
    pub restore: f64,
    pub tag: f64,
    pub list: f64,
    pub batch_get: f64,
    pub others: f64,
}

impl Quotas {
    /// The quotas in AWS's documentation.
    pub const AWS: Quotas = Quotas {
        get_describe: 10_000.0,
        put_update: 50.0,
        create: 50.0,
        delete: 50.0,
        restore: 50.0,
        tag: 50.0,
        list: 50.0,
        batch_get: 100.0,
        others: 50.0,
    };

    /// The same quota for each group.
    pub fn each(a_second: f64) -> Self {
        Quotas {
            get_describe: a_second,
            put_update: a_second,
            create: a_second,
            delete: a_second,
            restore: a_second,
            tag: a_second,
            list: a_second,
            batch_get: a_second,
            others: a_second,
        }
    }

    /// Returns an action's group and quota.
    fn of(&self, action: &str) -> (&'static str, f64) {
        match action {
            "GetSecretValue" | "DescribeSecret" => ("get", self.get_describe),
            "PutSecretValue" | "UpdateSecret" | "UpdateSecretVersionStage" => {
                ("put", self.put_update)
            }
            "CreateSecret" => ("create", self.create),
            "DeleteSecret" => ("delete", self.delete),
            "RestoreSecret" => ("restore", self.restore),
            "TagResource" | "UntagResource" => ("tag", self.tag),
            "ListSecrets" => ("list", self.list),
            "BatchGetSecretValue" => ("batch", self.batch_get),
            _ => ("others", self.others),
        }
    }
}

/// Token buckets of the quotas: each holds the requests of one second, and at least one.
#[derive(Default)]
pub struct Left(BTreeMap<&'static str, (f64, Duration)>);

impl Left {
    /// Takes a request from its bucket; `now` is the time since any fixed point.
    pub fn take(&mut self, quotas: &Quotas, action: &str, now: Duration) -> Result<(), Refusal> {
        let (group, a_second) = quotas.of(action);
        let most = a_second.max(1.0);
        let (tokens, since) = self.0.entry(group).or_insert((most, now));
        let passed = now.saturating_sub(*since).as_secs_f64();
        *tokens = (*tokens + passed * a_second).min(most);
        *since = now;
        if *tokens < 1.0 {
            return Err(Refusal::throttled());
        }
        *tokens -= 1.0;
        Ok(())
    }
}

//! Finding out whether the store works as configured, without changing anything.

mod permissions;
mod records;
mod sample;

use uuid::Uuid;

use self::sample::Sample;
use super::core::Core;
use crate::ErrorKind;
use crate::secrets_manager::report::{Check, Report};

/// Makes all checks. Without a connection or credentials, the checks end there.
pub(crate) async fn check(core: &Core) -> Report {
    let mut report = Report::default();
    let region = core.aws.client.config().region();
    let region = region.map_or_else(String::new, ToString::to_string);
    report.push(Check::passed("region", region.as_str()));

    // Not a fixed name, under which a token might have been saved: deletions are tried, too.
    let id = format!("check-{}", Uuid::new_v4().simple());
    let unused_name = match core.names.name_of(&id) {
        Ok(name) => name,
        Err(error) => {
            report.push(Check::failed("prefix", error));
            return report;
        }
    };
    let read = core.aws.get(&unused_name).await.map(drop);
    match &read {
        Err(failure) if failure.error.kind() == ErrorKind::Unavailable => {
            report.push(Check::failed("connection", failure.error.clone()));
            return report;
        }
        Err(failure) if failure.error.kind() == ErrorKind::Unauthenticated => {
            report.push(Check::failed("credentials", failure.error.clone()));
            return report;
        }
        _ => {
            report.push(Check::passed("connection", "AWS responds"));
            report.push(Check::passed("credentials", "AWS accepts them"));
        }
    }

    let sample = Sample::read(core).await;
    for check in permissions::check(core, read, &unused_name, &sample).await {
        report.push(check);
    }
    for check in records::check(core, &region, &sample).await {
        report.push(check);
    }
    report
}

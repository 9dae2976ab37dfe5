//! Tests of the lease: its text, and the decisions as a table.

use super::*;
use crate::testing::token;

fn lease(attempt: u32, phase: Phase) -> Lease {
    Lease {
        base: "b".into(),
        attempt,
        nonce: "n".into(),
        phase,
        sent: Vec::new(),
    }
}

fn failed(code: &str) -> Phase {
    Phase::Failed(Note {
        code: code.into(),
        since: 1_767_225_600,
        server: None,
    })
}

/// A note of the accounts server `eu`.
fn failed_at_eu(code: &str) -> Phase {
    match failed(code) {
        Phase::Failed(note) => Phase::Failed(Note {
            server: Some("eu".into()),
            ..note
        }),
        phase => phase,
    }
}

#[test]
fn a_lease_is_written_and_read_again() {
    for (phase, text) in [
        (Phase::Held, "b:7:n:held"),
        (Phase::Sending, "b:7:n:sending"),
        (failed("http_503"), "b:7:n:failed:http_503:1767225600"),
        (
            failed_at_eu("invalid_code"),
            "b:7:n:failed:invalid_code:1767225600:server:eu",
        ),
        (Phase::Free, "b:7:n:free"),
    ] {
        let mut lease = lease(7, phase);
        assert_eq!(lease.to_text(), text);
        assert_eq!(Lease::parse(text), Some(lease.clone()));
        lease.sent = vec!["g1".into(), "g2".into()];
        let text = format!("{text}:grant:g1+g2");
        assert_eq!(lease.to_text(), text);
        assert_eq!(Lease::parse(&text), Some(lease));
    }
}

#[test]
fn what_is_left_of_a_lease_are_the_grants_that_may_have_been_sent() {
    let record = token("id=1 refresh_token=r");
    assert_eq!(Lease::free(&record, Vec::new()), None);
    let left = Lease::free(&record, vec![digest_of("g")]).unwrap();
    assert_eq!((left.base, left.phase), (base_of(&record), Phase::Free));
    assert_ne!(digest_of("g"), digest_of("h"));
    assert_eq!(digest_of("g").len(), 16);
}

#[test]
fn a_text_that_is_malformed_is_no_lease() {
    for text in [
        "",
        "b",
        "b:1:n",
        "b:0:n:held",
        "b:-1:n:held",
        "b:x:n:held",
        "b:1:n:",
        "b:1:n:stolen",
        "b:1:n:held:1",
        "b:1:n:failed",
        "b:1:n:failed:code",
        "b:1:n:failed:code:x",
        "b:1:n:failed:code:1:2",
        "b:1:n:failed:code:1:server",
        "b:1:n:held:server:eu",
        "b:1:n:held:grant",
    ] {
        assert_eq!(Lease::parse(text), None, "{text}");
    }
}

#[test]
fn a_lease_is_for_one_state_of_what_is_refreshed() {
    let record = "id=1 access_token=a expiry_time=5 refresh_token=r client_id=c client_secret=s";
    let base = base_of(&token(record));
    assert_eq!(base.len(), 64);
    for same in ["", " user_name=u", " redirect_url=x", " api_domain=d"] {
        assert_eq!(base_of(&token(&format!("{record}{same}"))), base, "{same}");
    }
    let mut bases = vec![base];
    for other in [
        " id=2",
        " access_token=b",
        " expiry_time=6",
        " refresh_token=r2",
        " grant_token=g",
        " client_id=d",
        " client_secret=t",
    ] {
        bases.push(base_of(&token(&format!("{record}{other}"))));
    }
    // The same characters in other fields.
    bases.push(base_of(&token("id=1 access_token=ar refresh_token=x")));
    bases.push(base_of(&token("id=1 access_token=a refresh_token=rx")));
    let all = bases.len();
    bases.sort_unstable();
    bases.dedup();
    assert_eq!(bases.len(), all);
}

#[test]
fn decisions() {
    use Standing::{Good, Unusable, Usable};
    let timing = Timing::new(0);
    let seconds = Duration::from_secs;
    let view = |standing, lease: Option<Lease>| View {
        standing,
        means: Means::RefreshToken,
        lease,
        is_own: false,
        seen_for: Duration::ZERO,
        age: Duration::ZERO,
        insists: false,
        may_be_sent: false,
        server: Some("us".into()),
    };
    let held = |attempt| Some(lease(attempt, Phase::Held));
    let sending = || Some(lease(1, Phase::Sending));
    let note = |attempt, code| Some(lease(attempt, failed(code)));
    let note_of_eu = |code| Some(lease(1, failed_at_eu(code)));
    let free = || Some(lease(3, Phase::Free));
    let doubtful = |view: View| View {
        means: Means::GrantToken,
        may_be_sent: true,
        ..view
    };
    let at = |server: &str, view: View| View {
        server: Some(server.into()),
        ..view
    };
    let acquire = |attempt, takes_over| Decision::Acquire {
        attempt,
        takes_over,
    };
    let meanwhile = || Decision::ReturnMeanwhile(seconds(15));
    let fail = |code| Decision::Fail(Refusal::with_code(code));
    let seen = |view: View, time| View {
        seen_for: seconds(time),
        ..view
    };
    let aged = |view: View, time| View {
        age: seconds(time),
        ..view
    };
    let with = |view: View, means| View { means, ..view };
    let insists = |view: View| View {
        insists: true,
        ..view
    };
    let own = |view: View| View {
        is_own: true,
        ..view
    };
    for (name, view, decision) in [
        ("good", view(Good, None), Decision::Return),
        ("good with a lease", view(Good, held(1)), Decision::Return),
        ("free, usable", view(Usable, None), acquire(1, false)),
        ("free, unusable", view(Unusable, None), acquire(1, false)),
        ("held, usable", view(Usable, held(1)), meanwhile()),
        ("held, unusable", view(Unusable, held(1)), Decision::Wait),
        (
            "just before the end",
            seen(view(Unusable, held(1)), 14),
            Decision::Wait,
        ),
        ("over", seen(view(Unusable, held(1)), 15), acquire(2, true)),
        (
            "over, usable",
            seen(view(Usable, held(1)), 15),
            acquire(2, true),
        ),
        (
            "second attempt",
            seen(view(Unusable, held(2)), 29),
            Decision::Wait,
        ),
        (
            "second attempt over",
            seen(view(Unusable, held(2)), 30),
            acquire(3, true),
        ),
        (
            "within the skew",
            aged(view(Unusable, held(1)), 614),
            Decision::Wait,
        ),
        (
            "beyond any skew",
            aged(view(Unusable, held(1)), 615),
            acquire(2, true),
        ),
        ("own", own(view(Unusable, held(3))), acquire(3, false)),
        (
            "failed, usable",
            view(Usable, note(1, "http_503")),
            meanwhile(),
        ),
        (
            "failed",
            view(Unusable, note(1, "http_503")),
            fail("http_503"),
        ),
        (
            "before the pause ends",
            seen(view(Unusable, note(1, "http_503")), 59),
            fail("http_503"),
        ),
        (
            "after the pause",
            seen(view(Unusable, note(1, "http_503")), 60),
            acquire(2, false),
        ),
        (
            "after the pause, by age",
            aged(view(Unusable, note(1, "http_503")), 60),
            acquire(2, false),
        ),
        (
            "longer pause",
            seen(view(Unusable, note(2, "throttled")), 119),
            fail("throttled"),
        ),
        (
            "dead",
            aged(view(Unusable, note(1, "invalid_code")), 1 << 20),
            fail("invalid_code"),
        ),
        (
            "dead, usable",
            view(Usable, note(1, "invalid_code")),
            meanwhile(),
        ),
        (
            "dead, insists",
            insists(view(Unusable, note(1, "invalid_code"))),
            acquire(2, false),
        ),
        (
            "nothing",
            with(view(Unusable, None), Means::Nothing),
            Decision::LogIn,
        ),
        (
            "nothing, usable",
            with(view(Usable, None), Means::Nothing),
            meanwhile(),
        ),
        (
            "grant",
            with(view(Unusable, None), Means::GrantToken),
            acquire(1, false),
        ),
        (
            "grant held",
            with(seen(view(Unusable, held(1)), 15), Means::GrantToken),
            acquire(2, true),
        ),
        (
            "grant on its way",
            doubtful(view(Unusable, sending())),
            Decision::Wait,
        ),
        (
            "grant lost",
            doubtful(seen(view(Unusable, sending()), 15)),
            Decision::Unsettled,
        ),
        (
            "grant lost long ago",
            doubtful(aged(view(Unusable, sending()), 1 << 20)),
            Decision::Unsettled,
        ),
        (
            "grant on its way, insists",
            insists(doubtful(view(Unusable, sending()))),
            Decision::Wait,
        ),
        (
            "grant lost, insists",
            insists(doubtful(seen(view(Unusable, sending()), 15))),
            acquire(2, true),
        ),
        (
            "grant lost, refresh",
            seen(view(Unusable, sending()), 15),
            acquire(2, true),
        ),
        (
            "grant lost, another grant",
            with(seen(view(Unusable, sending()), 15), Means::GrantToken),
            acquire(2, true),
        ),
        (
            "grant lost, a refresh has begun",
            doubtful(view(Unusable, held(1))),
            Decision::Wait,
        ),
        (
            "grant lost, a refresh was lost",
            doubtful(seen(view(Unusable, held(1)), 15)),
            Decision::Unsettled,
        ),
        (
            "grant lost, a refresh was refused",
            doubtful(view(Unusable, note(1, "http_503"))),
            Decision::Unsettled,
        ),
        (
            "grant lost, a refresh was saved",
            doubtful(view(Unusable, free())),
            Decision::Unsettled,
        ),
        (
            "grant lost, a refresh was saved, insists",
            insists(doubtful(view(Unusable, free()))),
            acquire(1, false),
        ),
        (
            "free, for a refresh",
            view(Usable, free()),
            acquire(1, false),
        ),
        (
            "dead at another server",
            view(Unusable, note_of_eu("invalid_code")),
            Decision::FailElsewhere(Refusal::with_code("invalid_code")),
        ),
        (
            "dead at another server, after the pause",
            aged(view(Unusable, note_of_eu("invalid_code")), 60),
            acquire(2, false),
        ),
        (
            "dead at this server",
            at(
                "eu",
                aged(view(Unusable, note_of_eu("invalid_code")), 1 << 20),
            ),
            fail("invalid_code"),
        ),
        (
            "another server is away",
            view(Unusable, note_of_eu("http_503")),
            fail("http_503"),
        ),
    ] {
        assert_eq!(decide(&view, &timing), decision, "{name}");
    }
}

#[test]
fn bases_are_those_of_the_vectors() {
    let vectors = include_str!("../../../docs/format-vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    for vector in vectors["lease_bases"].as_array().unwrap() {
        let columns = vector["columns"].as_object().unwrap().iter();
        let token = columns.fold(OAuthToken::builder(), |token, (column, value)| {
            token.field(column.parse().unwrap(), value.as_str().unwrap())
        });
        let base = base_of(&token.build().unwrap());
        assert_eq!(base, vector["base"].as_str().unwrap(), "{vector}");
    }
}

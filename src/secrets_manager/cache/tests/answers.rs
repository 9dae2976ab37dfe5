//! Which record a query denotes: answers, and candidates that the list may not show.

use super::*;

#[test]
fn an_answer_holds_for_every_query_with_the_same_deciding_fields() {
    let cache = cache();
    load(&cache, "id=1 user_name=u client_id=c access_token=a");
    answer(&cache, "user_name=u client_id=c", Field::UserName, "1");
    assert_eq!(
        found(&cache, "user_name=u client_id=c").as_deref(),
        Some("1")
    );
    assert_eq!(
        found(&cache, "user_name=u client_id=c access_token=x").as_deref(),
        Some("1")
    );
    assert_eq!(
        found(&cache, "user_name=u"),
        None,
        "another query: the record of another client may come first"
    );
    assert_eq!(found(&cache, "user_name=u client_id=d"), None);
}

#[test]
fn an_answer_leads_only_to_a_record_that_still_matches() {
    let cache = cache();
    load(&cache, "id=1 user_name=u");
    answer(&cache, "user_name=u", Field::UserName, "1");
    load(&cache, "id=1 user_name=v");
    assert_eq!(found(&cache, "user_name=u"), None);
}

#[test]
fn a_write_ends_the_answers_that_it_may_change_and_no_others() {
    let cache = cache();
    load(&cache, "id=1 refresh_token=r client_id=c client_secret=s");
    load(&cache, "id=2 user_name=w access_token=a");
    let by_refresh = "user_name=u refresh_token=r client_id=c client_secret=s";
    answer(&cache, by_refresh, Field::RefreshToken, "1");
    answer(&cache, "user_name=w", Field::UserName, "2");

    write(
        &cache,
        "id=2 user_name=w access_token=b",
        Some("id=2 user_name=w access_token=a"),
    );
    assert_eq!(found(&cache, by_refresh).as_deref(), Some("1"));
    assert_eq!(
        found(&cache, "user_name=w").as_deref(),
        Some("2"),
        "a refresh changes no answer by user"
    );

    write(&cache, "id=3 user_name=u", None);
    assert_eq!(
        found(&cache, by_refresh),
        None,
        "the user is stronger, and now there is one"
    );
}

#[test]
fn reads_that_found_nothing_end_no_answer() {
    let cache = cache();
    load(&cache, "id=1 user_name=u");
    answer(&cache, "user_name=u", Field::UserName, "1");
    // More than there are counters.
    for number in 0..100_000 {
        let id = format!("none-{number}");
        cache.missing(&id, cache.generation_of_record(&id));
    }
    assert_eq!(found(&cache, "user_name=u").as_deref(), Some("1"));
}

#[test]
fn what_was_written_is_a_candidate_by_every_key() {
    for capacity in [0, 100] {
        let cache = Cache::new(entries(capacity), MINUTE, Duration::ZERO, Clock::default());
        write(&cache, "id=1 user_name=u access_token=a", None);
        write(&cache, "id=2 user_name=u access_token=b", None);
        assert_eq!(cache.recent_candidates(&token("user_name=u")), ["1", "2"]);
        assert_eq!(cache.recent_candidates(&token("access_token=b")), ["2"]);
        assert_eq!(cache.recently_written(), ["1", "2"]);
    }
}

#[test]
fn a_record_is_a_candidate_only_by_keys_that_it_was_not_read_without() {
    let cache = cache();
    let partial = token("access_token=a");
    for id in 1..=3 {
        write(&cache, &format!("id={id} access_token=a"), None);
    }
    assert_eq!(cache.recent_candidates(&partial), ["1", "2", "3"]);
    load(&cache, "id=1 access_token=b");
    write(&cache, "id=2 access_token=b", None);
    assert_eq!(cache.recent_candidates(&partial), ["3"]);
    let late = entry("id=3 access_token=b");
    cache.perhaps_written(&token("id=3 access_token=a"));
    cache.loaded(&Arc::new(late), cache.generation_of_record("3"));
    assert_eq!(
        cache.recent_candidates(&partial),
        ["3"],
        "it was read before"
    );
}

#[test]
fn of_answers_there_are_no_more_than_records_account_for() {
    let cache = Cache::new(entries(1), MINUTE, Duration::ZERO, Clock::default());
    load(&cache, "id=1 user_name=u");
    for client in 0..9 {
        let partial = format!("user_name=u client_id={client}");
        answer(&cache, &partial, Field::UserName, "1");
    }
    assert_eq!(
        (cache.records.len(), cache.answers.len()),
        (1, ANSWERS_PER_RECORD)
    );
}

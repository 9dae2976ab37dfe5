//! The report of an import: one line for each row.

use std::collections::BTreeMap;

/// How often each result is in a report.
pub fn results(report: &str) -> BTreeMap<String, usize> {
    let mut results = BTreeMap::new();
    for line in report.lines() {
        let result = line.split('\t').nth(1).expect("a row has a result");
        *results.entry(result.to_owned()).or_default() += 1;
    }
    results
}

pub fn is(report: &str, expected: &[(&str, usize)]) {
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(result, number)| ((*result).to_owned(), *number))
        .collect();
    assert_eq!(results(report), expected, "{report}");
}

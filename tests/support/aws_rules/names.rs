//! Which secret a request names, and whether an action changes it.

/// Returns the name in a name or ARN, and the ARN if it is a complete one.
pub fn resolve(id: &str) -> (&str, Option<&str>) {
    let Some((_, rest)) = id.split_once(":secret:") else {
        return (id, None);
    };
    // An ARN ends in a hyphen and six characters, and may be given without them.
    let end = rest
        .len()
        .checked_sub(7)
        .filter(|&end| rest.is_char_boundary(end));
    match end.map(|end| rest.split_at(end)) {
        Some((name, ending)) if is_ending_of_arn(ending) => (name, Some(id)),
        _ => (rest, None),
    }
}

/// Returns whether the text is a hyphen and six letters or digits.
pub fn is_ending_of_arn(text: &str) -> bool {
    let six = text.strip_prefix('-').filter(|six| six.len() == 6);
    six.is_some_and(|six| six.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Returns whether an action changes a secret.
pub fn is_write(action: &str) -> bool {
    const READS: [&str; 7] = [
        "BatchGetSecretValue",
        "DescribeSecret",
        "GetRandomPassword",
        "GetResourcePolicy",
        "GetSecretValue",
        "ListSecretVersionIds",
        "ListSecrets",
    ];
    !READS.contains(&action)
}

//! Where rows are, as the command line names it: the URL of a database, or the name of a file. A URL may
//! have a password, so it is never printed.

use crate::failure::Failure;

/// Whether this is the URL of a MySQL database, and not a file.
///
/// # Errors
///
/// If it is another URL. The error does not quote it.
pub fn is_mysql(location: &str) -> Result<bool, Failure> {
    let Some((scheme, _)) = location.split_once("://") else {
        return Ok(false);
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(is_scheme) || scheme.starts_with('.') {
        return Ok(false);
    }
    match scheme {
        "mysql" => Ok(true),
        _ => Err(Failure::Usage(
            "a URL must begin with mysql://, which MariaDB has, too; a file is given by its name"
                .to_owned(),
        )),
    }
}

/// The name of a file as it may be printed. `root:password@host` may be a URL without its beginning.
pub fn shown(location: &str) -> &str {
    match location.contains('@') && location.contains(':') {
        true => "what is given",
        false => location,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_files() {
        assert!(is_mysql("mysql://root@localhost/db").unwrap());
        for file in [
            "-",
            "sdk_tokens.txt",
            "C:\\tokens.txt",
            "./a://b",
            "a b://c",
            "://",
        ] {
            assert!(!is_mysql(file).unwrap(), "{file}");
        }
        for url in [
            "mariadb://root:pw@h/db",
            "MYSQL://root:pw@h/db",
            "postgres://h",
            "mysql+ssl://h",
        ] {
            let Err(Failure::Usage(problem)) = is_mysql(url) else {
                panic!("{url}");
            };
            assert!(!problem.contains("pw"), "{problem}");
        }
    }

    #[test]
    fn what_may_have_a_password_is_not_shown() {
        assert_eq!(shown("tokens.txt"), "tokens.txt");
        for secret in ["root:pw@h/db", "mysql:/root:pw@h/db"] {
            assert!(!shown(secret).contains("pw"));
        }
    }
}

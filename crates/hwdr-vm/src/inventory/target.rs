//! Where backups are kept besides the folder: what may be written there, and nothing that rclone or a shell reads otherwise.

/// Where backups are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A folder of a remote in rclone's configuration: `NAME:PATH`.
    Rclone(String),
    /// A bucket.
    S3(Bucket),
}

/// A bucket. Its keys come from the environment or `~/.aws`, as for every tool of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The folder in it.
    pub prefix: Option<String>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// The server, if it is not AWS.
    pub endpoint: Option<String>,
}

/// A remote that is in rclone's configuration, and a path. Remotes that are written out (`:s3,secret_access_key=…:`) would put
/// passwords on command lines.
pub(super) fn is_remote(text: &str) -> bool {
    let Some((name, path)) = text.split_once(':') else { return false };
    let is_name = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.+@-".contains(&byte));
    is_name && name.len() <= 100 && (path.is_empty() || is_path(path.strip_prefix('/').unwrap_or(path)))
}

/// A folder in a bucket.
pub(super) fn is_prefix(text: &str) -> bool {
    is_path(text)
}

fn is_path(text: &str) -> bool {
    text.len() <= 500
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.+=@-".contains(&byte))
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// The name of a bucket (S3's documentation, "General purpose bucket naming rules").
pub(super) fn is_bucket(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&text.len())
        && text.starts_with(is_word)
        && text.ends_with(is_word)
        && text.chars().all(|c| is_word(c) || c == '.' || c == '-')
}

pub(super) fn is_region(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The address of a server, without user, password or query.
pub(super) fn is_endpoint(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        (1..=300).contains(&host.len())
            && host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]/_".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_rclone_finds_in_its_configuration_is_a_remote() {
        for good in ["archive:", "archive:hopsworks", "my-s3_2:bucket/a.b/c=d", "sftp:/srv/backups"] {
            assert!(is_remote(good), "{good}");
        }
        for bad in [
            "archive",
            "/srv/backups",
            ":s3,secret_access_key=x:bucket",
            "archive,pass=x:b",
            "-archive:b",
            "a:b/../c",
            "a:b//c",
            "a:b c",
            "a:b/",
            "",
        ] {
            assert!(!is_remote(bad), "{bad}");
        }
    }

    #[test]
    fn a_server_has_no_password_in_its_address() {
        assert!(is_endpoint("https://minio.example:9000") && is_endpoint("http://[::1]:9000"));
        for bad in ["minio.example", "https://u:p@minio.example", "https://x?y", "https://", "ftp://x"] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }
}

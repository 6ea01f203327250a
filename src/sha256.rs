//! SHA-256, as people and Kubernetes write it.

use sha2::{Digest as _, Sha256};

/// The hash of `data` in 64 hexadecimal digits.
pub fn hex(data: impl AsRef<[u8]>) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first `digits` of them: a name, where two that are the same by chance do no harm.
pub fn short(data: impl AsRef<[u8]>, digits: usize) -> String {
    let mut hex = hex(data);
    hex.truncate(digits);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_as_sha256sum_does() {
        // echo -n key | sha256sum
        assert_eq!(hex("key"), "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683");
        assert_eq!(short("key", 6), "2c70e1");
    }
}

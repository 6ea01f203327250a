//! Names that Kubernetes and Helm accept, to check what others may have written.

/// Whether `name` can be the name of a Kubernetes object (RFC 1123, a subdomain).
pub fn is_object(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Whether `name` can be the name of a namespace (RFC 1123, a label).
pub fn is_namespace(name: &str) -> bool {
    name.len() <= 63 && is_label(name)
}

/// Whether `name` can be the name of a release (helm, `pkg/chart/util/validate_name.go`): never a flag, nor more than one word.
pub fn is_release(name: &str) -> bool {
    name.len() <= 53 && is_object(name)
}

fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    label.bytes().next().is_some_and(is_inner)
        && label.bytes().next_back().is_some_and(is_inner)
        && label.bytes().all(|byte| is_inner(byte) || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kubernetes_own() {
        for name in ["a", "node-group-0", "hwdr-before-254811200-20260213153627-k8s-backups-main", "0", "a.b-c.d"] {
            assert!(is_object(name), "{name}");
        }
        for name in ["", "-a", "a-", "A", "a_b", "a/b", "../a", "a..b", ".a", "a.", "a b", "a\n", "--kubeconfig=x", "é"]
        {
            assert!(!is_object(name) && !is_namespace(name) && !is_release(name), "{name}");
        }
        assert!(is_object(&"a".repeat(253)) && !is_object(&"a".repeat(254)));
        assert!(is_namespace(&"a".repeat(63)) && !is_namespace(&"a".repeat(64)) && !is_namespace("a.b"));
        assert!(is_release(&"a".repeat(53)) && !is_release(&"a".repeat(54)) && is_release("hops.prod"));
    }
}

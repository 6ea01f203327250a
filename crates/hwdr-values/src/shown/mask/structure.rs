//! Finds credentials by the structure of YAML: in Secrets, under credential keys and in environments, even if an
//! alias or a merge key brings them from elsewhere.

use std::collections::{HashMap, HashSet};

use super::is_credential;
use crate::source::Span;
use crate::yaml::{Data, NodeId, Style, Tree};

/// The annotation in which kubectl keeps a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Names of a container's environment variables contain these (not always as keys in values do).
const VARIABLES: [&str; 5] = ["PASS", "SECRET", "KEY", "TOKEN", "CREDENTIAL"];

/// Calls `hide` for each part of a text that is a credential; never if the text is not YAML.
pub(super) fn find(text: &str, hide: &mut dyn FnMut(Span)) {
    let Ok(tree) = Tree::parse(text) else { return };
    let is_mapping = |id: &NodeId| matches!(tree.node(*id).data, Data::Mapping { .. });
    let facts = tree.ids().filter(is_mapping).map(|id| (id, Facts::of(&tree, id))).collect();
    let mut search =
        Search { tree: &tree, hide, facts, done: HashSet::new(), kinds: HashMap::new(), secrets: HashSet::new() };
    for id in tree.ids().filter(is_mapping) {
        search.mapping(id);
    }
}

/// A mapping's own facts, found in one pass: it may be merged into many.
#[derive(Default)]
struct Facts {
    kind: Option<Kind>,
    is_variable: bool,
    value: Option<NodeId>,
    items: Option<NodeId>,
    merges: Vec<NodeId>,
}

impl Facts {
    fn of(tree: &Tree, id: NodeId) -> Self {
        let mut facts = Self::default();
        for &(key, value) in tree.entries(id) {
            if tree.is_merge_key(key) {
                facts.merges.extend(tree.merged(value).into_iter().map(|map| tree.resolve(map)));
            }
            match tree.scalar(key) {
                Some("kind") => {
                    facts.kind = match tree.scalar(value) {
                        Some("Secret") => Some(Kind::Secret),
                        Some("SecretList") => Some(Kind::Secrets),
                        _ => None,
                    }
                }
                Some("name") => {
                    let name = tree.scalar(value).unwrap_or_default().to_ascii_uppercase();
                    facts.is_variable = VARIABLES.iter().any(|word| name.contains(word));
                }
                Some("value") => facts.value = Some(value),
                Some("items") => facts.items = Some(value),
                _ => {}
            }
        }
        facts
    }
}

/// The kind of object that a mapping is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Other,
    Secrets,
    Secret,
}

struct Search<'t> {
    tree: &'t Tree,
    hide: &'t mut dyn FnMut(Span),
    /// What is hidden with everything in it: each node once, however many aliases there are.
    done: HashSet<NodeId>,
    facts: HashMap<NodeId, Facts>,
    /// The kinds that mappings claim. Each mapping is inspected once, however often it is merged in.
    kinds: HashMap<NodeId, Kind>,
    /// Those hidden as Secrets.
    secrets: HashSet<NodeId>,
}

impl Search<'_> {
    fn mapping(&mut self, id: NodeId) {
        let tree = self.tree;
        for &(key, value) in tree.entries(id) {
            let Some(key) = tree.scalar(key) else { continue };
            if key == LAST_APPLIED || is_credential(key) && self.is_text(value) {
                self.all_of(value);
            }
        }
        match self.kind(id) {
            Kind::Secret => self.secret(id),
            // Its items do not state their kind.
            Kind::Secrets => {
                for item in self.own(id, |facts| facts.items.map(|items| tree.items(items).to_vec())).concat() {
                    self.secret(item);
                }
            }
            Kind::Other => {}
        }
        if self.own(id, |facts| facts.is_variable.then_some(())).is_empty() {
            return;
        }
        for value in self.own(id, |facts| facts.value) {
            self.all_of(value);
        }
    }

    /// A fact of a mapping and of the mappings merged into it.
    fn own<T>(&self, id: NodeId, of: impl Fn(&Facts) -> Option<T>) -> Vec<T> {
        let merges = self.facts.get(&id).into_iter().flat_map(|facts| &facts.merges);
        std::iter::once(&id).chain(merges).filter_map(|id| of(self.facts.get(id)?)).collect()
    }

    /// The kind of object that a mapping claims to be, itself or through a merge.
    fn kind(&mut self, id: NodeId) -> Kind {
        let tree = self.tree;
        // Merges of merges, innermost first.
        let mut open = vec![(tree.resolve(id), false)];
        while let Some((id, is_seen)) = open.pop() {
            let known = |kinds: &HashMap<NodeId, Kind>, id| kinds.get(&id).copied();
            if known(&self.kinds, id).is_some() {
                continue;
            }
            let merges = self.merges(id);
            if !is_seen {
                open.push((id, true));
                open.extend(merges.into_iter().map(|merge| (merge, false)));
                continue;
            }
            let merged = || merges.iter().filter_map(|merge| known(&self.kinds, *merge)).max();
            let own = self.facts.get(&id).and_then(|facts| facts.kind);
            let kind = own.or_else(merged).unwrap_or(Kind::Other);
            self.kinds.insert(id, kind);
        }
        self.kinds.get(&tree.resolve(id)).copied().unwrap_or(Kind::Other)
    }

    /// The mappings that are merged into one.
    fn merges(&self, id: NodeId) -> Vec<NodeId> {
        self.facts.get(&id).map(|facts| facts.merges.clone()).unwrap_or_default()
    }

    /// Hides what a Secret holds: every occurrence, if it is written twice or merged in.
    fn secret(&mut self, id: NodeId) {
        let tree = self.tree;
        let mut open = vec![tree.resolve(id)];
        while let Some(id) = open.pop() {
            if !self.secrets.insert(id) {
                continue;
            }
            open.extend(self.merges(id));
            for &(key, value) in tree.entries(id) {
                match tree.scalar(key) {
                    Some("data" | "stringData") => self.all_of(value),
                    Some("metadata") => {
                        for &(key, value) in tree.entries(value) {
                            if tree.scalar(key) == Some("annotations") {
                                self.all_of(value);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a value is a text, or a list of texts: a mapping has keys of its own. Switches are excluded.
    fn is_text(&self, value: NodeId) -> bool {
        let tree = self.tree;
        let is_scalar = |id: NodeId| match &tree.node(tree.resolve(id)).data {
            Data::Scalar { value, style } => *style != Style::Plain || !super::is_plain(value),
            _ => false,
        };
        is_scalar(value) || tree.items(value).iter().any(|item| is_scalar(*item))
    }

    /// Hides all scalars in a node, wherever they are. Keys of mappings stay.
    fn all_of(&mut self, id: NodeId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let id = self.tree.resolve(id);
            if !self.done.insert(id) {
                continue;
            }
            match &self.tree.node(id).data {
                Data::Scalar { .. } => (self.hide)(self.tree.node(id).span),
                Data::Sequence { items, .. } => open.extend(items),
                Data::Mapping { entries, .. } => open.extend(entries.iter().map(|(_, value)| value)),
                Data::Alias(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::shown::mask::{document, short};

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        for text in [
            "kind: List\nitems:\n- kind: Secret\n  data:\n    a: SEEN\n    b: |\n      SEEN\n- kind: ConfigMap\n  data: {a: open}\n",
            "kind: SecretList\nitems:\n- data: {a: SEEN}\n- metadata: {annotations: {x: SEEN}}\n  stringData: {a: open-SEEN}\n",
            "kind: List\nitems:\n- kind: List\n  items:\n  - {kind: Secret, data: {a: SEEN}}\n  - {kind: ConfigMap, data: {a: open}}\n",
            "x: &secret {kind: Secret}\ny:\n  <<: *secret\n  data: {a: SEEN}\nopen: open\n",
            "kind: Secret\nx: &x {a: SEEN}\ndata:\n  <<: *x\nopen: open\n",
            "kind: Secret\ndata: {a: SEEN}\ndata: {b: open-SEEN}\n",
            "kind: ConfigMap\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"a\":\"SEEN\"}\ndata: {a: open}\n",
            "x: &p SEEN\ny:\n  password: *p\nz: open\n",
            "? password\n: SEEN\nopen: open\n",
            "{password:\nSEEN, open: open}\n",
            "env:\n- {name: AWS_SECRET_ACCESS_KEY, value: SEEN}\n- name: OPENSEARCH_PASSWORD\n  value: 'SEEN'\n- {name: BUCKET, value: open}\n",
            "env:\n- value: SEEN\n  name: DB_PASSWORD\n- {name: KEY, valueFrom: {secretKeyRef: {name: open, key: open}}}\n",
            "x: &v {value: SEEN}\nenv:\n- {name: PASSWORD, <<: *v}\nopen: open\n",
            "passwords: [SEEN, SEEN]\nopen: open\n",
            "password: on SEEN\nopen: open\n",
            "env:\n- {name: DB_PASS, value: SEEN}\nopen: open\n",
        ] {
            for masked in [document(text), short(text)] {
                assert!(!masked.contains("SEEN"), "{masked}");
                assert!(masked.contains("open") || text.contains("open-SEEN"), "{masked}");
                assert_eq!(masked.lines().count(), text.lines().count(), "{masked}");
            }
            assert_eq!(document(text).len(), text.len());
        }
    }

    #[test]
    fn many_merges_take_no_square() {
        let entries: String = (0..10_000).map(|n| format!("  k{n}: 1\n")).collect();
        let merges: String = (0..10_000).map(|n| format!("m{n}: {{<<: *x, data: {{a: SEEN}}}}\n")).collect();
        let began = std::time::Instant::now();
        let masked = document(&format!("x: &x\n{entries}{merges}"));
        assert!(masked.contains('*') && began.elapsed().as_secs() < 20);
    }
}

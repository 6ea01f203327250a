//! What goes into a bundle: objects and logs without credentials.
//!
//! Three nets, one behind the other. Of a Secret, only the names and lengths of its keys are kept. Whatever has the name of a credential loses its
//! value, wherever it is (fields, environments, flags, lines of text, URLs). And the values of all Secrets that could be read are taken out wherever
//! they are, whatever they are called there. All of them hide too much rather than too little.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::Finder;
use serde_json::{Map, Value as Json, json};

use crate::shown::mask::{self, is_credential};

/// What is left of a credential.
const HIDDEN: &str = "***";
/// A value of a Secret that is shorter is no password, and stands in other words.
const SHORTEST: usize = 6;
/// One of nothing but lower-case letters, dots and dashes that is shorter may be a name: of a user, a host, a database.
const NAME: usize = 16;
/// How many values of Secrets are looked for.
const MOST: usize = 4000;
/// How long a text in an object may be.
const TEXT: usize = 64 << 10;
/// How deep an object is looked into.
const DEPTH: usize = 64;
/// A word that is as long, and has a digit, small and capital letters, is a key rather than a name: Kubernetes' names have no capitals.
const KEY: usize = 20;
/// Names of a container's environment variables contain these (as in `shown::mask`).
const VARIABLES: [&str; 6] = ["PASS", "SECRET", "KEY", "TOKEN", "CREDENTIAL", "PWD"];
/// Metadata without use for a reader; the annotation holds a whole object.
const DROPPED: [&str; 2] = ["managedFields", "kubectl.kubernetes.io/last-applied-configuration"];

/// Takes credentials out of what others are given.
#[derive(Default)]
pub struct Redactor {
    known: Vec<Finder<'static>>,
    seen: BTreeSet<String>,
}

impl Redactor {
    /// Learns the values of a Secret, to find them elsewhere. Helm's own records, and hwdr's, hold whole objects and no credentials of their own.
    pub fn learn(&mut self, secret: &Json) {
        if matches!(secret["type"].as_str(), Some("helm.sh/release.v1" | "hwdr.hopsworks.ai/run")) {
            return;
        }
        let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
        let decoded = |value: &str| String::from_utf8(STANDARD.decode(value).ok()?).ok();
        for (key, value) in secret["data"].as_object().into_iter().flatten() {
            let Some(encoded) = value.as_str() else { continue };
            self.add(encoded);
            if let Some(text) = decoded(encoded) {
                self.add_text(key, &text, namespace);
            }
        }
        for (key, value) in secret["stringData"].as_object().into_iter().flatten() {
            self.add_text(key, value.as_str().unwrap_or_default(), namespace);
        }
    }

    /// A whole value, and each of its lines: a certificate's key, a file of credentials.
    fn add_text(&mut self, key: &str, text: &str, namespace: &str) {
        self.add_of(key, text.trim(), namespace);
        for line in text.lines().map(str::trim) {
            self.add(line);
            // `aws_secret_access_key = x`, `password: x`
            if let Some((key, value)) = line.split_once(['=', ':']) {
                self.add_of(key, value.trim().trim_matches(['"', '\'']), namespace);
            }
        }
        // A file of JSON, such as a registry's.
        if let Ok(json) = serde_json::from_str::<Json>(text) {
            self.add_json(&json, DEPTH);
        }
    }

    /// A value under that key. A credential is one even if it looks like a name, but for that of the namespace: without it, nothing could be read.
    fn add_of(&mut self, key: &str, value: &str, namespace: &str) {
        let key = key.to_ascii_uppercase();
        let is_credential = VARIABLES.iter().any(|word| key.contains(word)) && value != namespace;
        if is_credential && value.len() >= SHORTEST { self.find(value) } else { self.add(value) }
    }

    fn add_json(&mut self, value: &Json, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Json::String(text) => self.add(text),
            Json::Array(items) => items.iter().for_each(|item| self.add_json(item, depth)),
            Json::Object(map) => map.values().for_each(|value| self.add_json(value, depth)),
            _ => {}
        }
    }

    fn add(&mut self, value: &str) {
        let is_name =
            value.len() < NAME && value.bytes().all(|byte| byte.is_ascii_lowercase() || b".-_/:".contains(&byte));
        let is_number = value.len() < NAME && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if value.len() >= SHORTEST && !is_name && !is_number {
            self.find(value);
        }
    }

    fn find(&mut self, value: &str) {
        if self.known.len() < MOST && value.len() <= TEXT && self.seen.insert(value.to_owned()) {
            self.known.push(Finder::new(value).into_owned());
        }
    }

    /// A text of several lines: a log, a message.
    pub fn text(&self, text: &str) -> String {
        let masked = mask::document(text);
        let mut out = keyless(&masked);
        for finder in &self.known {
            if finder.find(out.as_bytes()).is_some() {
                let needle = String::from_utf8_lossy(finder.needle()).into_owned();
                out = out.replace(&needle, HIDDEN);
            }
        }
        out
    }

    /// An object.
    pub fn object(&self, object: &Json) -> Json {
        if object["kind"] == "Secret" {
            return secret(object);
        }
        self.value("", object, DEPTH)
    }

    fn value(&self, key: &str, value: &Json, depth: usize) -> Json {
        let Some(depth) = depth.checked_sub(1) else { return json!("… too deep") };
        match value {
            Json::Object(map) if map.get("kind").is_some_and(|kind| kind == "Secret") && map.contains_key("data") => {
                secret(value)
            }
            Json::Object(map) => Json::Object(self.map(key, map, depth)),
            Json::Array(items) => Json::Array(self.list(key, items, depth)),
            Json::String(text) if is_credential(key) && !text.is_empty() => json!(HIDDEN),
            // A switch or a small number is no credential.
            Json::Number(number) if is_credential(key) && number.as_u64().is_none_or(|number| number > 99_999) => {
                json!(HIDDEN)
            }
            Json::String(text) => json!(self.string(text)),
            other => other.clone(),
        }
    }

    fn map(&self, key: &str, map: &Map<String, Json>, depth: usize) -> Map<String, Json> {
        // An entry of an environment, or anything else that has a name and a value.
        let name = map.get("name").and_then(Json::as_str).unwrap_or_default();
        let hides = is_credential(name) || VARIABLES.iter().any(|word| name.to_ascii_uppercase().contains(word));
        let of = |(inner, value): (&String, &Json)| {
            if DROPPED.contains(&inner.as_str()) {
                return None;
            }
            let shown = match value {
                Json::String(text) if hides && inner == "value" && !text.is_empty() => json!(HIDDEN),
                // Texts and bytes below the name of a credential, such as a ConfigMap's `binaryData`.
                Json::String(_) if key == "binaryData" => json!(HIDDEN),
                value => self.value(inner, value, depth),
            };
            // A key may hold anything, too.
            Some((self.string(inner), shown))
        };
        map.iter().filter_map(of).collect()
    }

    /// A command line is a list: what follows `--password` is one.
    fn list(&self, key: &str, items: &[Json], depth: usize) -> Vec<Json> {
        let mut hides_next = false;
        let of = |item: &Json| {
            let text = item.as_str().unwrap_or_default();
            let hide =
                std::mem::take(&mut hides_next) && !text.starts_with('-') || is_credential(key) && item.is_string();
            let flag = text.trim_start_matches('-');
            hides_next = text.starts_with('-') && !text.contains(['=', ' ', '\n']) && is_credential(flag)
                // The short flag of some clients, alone.
                || text == "-p";
            if hide { json!(HIDDEN) } else { self.value("", item, depth) }
        };
        items.iter().map(of).collect()
    }

    fn string(&self, text: &str) -> String {
        let end = text.floor_char_boundary(TEXT);
        let cut = text.get(..end).unwrap_or_default();
        let shown = self.text(cut);
        if end < text.len() { format!("{shown}\n… cut: {} bytes", text.len()) } else { shown }
    }
}

/// Of a Secret: what it is called, and how long its values are.
fn secret(object: &Json) -> Json {
    let sizes = |key: &str| -> Map<String, Json> {
        let data = object[key].as_object().into_iter().flatten();
        data.map(|(name, value)| {
            let text = value.as_str().unwrap_or_default();
            let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
            // Of base64, three of four.
            let bytes =
                if key == "data" { (text.len() / 4).saturating_mul(3).saturating_sub(padding) } else { text.len() };
            (name.clone(), json!(format!("{bytes} bytes")))
        })
        .collect()
    };
    let mut keys = sizes("data");
    keys.extend(sizes("stringData"));
    let metadata = &object["metadata"];
    json!({
        "kind": "Secret",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "creationTimestamp": metadata["creationTimestamp"]},
        "type": object["type"],
        "keys": keys,
    })
}

/// A text without words that look like keys, whatever they are called.
fn keyless(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(if looks_like_a_key(word) { HIDDEN } else { word });
        let next = behind.find(is_part).unwrap_or(behind.len());
        let (between, behind) = behind.split_at_checked(next).unwrap_or((behind, ""));
        out.push_str(between);
        rest = behind;
    }
    out
}

/// Whether a word has what random keys have and names do not.
fn looks_like_a_key(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (small, capital, digits) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase), has(u8::is_ascii_digit));
    // AWS's ids of keys have no small letters.
    let is_key_id = word.len() == KEY && ["AKIA", "ASIA"].iter().any(|front| word.starts_with(front));
    is_key_id || word.len() >= KEY && small >= 2 && capital >= 2 && digits >= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It looks like a word: only its place tells what it is.
    const MARK: &str = "nothing-to-see-here";

    fn of_cluster() -> Redactor {
        let mut redactor = Redactor::default();
        redactor.learn(&json!({"kind": "Secret", "data": {"odd": STANDARD.encode("n0t called a credential"), "user": STANDARD.encode("hopsworks")}}));
        redactor
    }

    /// Each place where a credential may be, with the mark in it, and whether something else has to stay.
    #[test]
    fn a_credential_is_in_no_place_of_an_object() {
        let b64 = STANDARD.encode(MARK);
        for (object, stays) in [
            (
                json!({"kind": "Secret", "metadata": {"name": "s", "annotations": {"a": MARK}, "labels": {"b": MARK}}, "data": {"k": b64}}),
                "\"k\":\"19 bytes\"",
            ),
            (json!({"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": MARK}}), "\"k\":\"19 bytes\""),
            (json!({"kind": "List", "items": [{"kind": "Secret", "data": {"k": b64}}]}), "List"),
            (
                json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"x\":\"{MARK}\"}}"), "kept": "yes"}}}),
                "kept",
            ),
            (json!({"metadata": {"annotations": {"my.org/db-password": MARK}}}), "my.org/db-password"),
            (json!({"metadata": {"annotations": {"note": format!("login with password={MARK}")}}}), "login with"),
            (json!({"metadata": {"managedFields": [{"x": MARK}], "name": "n"}}), "\"name\":\"n\""),
            (json!({"env": [{"name": "DB_PASSWORD", "value": MARK}, {"name": "B", "value": "b"}]}), "\"value\":\"b\""),
            (json!({"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": MARK}]}), "AWS_SECRET_ACCESS_KEY"),
            (json!({"env": [{"name": "DB_URL", "value": format!("mysql://root:{MARK}@db/x")}]}), "@db/x"),
            (
                json!({"env": [{"name": "CONF", "value": format!("user: me\npassword: |\n  {MARK}\nnext: 1")}]}),
                "next: 1",
            ),
            (json!({"args": ["--user", "me", "--password", MARK]}), "\"me\""),
            (json!({"args": [format!("--password={MARK}"), "--x"]}), "--x"),
            (json!({"command": ["mysql", "-p", MARK]}), "mysql"),
            (json!({"command": ["bash", "-c", format!("export TOKEN={MARK}\nrun")]}), "run"),
            (json!({"command": ["curl", "-H", format!("Authorization: Bearer {MARK}")]}), "curl"),
            (
                json!({"kind": "ConfigMap", "data": {"rclone.conf": format!("[s3]\nsecret_access_key = {MARK}\nregion = x")}}),
                "region = x",
            ),
            (
                json!({"kind": "ConfigMap", "data": {"a.yaml": format!("s3:\n  secretKey: &x {MARK}\nother: *x\n")}}),
                "s3:",
            ),
            (json!({"kind": "ConfigMap", "data": {"password": MARK}}), "ConfigMap"),
            (json!({"kind": "ConfigMap", "binaryData": {"k": b64}}), "binaryData"),
            (json!({"status": {"downloadURL": format!("https://b/x?X-Amz-Signature={MARK}&a=1")}}), "https://b/x"),
            (
                json!({"spec": {"config": {"token": MARK}, "credential": {"name": "bsl", "key": "cloud"}}}),
                "\"key\":\"cloud\"",
            ),
            (json!({"spec": {"passwords": [MARK]}}), "passwords"),
            (
                json!({"message": format!("-----BEGIN RSA PRIVATE KEY-----\n{MARK}\n-----END RSA PRIVATE KEY-----")}),
                "message",
            ),
            (
                json!({"note": "said AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}),
                "said *** and ***",
            ),
        ] {
            let shown = of_cluster().object(&object).to_string();
            assert!(!shown.contains(MARK) && !shown.contains(&b64), "{object}\n{shown}");
            assert!(!shown.contains("wJalr") && !shown.contains("AKIAIO"), "{shown}");
            assert!(shown.contains(stays), "{object}\n{shown}");
        }
    }

    /// What a Secret holds is found under any name, and in any text; names of users and hosts stay.
    #[test]
    fn values_of_secrets_are_nowhere() {
        let mut redactor = of_cluster();
        let file = "[default]\naws_access_key_id = ID-1234567\naws_secret_access_key = odd/Value+1\n";
        let registry = json!({"auths": {"r.example.org": {"auth": "bWU6cGFzczEyMw=="}}}).to_string();
        redactor.learn(&json!({"kind": "Secret", "data": {"cloud": STANDARD.encode(file), ".dockerconfigjson": STANDARD.encode(registry)}}));
        redactor.learn(&json!({"kind": "Secret", "stringData": {"pin": "pin-7 7 7"}}));
        let plain = json!({"password": "opensesame", "user": "somebody", "admin-password": "hopsworks"});
        redactor.learn(&json!({"kind": "Secret", "metadata": {"namespace": "hopsworks"}, "stringData": plain}));
        redactor.learn(&json!({"kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": STANDARD.encode("whole release")}}));
        for (text, expected) in [
            ("connecting as n0t called a credential", "connecting as ***"),
            ("say odd/Value+1 twice: odd/Value+1", "say *** twice: ***"),
            ("id ID-1234567.", "id ***."),
            ("auth bWU6cGFzczEyMw==", "auth ***"),
            ("pin-7 7 7", "***"),
            ("somebody says opensesame", "somebody says ***"),
            ("user hopsworks in namespace hopsworks", "user hopsworks in namespace hopsworks"),
            ("a whole release", "a whole release"),
        ] {
            assert_eq!(redactor.text(text), expected);
        }
        let encoded = STANDARD.encode("n0t called a credential");
        assert_eq!(redactor.text(&format!("data: {encoded}")), "data: ***");
        let shown = redactor.object(&json!({"x": {"n0t called a credential": ["n0t called a credential"]}}));
        assert_eq!(shown, json!({"x": {"***": ["***"]}}));
    }

    #[test]
    fn what_a_reader_needs_stays() {
        let pod = json!({
            "kind": "Pod", "metadata": {"name": "rondb-0", "uid": "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "labels": {"app": "x"}},
            "spec": {"containers": [{"name": "c", "image": "docker.hops.works/hwutils:0.9@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "env": [{"name": "BACKUP_ID", "value": "254811200"}, {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}}]}],
                "imagePullSecrets": [{"name": "regcred"}], "automountServiceAccountToken": false, "serviceAccountName": "rondb-backups-sa"},
            "status": {"message": "BackoffLimitExceeded: Job has reached the specified backoff limit", "startTime": "2026-11-29T21:00:00Z"},
        });
        assert_eq!(of_cluster().object(&pod), pod);
        assert_eq!(
            Redactor::default().object(&json!({"a": "é".repeat(TEXT)}))["a"]
                .as_str()
                .map(|text| text.len() < TEXT + 40),
            Some(true)
        );
    }
}

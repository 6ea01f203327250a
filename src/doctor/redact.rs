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
/// How many values of Secrets are looked for. With more of them, nothing may be shown in which they could be.
const MOST: usize = 10_000;
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
    is_full: bool,
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
        let mut is_public = false;
        for line in text.lines().map(str::trim) {
            // The lines of certificates are public, and many.
            is_public |= line.contains("-----BEGIN CERTIFICATE-----");
            if is_public {
                is_public = !line.contains("-----END CERTIFICATE-----");
                continue;
            }
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
        if value.len() > TEXT || self.seen.contains(value) {
            return;
        }
        if self.known.len() >= MOST {
            self.is_full = true;
            return;
        }
        self.seen.insert(value.to_owned());
        self.known.push(Finder::new(value).into_owned());
    }

    /// How many values it looks for, if there are more of them.
    pub fn overflow(&self) -> Option<usize> {
        self.is_full.then_some(MOST)
    }

    /// A text of several lines: a log, a message.
    pub fn text(&self, text: &str) -> String {
        let masked = mask::document(text);
        let mut hidden = vec![false; text.len()];
        let mut hide = |at: usize, length: usize| {
            hidden.iter_mut().skip(at).take(length).for_each(|byte| *byte = true);
        };
        // All three look at the whole text: what one hides is not in the way of the others. Values may overlap.
        keys(&masked).for_each(|(at, word)| hide(at, word.len()));
        for finder in &self.known {
            let length = finder.needle().len();
            finder.find_iter(text.as_bytes()).for_each(|at| hide(at, length));
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0_usize;
        for run in hidden.chunk_by(|one, other| one == other) {
            let end = at.saturating_add(run.len());
            let is_hidden = run.first() == Some(&true);
            out.push_str(masked.get(at..end).filter(|_| !is_hidden).unwrap_or(HIDDEN));
            at = end;
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

/// The words that look like keys, whatever they are called, each with its place.
fn keys(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    let mut at = 0_usize;
    let words = text.split(move |c| !is_part(c)).map(move |word| {
        let place = at;
        // What is between two words is one character, which may have several bytes.
        let behind = text.get(place.saturating_add(word.len())..).and_then(|rest| rest.chars().next());
        at = place.saturating_add(word.len()).saturating_add(behind.map_or(0, char::len_utf8));
        (place, word)
    });
    words.filter(|(_, word)| looks_like_a_key(word))
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

    /// Values that contain or overlap others, or words that hide as something else.
    #[test]
    fn nothing_is_left_of_a_value() {
        let of = |values: &[&str]| {
            let mut redactor = Redactor::default();
            for value in values {
                redactor.learn(&json!({"kind": "Secret", "stringData": {"k": value}}));
            }
            redactor
        };
        for (values, text, expected) in [
            (&["Summer-1", "Summer-1-Winter-2"][..], "as Summer-1-Winter-2 and Summer-1.", "as *** and ***."),
            (&["Summer-1-Mai", "1-Mai-Winter"], "as Summer-1-Mai-Winter.", "as ***."),
            // A word of it looks like a key, and another one is behind a flag.
            (&["my wJalrXUtnFEMI0K7MDENG word"], "say my wJalrXUtnFEMI0K7MDENG word twice", "say *** twice"),
            (&["run --token now ok"], "x: run --token now ok", "x: ***"),
            (&["é Summer-1 é"], "é é Summer-1 é é", "é *** é"),
        ] {
            assert_eq!(of(values).text(text), expected, "{values:?}");
        }
        // A value that is the name of a credential does not hide that one follows.
        let mut redactor = Redactor::default();
        redactor.learn(&json!({"kind": "Secret", "stringData": {"DB_PASSWORD": "password"}}));
        assert!(!redactor.text(&format!("password: {MARK}")).contains(MARK));
    }

    /// A certificate is public; its lines would be in the way of others.
    #[test]
    fn it_says_when_it_knows_not_all() {
        let line = "MIIBkTCCATegAwIBAgIUTo9rAnD0mText0fTheCertificate";
        let certificate = format!(
            "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\nlast-0ne",
            format!("{line}\n").repeat(4)
        );
        let mut redactor = Redactor::default();
        redactor.learn(&json!({"kind": "Secret", "stringData": {"tls.crt": certificate}}));
        assert_eq!((redactor.known.len(), redactor.overflow()), (2, None), "the whole of it, and the last line");
        let many: Vec<_> = (0..=MOST).map(|number| format!("value-{number}-Of-Many")).collect();
        redactor.learn(&json!({"kind": "Secret", "stringData": {"k": many.join("\n")}}));
        assert_eq!(redactor.overflow(), Some(MOST));
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

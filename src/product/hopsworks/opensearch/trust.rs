//! The CA that the chart has for OpenSearch's certificate.
//!
//! Charts name it in two ways: a client gets a file to check the certificate with, or the server's own settings name the CA of its HTTP
//! layer (docs.opensearch.org, "Configuring TLS certificates"). Either is a path; the mount there shows the Secret or ConfigMap.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use serde_json::{Value as Json, json};

use super::{BACKUP, SERVER};
use crate::source::Source;
use crate::topology::read::{items, text};
use crate::topology::{Role, Workload};
use crate::values::read_one;

/// The setting of the server, after its plugin's name (Open Distro's until OpenSearch 1.x).
const SERVERS: [&str; 2] = ["plugins.security", "opendistro_security"];
const SETTING: &str = "ssl.http.pemtrustedcas_filepath";
/// Where the server looks for it, unless its environment says otherwise.
const CONFIG: &str = "/usr/share/opensearch/config";
/// Marks a ConfigMap with the setting as worth reading.
pub(super) const HINT: &str = "pemtrustedcas";
/// What gives any client a CA: variables of curl and OpenSSL, and curl's option.
const BUNDLES: [&str; 2] = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"];
const OPTION: &str = "--cacert";

/// The source of a volume with the CA as `ca.crt`; none if the chart mounts none that can be found.
pub(super) fn ca(clients: &[&Workload], configmaps: &[Json]) -> Option<Json> {
    let settings: Vec<String> = configmaps.iter().flat_map(settings).collect();
    clients.iter().find_map(|client| {
        client.pod.all_containers().find_map(|container| {
            paths(container, client.role, &settings).iter().find_map(|path| mounted(&client.pod.spec, container, path))
        })
    })
}

/// The paths of CAs that a container is given.
fn paths(container: &Json, role: Role, settings: &[String]) -> Vec<String> {
    let mut paths = Vec::new();
    let mut config = vec![CONFIG.to_owned()];
    for entry in items(&container["env"]) {
        let (name, value) = (text(&entry["name"]), text(&entry["value"]));
        let upper = name.to_ascii_uppercase();
        let of_opensearch = ["OPENSEARCH", "ELASTIC"].iter().any(|word| upper.contains(word));
        let names_ca = upper.split('_').any(|word| word.starts_with("CA") && !word.starts_with("CACHE"));
        // Other programs of the application have CAs of their own.
        let of_client = role == BACKUP && BUNDLES.contains(&upper.as_str());
        if of_client || of_opensearch && names_ca || SERVERS.iter().any(|server| name == format!("{server}.{SETTING}"))
        {
            paths.push(value.to_owned());
        }
        if name == "OPENSEARCH_PATH_CONF" {
            config.push(value.to_owned());
        }
    }
    if role == BACKUP {
        let words = ["command", "args"].into_iter().flat_map(|key| items(&container[key])).map(text);
        let mut words = words.flat_map(str::split_whitespace).map(|word| word.trim_matches(['"', '\'']));
        while let Some(word) = words.next() {
            match word.strip_prefix(OPTION) {
                Some("") => paths.extend(words.next().map(str::to_owned)),
                Some(path) => paths.extend(path.strip_prefix('=').map(str::to_owned)),
                None => {}
            }
        }
    }
    if role == SERVER {
        paths.extend(settings.iter().cloned());
    }
    let absolute = |path: String| match path.starts_with('/') {
        true => vec![path],
        false => config.iter().map(|folder| format!("{}/{path}", folder.trim_end_matches('/'))).collect(),
    };
    paths.into_iter().filter(|path| !path.is_empty()).flat_map(absolute).collect()
}

/// The paths in a ConfigMap's settings of the server, in `opensearch.yml`, flat or nested.
fn settings(configmap: &Json) -> Vec<String> {
    let files = configmap["data"].as_object().into_iter().flatten().map(|(_, content)| text(content));
    let files = files.filter(|content| content.contains(HINT));
    let named = files.filter_map(|content| {
        let settings = read_one(Source::new("opensearch.yml", content)).ok()?.to_json();
        SERVERS.iter().find_map(|server| at(&settings, &format!("{server}.{SETTING}")))
    });
    named.collect()
}

/// The text at a key with dots, each of which may be a nested level.
fn at(map: &Json, key: &str) -> Option<String> {
    if let Some(found) = map.get(key) {
        return found.as_str().map(str::to_owned);
    }
    let ends = key.match_indices('.').map(|(end, _)| end);
    ends.filter_map(|end| Some((map.get(key.get(..end)?)?, key.get(end + 1..)?)))
        .find_map(|(inner, rest)| at(inner, rest))
}

/// What is mounted into `container` at `path`: the Secret or ConfigMap, with this key alone.
fn mounted(pod: &Json, container: &Json, path: &str) -> Option<Json> {
    let mounts = items(&container["volumeMounts"]);
    let behind = |mount: &Json| -> Option<(String, Json)> {
        let rest = path.strip_prefix(text(&mount["mountPath"]).trim_end_matches('/'))?;
        let file = match (rest.strip_prefix('/'), text(&mount["subPath"])) {
            // The file alone is mounted.
            (None, file) if rest.is_empty() => file.to_owned(),
            (Some(file), "") => file.to_owned(),
            (Some(file), folder) => format!("{folder}/{file}"),
            _ => return None,
        };
        Some((file, mount["name"].clone()))
    };
    let deepest = mounts.filter(|mount| behind(mount).is_some()).max_by_key(|mount| text(&mount["mountPath"]).len())?;
    let (file, name) = behind(deepest)?;
    let volume = items(&pod["volumes"]).find(|volume| volume["name"] == name)?;
    let sources: Vec<&Json> = std::iter::once(volume).chain(items(&volume["projected"]["sources"])).collect();
    let named = sources.iter().filter(|source| lists(source)).find_map(|source| one_key(source, &file));
    // A source without a list has all its keys, whatever they are: with several of them it is not known whose the file is, and a pod that mounts a
    // missing key never starts.
    let mut whole = sources.iter().filter(|source| !lists(source)).filter_map(|source| one_key(source, &file));
    named.or_else(|| whole.next().filter(|_| whole.next().is_none()))
}

/// Whether a source lists the keys to mount.
fn lists(source: &Json) -> bool {
    ["secret", "configMap"].iter().any(|kind| source[kind]["items"].is_array())
}

/// A volume source of only the key that is mounted as `file`.
fn one_key(source: &Json, file: &str) -> Option<Json> {
    let (kind, name, of) = if source["secret"].is_object() {
        let secret = &source["secret"];
        // A source of a projected volume calls it `name`.
        ("secret", "secretName", secret["secretName"].as_str().or(secret["name"].as_str())?)
    } else {
        ("configMap", "name", source["configMap"]["name"].as_str()?)
    };
    let key = match source[kind]["items"].as_array() {
        Some(listed) => text(&listed.iter().find(|item| text(&item["path"]) == file)?["key"]),
        None => file,
    };
    let plain = !key.is_empty() && !key.contains('/');
    plain.then(|| json!({kind: {name: of, "items": [{"key": key, "path": "ca.crt"}]}}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::FIRST;

    fn workload(role: Role, container: Json, volumes: Json) -> Workload {
        let spec = json!({"containers": [container], "volumes": volumes});
        let object = json!({"metadata": {"name": "it"}, "spec": {"template": {"spec": spec}}});
        Workload { role, ..Workload::of(FIRST, 0, "StatefulSet", &object).unwrap() }
    }

    fn found(role: Role, container: Json, volumes: Json, configmaps: &[Json]) -> Option<Json> {
        let workload = workload(role, container, volumes);
        ca(&[&workload], configmaps)
    }

    #[test]
    fn the_ca_of_the_servers_settings_is_found_behind_its_mount() {
        let secret =
            |key: &str| Some(json!({"secret": {"secretName": "certs", "items": [{"key": key, "path": "ca.crt"}]}}));
        let whole = json!([{"name": "c", "secret": {"secretName": "certs"}}]);
        let folder = json!({"volumeMounts": [{"name": "c", "mountPath": "/usr/share/opensearch/config/certs/"}]});
        let file = json!({"volumeMounts": [{"name": "c", "mountPath": "/usr/share/opensearch/config/root-ca.pem", "subPath": "ca.pem"}]});
        let lines = (1..40).map(|level| format!("l{level}: &l{level} [*l{0}, *l{0}]\n", level - 1));
        let bomb = format!("pemtrustedcas: &l0 [x]\n{}", lines.collect::<String>());
        for (settings, container, volumes, expected) in [
            ("plugins.security.ssl.http.pemtrustedcas_filepath: certs/ca.pem", &folder, &whole, secret("ca.pem")),
            (
                "plugins:\n  security:\n    ssl:\n      http:\n        pemtrustedcas_filepath: certs/ca.pem\n",
                &folder,
                &whole,
                secret("ca.pem"),
            ),
            (
                "plugins.security:\n  ssl.http:\n    pemtrustedcas_filepath: certs/ca.pem\n",
                &folder,
                &whole,
                secret("ca.pem"),
            ),
            (
                "opendistro_security.ssl.http.pemtrustedcas_filepath: /usr/share/opensearch/config/certs/tls/ca.pem",
                &folder,
                &whole,
                None,
            ),
            ("opendistro_security.ssl.http.pemtrustedcas_filepath: root-ca.pem", &file, &whole, secret("ca.pem")),
            // The CA between the nodes is another one.
            ("plugins.security.ssl.transport.pemtrustedcas_filepath: certs/ca.pem", &folder, &whole, None),
            ("plugins.security.ssl.http.pemtrustedcas_filepath: certs/ca.pem", &file, &whole, None),
            // Made by the pod itself.
            (
                "plugins.security.ssl.http.pemtrustedcas_filepath: certs/ca.pem",
                &folder,
                &json!([{"name": "c", "emptyDir": {}}]),
                None,
            ),
            ("pemtrustedcas: [", &folder, &whole, None),
            (&bomb, &folder, &whole, None),
        ] {
            let configmap = json!({"data": {"opensearch.yml": settings, "other": "x"}});
            let found = found(SERVER, container.clone(), volumes.clone(), &[configmap]);
            assert_eq!(found, expected, "{settings}");
        }
    }

    #[test]
    fn one_key_alone_is_mounted_and_never_a_private_one() {
        let setting =
            json!({"data": {"opensearch.yml": "plugins.security.ssl.http.pemtrustedcas_filepath: certs/root.pem"}});
        let container = json!({"volumeMounts": [{"name": "c", "mountPath": "/usr/share/opensearch/config/certs"}]});
        let items = json!([{"key": "tls.key", "path": "node.pem"}, {"key": "ca.crt", "path": "root.pem"}]);
        for (volume, expected) in [
            (
                json!({"secret": {"secretName": "s", "items": items}}),
                json!({"secret": {"secretName": "s", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
            ),
            (
                json!({"configMap": {"name": "m"}}),
                json!({"configMap": {"name": "m", "items": [{"key": "root.pem", "path": "ca.crt"}]}}),
            ),
            // The first may or may not have a key of that name.
            (
                json!({"projected": {"sources": [{"configMap": {"name": "m"}}, {"secret": {"name": "s", "items": items}}]}}),
                json!({"secret": {"secretName": "s", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
            ),
            (json!({"projected": {"sources": [{"configMap": {"name": "m"}}, {"secret": {"name": "s"}}]}}), Json::Null),
            (
                json!({"projected": {"sources": [{"downwardAPI": {}}, {"secret": {"name": "s", "items": items}}]}}),
                json!({"secret": {"secretName": "s", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}),
            ),
        ] {
            let mut volume = volume;
            volume["name"] = json!("c");
            let found = found(SERVER, container.clone(), json!([volume]), std::slice::from_ref(&setting));
            assert_eq!(found, Some(expected).filter(|expected| !expected.is_null()));
        }
    }

    #[test]
    fn clients_say_it_by_environment_or_by_curls_option() {
        let volumes = json!([{"name": "ca", "configMap": {"name": "root"}}]);
        let expected = Some(json!({"configMap": {"name": "root", "items": [{"key": "tls-ca.pem", "path": "ca.crt"}]}}));
        let client = |mut more: Json| {
            more["volumeMounts"] = json!([{"name": "ca", "mountPath": "/etc/ca"}]);
            more
        };
        let path = "/etc/ca/tls-ca.pem";
        for (role, container, is_it) in [
            (BACKUP, json!({"env": [{"name": "CURL_CA_BUNDLE", "value": path}]}), true),
            (BACKUP, json!({"command": ["bash", "-c", format!("curl --cacert {path} $URL")]}), true),
            (BACKUP, json!({"args": [format!("--cacert={path}")]}), true),
            (Role::APPLICATION, json!({"env": [{"name": "OPENSEARCH_CA_CERT", "value": path}]}), true),
            // Another program's.
            (Role::APPLICATION, json!({"env": [{"name": "SSL_CERT_FILE", "value": path}]}), false),
            (Role::APPLICATION, json!({"env": [{"name": "OPENSEARCH_CACHE", "value": path}]}), false),
            (BACKUP, json!({"env": [{"name": "CURL_CA_BUNDLE", "value": "/etc/ssl/ca.pem"}]}), false),
        ] {
            let found = found(role, client(container.clone()), volumes.clone(), &[]);
            assert_eq!(found, expected.clone().filter(|_| is_it), "{container}");
        }
    }
}

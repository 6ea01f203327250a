//! `hwdr backups --from-bucket`, and what it reads objects with, on a real server.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use futures_util::stream::{self, StreamExt as _};
use hwdr::s3::client::{Client, Problem};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::world::{Bucket, endpoint};
use crate::{output_of, runtime};

async fn put_all(client: &Client, objects: BTreeMap<String, Vec<u8>>) {
    let put = objects.into_iter().map(|(key, body)| async move { client.put(&key, body).await.expect("it is put") });
    stream::iter(put).buffer_unordered(64).collect::<Vec<_>>().await;
}

#[test]
fn objects_are_listed_page_by_page_and_read_in_pieces() {
    runtime().block_on(async {
        let own = Bucket::plain("objects").await;
        let client = &own.client;
        let mut objects: BTreeMap<_, _> = (0..1_020).map(|at| (format!("a/{at:04}"), vec![b'x'; at % 3])).collect();
        let large: Vec<u8> = (0..9_u32 << 20).map(|at| (at % 251) as u8).collect();
        objects.insert("b c+%41/ключ".to_owned(), b"0123456789".to_vec());
        objects.insert("large".to_owned(), large.clone());
        put_all(client, objects).await;

        let all = client.list("a/", 5_000).await.expect("a list");
        assert_eq!((all.objects.len(), all.is_cut), (1_020, false));
        assert!(
            all.objects.iter().enumerate().all(|(at, it)| it.key == format!("a/{at:04}") && it.size == at as u64 % 3)
        );
        let some = client.list("a/", 1_010).await.expect("a list");
        assert_eq!((some.objects.len(), some.is_cut), (1_010, true));
        let top = client.list_level("", 10).await.expect("a list");
        let keys: Vec<_> = top.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!((top.folders, keys), (vec!["a/".to_owned(), "b c+%41/".to_owned()], vec!["large"]));
        assert_eq!(client.list("none/", 10).await.expect("a list").objects, []);

        let odd = client.object("b c+%41/ключ").await.expect("an answer").expect("it is there");
        assert_eq!(odd.size, 10);
        assert_eq!(client.object("none").await.expect("an answer"), None);
        for (range, expected) in [(0..10, "0123456789"), (3..5, "34"), (8..20, "89"), (10..12, ""), (4..4, "")] {
            let read = client.read(&odd.key, range.clone()).await.expect("it is read").expect("it is there");
            assert_eq!(String::from_utf8_lossy(&read), expected, "{range:?}");
        }
        assert_eq!(client.read("none", 0..1).await.expect("an answer"), None);
        assert!(client.read("large", 0..17 << 20).await.is_err(), "more than fits at once");

        let object = client.object("large").await.expect("an answer").expect("it is there");
        let body: Vec<_> = client.body(&object, 5..object.size).collect().await;
        let body: Vec<u8> = body.into_iter().flat_map(|piece| piece.expect("a piece")).collect();
        assert!(body == large[5..], "{} bytes", body.len());
        // Somebody writes it anew meanwhile, or it is shorter than it was.
        client.put("large", large[1..].to_vec()).await.expect("it is put");
        let body: Vec<_> = client.body(&object, 0..object.size).collect().await;
        assert!(
            matches!(&body[0], Err(error) if matches!(error.problem, Problem::Refused(412, ..))),
            "{:?}",
            body[0].is_ok()
        );
        let unknown = hwdr::s3::objects::Object { etag: String::new(), ..object };
        let body: Vec<_> = client.body(&unknown, 0..unknown.size).collect().await;
        assert!(body.last().expect("a piece").as_ref().unwrap_err().to_string().contains("shorter"));
    });
}

/// A bucket with backups of four days.
struct Stored {
    now: Timestamp,
    objects: BTreeMap<String, Vec<u8>>,
}

impl Stored {
    fn new() -> Self {
        let mut stored = Self { now: Timestamp::now(), objects: BTreeMap::new() };
        let mut snapshots = Vec::new();
        for day in 0..4 {
            let (id, at) = (stored.id(day), stored.at(day));
            for file in ["users.sql", "databases.sql"] {
                stored.put(format!("rondb_backup/{id}/{file}"), "CREATE …");
            }
            for node in [1, 2, 4, 5] {
                for (part, file) in (1..=2).flat_map(|part| ["ctl", "Data", "log"].map(|kind| (part, kind))) {
                    let folder = format!("rondb_backup/{id}/rondb/{node}/BACKUP-{id}-PART-{part}-OF-2");
                    let name =
                        if file == "Data" { format!("BACKUP-{id}-0.{node}") } else { format!("BACKUP-{id}.{node}") };
                    stored.put(format!("{folder}/{name}.{file}"), "NDB");
                }
            }
            snapshots.push(json!({"name": id, "uuid": format!("u{day}"), "state": 1, "version": "3.8.0"}));
            for kind in ["snap", "meta"] {
                stored.put(format!("opensearch_backup/{kind}-u{day}.dat"), "SMILE");
            }
            for schedule in ["k8s-backups-main", "k8s-backups-users-resources"] {
                let name = format!("{schedule}-{}", at.strftime("%Y%m%d%H%M%S"));
                let backup = json!({"kind": "Backup", "apiVersion": "velero.io/v1",
                    "metadata": {"name": name, "labels": {"velero.io/schedule-name": schedule}}, "spec": {"storageLocation": "old"},
                    "status": {"phase": "Completed", "startTimestamp": at, "completionTimestamp": at,
                        "expiration": at + SignedDuration::from_hours(24 * 30)}});
                let folder = format!("k8s_backup/backups/{name}");
                stored.put(format!("{folder}/velero-backup.json"), &backup.to_string());
                stored.put(format!("{folder}/{name}.tar.gz"), "gz");
            }
        }
        stored.put("opensearch_backup/index-9".to_owned(), "{}");
        let index = json!({"snapshots": snapshots, "indices": {"projects": {"id": "i1", "snapshots": ["u0", "u1", "u2", "u3"]}}});
        stored.put("opensearch_backup/index-10".to_owned(), &index.to_string());
        stored.put("opensearch_backup/indices/i1/0/__data".to_owned(), "x");
        stored.put("hopsfs-blocks-set-0/blk_1".to_owned(), "x");
        stored
    }

    fn put(&mut self, key: String, text: &str) {
        self.objects.insert(key, text.as_bytes().to_vec());
    }

    fn at(&self, day: i64) -> Timestamp {
        self.now - SignedDuration::from_hours(5 + 24 * day)
    }

    fn id(&self, day: i64) -> String {
        self.at(day).strftime("%y%V%u%H%M").to_string()
    }
}

fn hwdr(bucket: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hwdr"));
    command.arg("backups").args(arguments).args(["--from-bucket", "--bucket", bucket]);
    command.args(["--endpoint", &endpoint(), "--path-style"]).stdin(Stdio::null());
    command.env("KUBECONFIG", "/nonexistent").env("HOME", "/nonexistent").env("TZ", "UTC");
    command
}

/// Each set on a line: the states of its parts, and whether a new cluster can be made of it.
fn list(bucket: &str) -> (Vec<String>, Json) {
    let out = hwdr(bucket, &["list", "-o", "json"]).output().expect("hwdr runs");
    let list: Json = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out.stderr)));
    let all = |value: &Json| value.as_array().expect("a list").clone();
    let line = |set: &Json| {
        let states: Vec<_> =
            all(&set["parts"]).iter().map(|part| part["state"].as_str().unwrap_or("?").to_owned()).collect();
        format!("{}: {}", states.join(" "), set["usable"]["newCluster"].as_str().unwrap_or("?"))
    };
    (all(&list["backups"]).iter().map(line).collect(), list)
}

#[test]
fn the_bucket_alone_says_what_is_there_and_what_is_missing() {
    runtime().block_on(async {
        let own = Bucket::new("backups").await;
        let mut stored = Stored::new();
        put_all(&own.client, std::mem::take(&mut stored.objects)).await;
        let whole = "good good good good: yes";
        let (lines, found) = list(&own.name);
        assert_eq!(lines, [whole; 4], "{found}");
        let [first, .., last] = found["backups"].as_array().expect("a list").as_slice() else { panic!("four sets") };
        assert_eq!((&first["id"], &last["id"]), (&json!(stored.id(0)), &json!(stored.id(3))));
        assert_eq!((&first["parts"][0]["done"], &first["parts"][0]["of"]), (&json!(4), &json!(4)));
        assert_eq!(first["usable"]["inPlace"], "unknown");
        let text = output_of(&mut hwdr(&own.name, &["show", "latest"])).1;
        assert!(text.contains(&format!("backupId: \"{}\"", stored.id(0))) && text.contains("4 of 4"), "{text}");

        // One thing at a time, and back again.
        let id = stored.id(1);
        let at = stored.at(1).strftime("%Y%m%d%H%M%S").to_string();
        let velero = format!("k8s_backup/backups/k8s-backups-main-{at}/k8s-backups-main-{at}.tar.gz");
        let json = format!("k8s_backup/backups/k8s-backups-users-resources-{at}/velero-backup.json");
        let part = format!("rondb_backup/{id}/rondb/4/BACKUP-{id}-PART-2-OF-2/BACKUP-{id}-0.4.Data");
        for (key, text, second) in [
            // What lacks something is taken for one that is being made while it is new.
            (part.as_str(), None, "running good good good: no"),
            (part.as_str(), Some(""), "running good good good: no"),
            ("opensearch_backup/snap-u1.dat", None, "good partial good good: no"),
            (velero.as_str(), None, "good good partial good: no"),
            (json.as_str(), Some("{\"kind\":"), "good good good unknown: unknown"),
        ] {
            let before = own.client.get(key).await.expect("an answer").expect("it is there");
            match text {
                Some(text) => own.client.put(key, text.as_bytes().to_vec()).await.expect("it is put"),
                None => drop(own.client.put_markers(&[key]).await.expect("it is deleted")),
            }
            let (lines, found) = list(&own.name);
            // Velero's backup of the day before or after is near enough, but the other's state is said.
            assert_eq!(lines[0], whole, "{key}: {found}");
            assert!(lines[1] == second || key.starts_with("k8s_backup"), "{key}: {found}");
            own.client.put(key, before).await.expect("it is put");
        }
        assert_eq!(list(&own.name).0, [whole; 4]);

        own.client.put("opensearch_backup/index-11", b"{\"snapshots\":[".to_vec()).await.expect("it is put");
        let (lines, found) = list(&own.name);
        assert_eq!(lines[0], "good unknown good good: unknown", "{found}");
        assert!(
            found["unread"][0]["what"].as_str().is_some_and(|what| what.contains("index-11 is damaged")),
            "{found}"
        );
        let (out, text) = output_of(&mut hwdr(&own.name, &["list"]));
        assert_eq!(out.status.code(), Some(2), "{text}");

        let (out, text) = output_of(&mut hwdr("no-such-bucket", &["list"]));
        assert!(out.status.code() == Some(1) && text.contains("there is no such bucket"), "{text}");
    });
}

#[test]
fn old_versions_that_are_not_kept_count() {
    runtime().block_on(async {
        let own = Bucket::plain("unversioned").await;
        put_all(&own.client, Stored::new().objects).await;
        let (lines, found) = list(&own.name);
        assert_eq!(lines, ["good good good good: no"; 4], "{found}");
        assert!(found["backups"][0]["reasons"].to_string().contains("keeps no older versions"), "{found}");
    });
}

//! Attacks by somebody who may write below `.hwdr/`, and nowhere else; and a server whose answers have no end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hwdr::s3::client::Client;
use hwdr::s3::decide::Done;
use hwdr::s3::journal::{Checkpoint, Record, Rewind};
use hwdr::s3::listing::Marker;
use hwdr::s3::rewind::Options;
use hwdr::s3::share::Share;
use hwdr::s3::window::shown;
use hwdr::s3::worker::{Worker, work};

use crate::proxy::{self, Fault};
use crate::world::{Bucket, endpoint, now, over, versions};
use crate::{aim, output, runtime, target};

const DUMP: &str = "rondb_backup/254811200/users.sql";

/// A bucket with a deleted block, a block in use and a backup, and the second at which all were there.
async fn bucket(what: &str) -> (Bucket, i64) {
    let own = Bucket::new(what).await;
    for key in ["block", "other", DUMP] {
        own.client.put(key, key.as_bytes().to_vec()).await.expect("it is put");
    }
    let then = now();
    over(then).await;
    own.client.put_markers(&["block"]).await.expect("it is deleted");
    over(now()).await;
    (own, then)
}

async fn reads(client: &Client, key: &str) -> Option<String> {
    client.get(key).await.expect("it can be read").map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn an_unfinished_run_with_gaps_is_no_rewind() {
    runtime().block_on(async {
        let (own, then) = bucket("gaps").await;
        let (name, client) = (own.name.as_str(), &own.client);
        let share = |after: &str, end: Option<&str>| Share { after: after.to_owned(), end: end.map(str::to_owned) };
        for shares in
            [vec![], vec![share("x", None)], vec![share("", Some("a"))], vec![share("", Some("a")), share("x", None)]]
        {
            let run = Rewind::new(aim(then, false), shares);
            run.begin(client).await.expect("it is written");
            let (out, text) = output(&endpoint(), name, &["--at", &shown(then), "--yes"]);
            assert_eq!(out.status.code(), Some(1), "{text}");
            assert!(text.contains("not hwdr's journal") && text.contains("docs/s3.md"), "{text}");
            assert_eq!(reads(client, "block").await, None);
            client.put_markers(&[&format!(".hwdr/rewind/{}.json", run.id)]).await.expect("it is removed");
        }
        // One of another's name is none at all.
        client.put(".hwdr/rewind/20990101T000000Z-$(id).json", b"{}".to_vec()).await.expect("it is put");
        let (out, text) = output(&endpoint(), name, &["--at", &shown(then), "--yes"]);
        assert!(out.status.success(), "{text}");
        assert_eq!(reads(client, "block").await.as_deref(), Some("block"));
    });
}

#[test]
fn checkpoints_of_anybody_are_not_believed() {
    runtime().block_on(async {
        let (own, then) = bucket("checkpoints").await;
        let (name, client) = (own.name.as_str(), &own.client);
        let run = Rewind::new(aim(then, false), vec![Share::default()]);
        run.begin(client).await.expect("it is written");
        run.set_checkpoint(client, 0, &Checkpoint::through()).await.expect("it is written");
        let (out, text) = output(&endpoint(), name, &["--at", &shown(then), "--yes"]);
        assert!(out.status.success(), "{text}");
        assert_eq!(reads(client, "block").await.as_deref(), Some("block"));

        // A Job's: its run may be read, but not what seals its checkpoints.
        client.put_markers(&["block"]).await.expect("it is deleted");
        let run = Rewind::new(aim(then, false), vec![Share::default()]);
        run.clone().shared_by("uid").begin(client).await.expect("it is written");
        run.clone().set_checkpoint(client, 0, &Checkpoint::through()).await.expect("it is written");
        run.shared_by("guess").set_checkpoint(client, 0, &Checkpoint::through()).await.expect("it is written");
        let place = Worker { index: 0, of: 1, run: "uid".to_owned() };
        assert!(
            work(client, &aim(then, false), &place, Options::default(), &Arc::default()).await.expect("it is done")
        );
        assert_eq!(reads(client, "block").await.as_deref(), Some("block"));
    });
}

#[test]
fn an_undo_takes_back_what_was_done_and_nothing_else() {
    runtime().block_on(async {
        let (own, then) = bucket("lies").await;
        let (name, client) = (own.name.as_str(), &own.client);
        let current = |key: &'static str| async move { versions(client, key).await.remove(0).1 };
        let undelete = |key: &str, target: String| Record {
            key: key.to_owned(),
            done: Done::Undelete { target, markers: vec!["0000".to_owned()] },
        };
        for (records, words) in [
            (vec![undelete(DUMP, current(DUMP).await)], "touches"),
            (vec![undelete("other", current("other").await), undelete(DUMP, current(DUMP).await)], "line 2"),
            (
                vec![Record { key: "other".to_owned(), done: Done::Hide { was: current("other").await } }],
                "only an exact",
            ),
        ] {
            let run = Rewind::new(aim(then, false), vec![Share::default()]);
            run.begin(client).await.expect("it is written");
            run.write(client, 0, &records).await.expect("it is written");
            let (out, text) = output(&endpoint(), name, &["--undo", "--yes"]);
            assert_eq!(out.status.code(), Some(1), "{text}");
            assert!(text.contains("not hwdr's journal") && text.contains(words), "{text}");
            for key in [DUMP, "other"] {
                assert_eq!(reads(client, key).await.as_deref(), Some(key), "nothing of it was done");
            }
            client.put_markers(&[&format!(".hwdr/rewind/{}.json", run.id)]).await.expect("it is removed");
        }
        // Something that a rewind might have done, but not to this key: it was put later.
        client.put("other", b"later".to_vec()).await.expect("it is put");
        let run = Rewind::new(aim(then, false), vec![Share::default()]);
        run.begin(client).await.expect("it is written");
        run.write(client, 0, &[undelete("other", current("other").await)]).await.expect("it is written");
        let (out, text) = output(&endpoint(), name, &["--undo", "--yes"]);
        assert!(out.status.success() && text.contains("1 were changed by somebody"), "{text}");
        assert_eq!(reads(client, "other").await.as_deref(), Some("later"));
    });
}

#[test]
fn a_journal_that_was_overwritten_is_read_as_it_was_written() {
    runtime().block_on(async {
        let (own, then) = bucket("overwritten").await;
        let (name, client) = (own.name.as_str(), &own.client);
        let (out, text) = output(&endpoint(), name, &["--at", &shown(then), "--yes"]);
        assert!(out.status.success(), "{text}");
        assert_eq!(reads(client, "block").await.as_deref(), Some("block"));
        let notes = client.list_versions(".hwdr/", &Marker::default(), None, 1000).await.expect("they are listed");
        for history in notes.keys.iter().filter(|history| !history.key.contains("finished")) {
            let is_run = history.key.contains("rewind/");
            if is_run {
                client.put(&history.key, b"{}".to_vec()).await.expect("it is put");
            } else {
                client.put_markers(&[&history.key]).await.expect("it is deleted");
            }
        }
        let (out, text) = output(&endpoint(), name, &["--undo", "--yes"]);
        assert!(out.status.success() && text.contains("hide 1"), "{text}");
        assert_eq!(reads(client, "block").await, None);
    });
}

#[test]
fn an_answer_without_end_is_given_up() {
    runtime().block_on(async {
        let (own, then) = bucket("endless").await;
        let time = shown(then);
        let calls: [(&[&str], &str); 4] = [
            (&["GET", "?versioning"], "s3:GetBucketVersioning"),
            (&["GET", "versions="], "s3:ListBucketVersions"),
            (&["GET", ".hwdr/"], "s3:GetObject"),
            (&["POST", "?delete"], "s3:DeleteObjectVersion"),
        ];
        for (with, action) in calls {
            proxy::SENT.store(0, Ordering::SeqCst);
            let endless = proxy::only(target(), with, "", Fault::Endless);
            let (out, text) = output(&endless.endpoint, &own.name, &["--at", &time, "--yes"]);
            assert_eq!(out.status.code(), Some(1), "{text}");
            assert!(text.contains(action) && text.contains("has no end"), "{action} in: {text}");
            let sent = proxy::SENT.load(Ordering::SeqCst) >> 20;
            // Several are under way at once; each is given up at 16 MiB, and what the kernel holds comes on top.
            assert!(sent < 120, "{action}: {sent} MiB");
        }
        let (out, text) = output(&endpoint(), &own.name, &["--at", &time, "--yes"]);
        assert!(out.status.success(), "{text}");
    });
}

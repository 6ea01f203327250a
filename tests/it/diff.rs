//! `hwdr diff`: what a person sees of post-render's changes.

use crate::common::{Home, golden, run, testdata};

/// A small cluster by hand, whose chart brings every step of a restore in place itself; some of it in a `List`, beside a Secret.
const STREAM: &str = r#"---
# Source: hopsworks/charts/rondb/templates/ndbd.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: node-group-0, namespace: hopsworks}
spec:
  selector: {matchLabels: {rondbService: ndbmtd}}
  serviceName: headless-ndbmtds
  template:
    metadata: {labels: {rondbService: ndbmtd}}
    spec:
      containers:
        - {name: ndbmtd, image: "rondb:26.02.2"}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: namenode, namespace: hopsworks}
spec:
  selector: {matchLabels: {app: namenode}}
  serviceName: namenode
  template:
    metadata: {labels: {app: namenode}}
    spec:
      containers:
        - {name: namenode, image: "hopsfs:4.8.0"}
---
# Source: hopsworks/charts/rondb/templates/restore.yaml
apiVersion: batch/v1
kind: Job
metadata:
  name: restore-native-backup-260751536
  annotations: {team: data}
spec:
  # A day.
  ttlSecondsAfterFinished: 86400
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: restore
          image: rondb:26.02.2
          command: [ndb_restore, --backupid=260751536]
---
apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: Job
    metadata:
      name: setup-mysqld-dont-remove-260751536
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - {name: sql, image: "rondb:26.02.2", command: [bash, load.sh, 260751536/users.sql]}
      ttlSecondsAfterFinished: 86400
  - data:
      root: cGFzc3dvcmQ=
      other: !!binary |
        YW5vdGhlcg==
    stringData: {note: "the password is \"x\"", "more": 'and y'}
    kind: Secret
    apiVersion: v1
    metadata: {name: mysql-passwords}
---
apiVersion: batch/v1
kind: Job
metadata: {name: hopsfs-inplace-restore-260751536}
spec: {ttlSecondsAfterFinished: 86400, template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: opensearch-restore-default-default-260751536
  annotations:
    helm.sh/resource-policy: keep
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}
---
apiVersion: velero.io/v1
kind: Restore
metadata:
  name: k8s-backups-main-20260213153627
  namespace: velero
spec:
  backupName: k8s-backups-main-20260213153627
"#;

/// OpenSearch's Job is kept already, and has no TTL: nothing is to be done with it.
const SUMMARY: &str = "\
~ Job/restore-native-backup-260751536: the chart's own marker: kept, no TTL
~ Job/setup-mysqld-dont-remove-260751536: the chart's own marker: kept, no TTL
~ Job/hopsfs-inplace-restore-260751536: the chart's own marker: kept, no TTL
~ Restore/k8s-backups-main-20260213153627: the chart's own marker: kept
+ Restore/k8s-backups-users-resources-20260213153627: restores Kubernetes objects (Velero)
+ ConfigMap/hwdr-restore-260751536: the marker of the restore
4 objects changed, 2 added
";

fn diff(home: &Home, more: &[&str]) -> String {
    let (base, in_place) = (testdata("values/base.yaml"), testdata("values/in-place.yaml"));
    let mut hwdr = home.hwdr();
    hwdr.args(["diff", "--for", "upgrade", "-f", &base, "-f", &in_place]).args(more);
    run(&mut hwdr, STREAM.as_bytes()).text()
}

#[test]
fn the_summary_is_a_line_for_each_object() {
    let home = Home::new();
    assert_eq!(diff(&home, &["--summary"]), SUMMARY);
}

#[test]
fn the_diff_shows_every_line() {
    golden("by-hand.diff", &diff(&Home::new(), &[]));
}

#[test]
fn secrets_are_not_shown() {
    let shown = diff(&Home::new(), &[]);
    assert!(shown.contains("\n       root: \"***\"\n"), "the Job's neighbour in the List:\n{shown}");
    for secret in ["cGFzc3dvcmQ", "YW5vdGhlcg", "the password", "and y"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// Colours are for terminals, and say nothing that the text does not.
#[test]
fn colours_say_nothing_of_their_own() {
    let home = Home::new();
    let (base, in_place) = (testdata("values/base.yaml"), testdata("values/in-place.yaml"));
    let mut hwdr = home.hwdr();
    hwdr.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    hwdr.args(["diff", "--for", "upgrade", "-f", &base, "-f", &in_place]);
    let coloured = run(&mut hwdr, STREAM.as_bytes()).text();
    let mut plain = String::new();
    let mut parts = coloured.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    parts.for_each(|part| plain.push_str(part.split_once('m').expect("the end of a colour").1));
    assert!(coloured.contains("\u{1b}[32m+"), "what is added is green");
    assert_eq!(plain, diff(&home, &[]));
}

#[test]
fn no_restore_is_no_difference() {
    let home = Home::new();
    let base = testdata("values/base.yaml");
    let said = run(home.hwdr().args(["diff", "--for", "install", "-f", &base]), STREAM.as_bytes()).text();
    assert_eq!(said, "No restore in the values: post-render changes nothing.\n");
}

/// A diff is read by people and machines: it fails as post-render does, with nothing on standard output.
#[test]
fn what_post_render_refuses_has_no_diff() {
    let home = Home::new();
    let (base, in_place) = (testdata("values/base.yaml"), testdata("values/in-place.yaml"));
    let with = |more: &[&str], stream: &[u8]| {
        let mut hwdr = home.hwdr();
        hwdr.args(["diff", "-f", &base, "-f", &in_place]).args(more);
        run(&mut hwdr, stream)
    };
    assert!(with(&[], STREAM.as_bytes()).failed(2).contains("add --for install"));
    assert!(with(&["--for", "install"], STREAM.as_bytes()).failed(1).contains("in-place-on-install"));
    assert!(with(&["--for", "upgrade"], b"not: [YAML").failed(2).contains("line "));
}

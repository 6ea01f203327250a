use super::*;
use crate::product::FIRST;
use crate::product::hopsworks::{opensearch, rondb};
use crate::steps::{By, Object};
use crate::stream::Stream;
use crate::topology::Role;

fn planned(name: &'static str, after: &[&str], holds: &'static [Role]) -> Planned {
    let id = format!("Job/{name}");
    let by = By::Hwdr(vec![id.clone()]);
    Planned {
        objects: vec![Object {
            template: "job.yaml",
            id,
            what: "",
            values: serde_json::json!({}),
            after: after.iter().map(|job| (*job).to_owned()).collect(),
        }],
        last_job: Some(name.to_owned()),
        holds,
        needs: if name == "opensearch" { &[opensearch::SERVER] } else { rondb::NEEDS },
        ..Planned::new(name, "", by)
    }
}

/// A chart whose setup Job waits for its binlog server, and for another chart's pods.
const CHART: &str = r#"
apiVersion: batch/v1
kind: Job
metadata: {name: setup}
spec:
  template:
    metadata: {labels: {rondbService: setup-mysqld}}
    spec:
      initContainers:
        - name: wait-one-binlog-server
          command: [/bin/bash, -c, "until mysqladmin -h $SERVER ping; do sleep 2; done # mysqld"]
          env: [{name: SERVER, value: binlogs-0.headless-binlogs.hops.svc.cluster.local}]
      containers: [{name: setup, command: [mysqld]}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: binlogs}
spec:
  serviceName: headless-binlogs
  template:
    metadata: {labels: {rondbService: binlog-server, app: b}}
    spec:
      initContainers: [{name: wait, command: [kubectl, wait, job/native]}]
      containers: [{name: mysqld}]
---
apiVersion: v1
kind: Service
metadata: {name: headless-binlogs}
spec: {selector: {rondbService: binlog-server}}
---
apiVersion: v1
kind: Service
metadata: {name: mysqld}
spec: {selector: {rondbService: setup-mysqld}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: search}
spec:
  template:
    metadata: {labels: {app: search}}
    spec:
      initContainers: [{name: config, env: [{name: URL, value: "http://web:8080/"}]}]
      containers: [{name: opensearch}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
"#;

fn checked(steps: &[Planned]) -> Result<(), String> {
    let stream = Stream::parse(CHART.trim_start().as_bytes().to_vec()).unwrap();
    check(&Topology::of(FIRST, &stream), "hops", steps).map_err(|error| error.problem)
}

#[test]
fn a_circle_is_refused_with_its_members() {
    let users = |holds| planned("users", &["rondb", "setup"], holds);
    let rondb = |holds| planned("rondb", &[], holds);
    // The binlog server must not wait for what waits for the setup Job.
    let circle = checked(&[rondb(&[rondb::MYSQLD_SETUP]), users(&[rondb::BINLOG_SERVER])]).unwrap_err();
    for member in [
        "Job/users waits for Job/setup (it runs after it)",
        "Job/setup waits for StatefulSet/binlogs (its container wait-one-binlog-server)",
        "StatefulSet/binlogs waits for Job/users (hwdr's gate)",
    ] {
        assert!(circle.contains(member), "{circle}");
    }
    assert_eq!(checked(&[rondb(&[rondb::MYSQLD_SETUP, rondb::BINLOG_SERVER]), users(&[rondb::MYSQLD])]), Ok(()));
}

#[test]
fn what_a_job_works_on_may_not_wait_for_it() {
    let circle = checked(&[planned("opensearch", &[], &[Role::APPLICATION])]).unwrap_err();
    assert!(circle.contains("StatefulSet/search waits for Deployment/web (its container config)"), "{circle}");
    assert_eq!(checked(&[planned("opensearch", &[], &[])]), Ok(()));
}

#[test]
fn only_addresses_count_and_not_words() {
    let stream = Stream::parse(CHART.trim_start().as_bytes().to_vec()).unwrap();
    let topology = Topology::of(FIRST, &stream);
    for (text, is_whole, expected) in [
        ("exec mysqld --user=mysql", false, &[][..]),
        ("mysqld", true, &[]),
        ("mysqld:3306", true, &["setup"]),
        ("mysqld.hops.svc.cluster.local:3306", true, &["setup"]),
        ("nc mysqld.other 3306", false, &[]),
        ("ping binlogs-0.headless-binlogs", false, &["binlogs"]),
        ("ping others-0.headless-binlogs", false, &[]),
        ("kubectl wait --for=condition=complete job/setup", false, &["setup"]),
        ("run the setup", false, &[]),
        ("setup", true, &["setup"]),
        ("http://web.hops.svc:8080/x", false, &["web"]),
        ("", true, &[]),
    ] {
        let mut found: Vec<&str> =
            mentioned(&topology, "hops", text, is_whole).iter().map(|found| found.name.as_str()).collect();
        found.dedup();
        assert_eq!(found, expected, "{text}");
    }
}

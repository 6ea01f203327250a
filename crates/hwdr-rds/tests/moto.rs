//! Restores on moto's server, an imitation of AWS that others have written. Part of the lab's tests (lab/tests/16-rds.sh), which names the
//! server by `HWDR_MOTO_SERVER` and sets credentials: any are valid.
//!
//! Where moto 5.2.5 differs from RDS as it is documented:
//! - Instances and snapshots are `available` at once; there are no other states, and no quota of instances.
//! - A restored instance has the source's settings where none are given. RDS gives it its defaults. A setting that is `false` or 0 is
//!   ignored, and the source's taken.
//! - Parameter groups are always `in-sync`, so that nothing needs a reboot.
//! - Performance Insights and network types are not known.
//! - Automatic backups have no window, and MariaDB's option groups end with version 10.6.
//! - What was restored to a point in time is said to be a read replica of its source.
//! - All instances have the same resource id, and engines of source and restore are not compared.
//!
//! What RDS does about these is tested with the stand-in (tests/restore.rs).

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hwdr_rds::{
    Access, Ask, Backup, Begun, InstanceId, Limits, Plan, Problem, Progress, RUN_TAG, Rds, Refused, RunId, Settings,
    SnapshotId, Wait, When, Window, compare,
};

/// A running server, with the instances of moto.py.
struct Moto {
    server: Child,
    endpoint: String,
    python: PathBuf,
}

impl Moto {
    fn start() -> Self {
        let server = std::env::var_os("HWDR_MOTO_SERVER")
            .expect("HWDR_MOTO_SERVER names moto's server: lab/tests/16-rds.sh sets it");
        let server = PathBuf::from(server).canonicalize().expect("moto's server is there (scripts/tools moto_server)");
        let python = server.with_file_name("python3");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(&server)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto's server starts");
        let moto = Self { server: child, endpoint: format!("http://127.0.0.1:{port}"), python };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "moto's server does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        moto.python(&["make"]);
        moto
    }

    /// What the other client says.
    fn python(&self, arguments: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/moto.py");
        let done = Command::new(&self.python).arg(script).arg(&self.endpoint).args(arguments).output().unwrap();
        assert!(done.status.success(), "moto.py {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    fn shown(&self, id: &str) -> serde_json::Value {
        serde_json::from_str(&self.python(&["show", id])).unwrap()
    }

    async fn client(&self) -> Rds {
        let access = Access {
            region: Some("eu-north-1".into()),
            endpoint: Some(self.endpoint.clone()),
            limits: Limits { first_pause: Duration::from_millis(10), ..Limits::default() },
            ..Access::default()
        };
        Rds::connect(access).await.expect("credentials are in the environment")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn id(text: &str) -> InstanceId {
    text.parse().unwrap()
}

fn run(text: &str) -> RunId {
    text.parse().unwrap()
}

fn wait() -> Wait {
    Wait { limit: Duration::from_secs(60), every: Duration::from_millis(50), patience: Duration::from_secs(10) }
}

/// What must be as it was, in the other client's words.
const SAME: &[&str] = &[
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "CopyTagsToSnapshot",
    "DBInstanceClass",
    "DBParameterGroups",
    "DBSubnetGroup",
    "DeletionProtection",
    "EnabledCloudwatchLogsExports",
    "Engine",
    "EngineVersion",
    "IAMDatabaseAuthenticationEnabled",
    "Iops",
    "KmsKeyId",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "MultiAZ",
    "OptionGroupMemberships",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
    "StorageEncrypted",
    "StorageThroughput",
    "StorageType",
    "VpcSecurityGroups",
];

fn assert_same(moto: &Moto, restored: &str) {
    let (source, there) = (moto.shown("events"), moto.shown(restored));
    for name in SAME {
        assert!(!source[name].is_null(), "{name} is not shown");
        assert_eq!(source[name], there[name], "{name}");
    }
    assert_eq!(there["Endpoint"]["Port"], 3307);
}

#[tokio::test]
async fn a_snapshot_is_made_listed_and_restored() {
    let moto = Moto::start();
    let rds = moto.client().await;
    let (source_id, snapshot_id) = (id("events"), "before-restore".parse::<SnapshotId>().unwrap());
    assert_eq!(rds.instances().await.unwrap().len(), 2);
    assert_eq!(rds.create_snapshot(&source_id, &snapshot_id, &run("run-1"), &[]).await.unwrap(), Begun::Asked);
    assert_eq!(rds.create_snapshot(&source_id, &snapshot_id, &run("run-1"), &[]).await.unwrap(), Begun::Adopted);
    let error = rds.create_snapshot(&source_id, &snapshot_id, &run("run-2"), &[]).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::Foreign), "{error}");
    let snapshot = rds.wait_snapshot(&snapshot_id, &wait(), &mut |_: &Progress| {}).await.unwrap();
    let listed = rds.snapshots(&source_id).await.unwrap();
    assert!(listed.contains(&snapshot), "{listed:?}");
    assert_eq!((snapshot.storage_gib, snapshot.engine.as_str()), (400, "mariadb"));

    let source = rds.instance(&source_id).await.unwrap().unwrap();
    let (run, target, given) = (run("run-1"), id("events-2"), Settings::default());
    let ask = Ask {
        run: &run,
        target: &target,
        there: None,
        source: Some(&source),
        backup: Backup::Snapshot(&snapshot),
        given: &given,
    };
    let plan = Plan::of(&ask).unwrap();
    let restored = rds.restore(&plan, &wait(), &mut |_: &Progress| {}).await.unwrap();
    assert_eq!(compare(&source, &restored), []);
    assert_same(&moto, "events-2");
    assert_eq!(restored.endpoint.as_ref().unwrap().host, "events-2.aaaaaaaaaa.eu-north-1.rds.amazonaws.com");
    assert_eq!(restored.tags[RUN_TAG], "run-1");

    // Again: the same instance. By another run: refused, before and by the call.
    assert_eq!(rds.begin(&plan).await.unwrap(), Begun::Adopted);
    let other = RunId::try_from("run-2".to_owned()).unwrap();
    let ask = Ask { run: &other, there: Some(&restored), ..ask };
    assert!(matches!(Plan::of(&ask), Err(Refused::Taken { .. })));
    let late = Plan { run: other.clone(), ..plan };
    assert!(matches!(*rds.begin(&late).await.unwrap_err().problem, Problem::Foreign));
}

#[tokio::test]
async fn a_point_in_time_is_restored() {
    let moto = Moto::start();
    let rds = moto.client().await;
    let source = rds.instance(&id("events")).await.unwrap().unwrap();
    assert_eq!(rds.window(&id("events")).await.unwrap(), None, "moto tells windows now: take this one");
    let latest = source.latest_restorable.expect("automatic backups are on");
    let window = Window {
        instance: source.id.clone(),
        resource_id: source.resource_id.clone().unwrap(),
        retained: false,
        earliest: latest,
        latest,
        engine: source.engine.clone(),
        version: source.version.clone(),
        storage_gib: 400,
        encrypted: true,
        key: source.key.clone(),
        option_group: None,
    };
    let (run, target, given) =
        (run("run-1"), id("events-2"), Settings { class: Some("db.r6g.xlarge".into()), ..Settings::default() });
    let ask = Ask {
        run: &run,
        target: &target,
        there: None,
        source: Some(&source),
        backup: Backup::Time(&window, When::Latest),
        given: &given,
    };
    let restored = rds.restore(&Plan::of(&ask).unwrap(), &wait(), &mut |_: &Progress| {}).await.unwrap();
    let differences: Vec<_> = compare(&source, &restored).into_iter().map(|one| (one.what, one.restored)).collect();
    let expected = [("instance class", "db.r6g.xlarge"), ("replica of", "events")];
    assert_eq!(differences, expected.map(|(what, restored)| (what.to_owned(), restored.to_owned())));
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let moto = Moto::start();
    let rds = moto.client().await;
    assert_eq!(rds.instance(&id("nowhere")).await.unwrap(), None);
    assert_eq!(rds.snapshot(&"nowhere".parse().unwrap()).await.unwrap(), None);
    assert_eq!(rds.window(&id("nowhere")).await.unwrap(), None);
    let error = rds.create_snapshot(&id("nowhere"), &"a".parse().unwrap(), &run("run-1"), &[]).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::NotFound(_)), "{error}");

    let name: SnapshotId = "of-postgres".parse().unwrap();
    rds.create_snapshot(&id("other"), &name, &run("run-1"), &[]).await.unwrap();
    let snapshot = rds.wait_snapshot(&name, &wait(), &mut |_: &Progress| {}).await.unwrap();
    let source = rds.instance(&id("events")).await.unwrap().unwrap();
    let (run_id, target, given) = (run("run-1"), id("events-2"), Settings::default());
    let ask = Ask {
        run: &run_id,
        target: &target,
        there: None,
        source: Some(&source),
        backup: Backup::Snapshot(&snapshot),
        given: &given,
    };
    assert!(matches!(Plan::of(&ask), Err(Refused::NotMariaDb { .. })));

    // A group that is gone is RDS's to refuse.
    let name: SnapshotId = "of-events".parse().unwrap();
    rds.create_snapshot(&id("events"), &name, &run("run-1"), &[]).await.unwrap();
    let snapshot = rds.wait_snapshot(&name, &wait(), &mut |_: &Progress| {}).await.unwrap();
    for given in [
        Settings { subnet_group: Some("gone".into()), ..Settings::default() },
        Settings { parameter_group: Some("gone".into()), ..Settings::default() },
        Settings { option_group: Some("gone".into()), ..Settings::default() },
    ] {
        let ask = Ask { backup: Backup::Snapshot(&snapshot), given: &given, ..ask };
        let error = rds.begin(&Plan::of(&ask).unwrap()).await.unwrap_err();
        assert!(matches!(*error.problem, Problem::NotFound(_)), "{error}");
        assert_eq!(rds.instance(&target).await.unwrap(), None);
    }
}

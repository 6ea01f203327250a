//! The schema as a chart's `values.schema.json`, in both real Helms.

use std::fs;

use crate::common::{BOTH, Home, ROOT, run, testdata};

const SUPERSET: &str = "global._hopsworks.restoreFromBackup.superset.enabled=true,global._hopsworks.restoreFromBackup.superset.backupId=20260722215632-2116913658";
const OTHER_ID: &str = "global._hopsworks.restoreFromBackup.superset.backupId=254811200";

#[test]
fn a_chart_with_the_schema_lints_and_refuses_what_the_schema_refuses() {
    let values = |name: &str| testdata(&format!("values/{name}"));
    let base = values("base.yaml");
    let cases = [
        (vec!["-f".to_owned(), base.clone()], None),
        (vec!["-f".to_owned(), testdata("lint/defaults-5.2.yaml")], None),
        (vec!["-f".to_owned(), testdata("lint/defaults-5.2.yaml"), "--set".to_owned(), SUPERSET.to_owned()], None),
        (
            vec!["-f".to_owned(), base.clone(), "--set-string".to_owned(), OTHER_ID.to_owned()],
            Some("/global/_hopsworks/restoreFromBackup/superset/backupId"),
        ),
        (vec!["-f".to_owned(), base.clone(), "-f".to_owned(), values("in-place.yaml")], None),
        (vec!["-f".to_owned(), base.clone(), "-f".to_owned(), values("new-cluster.yaml")], None),
        (
            vec!["-f".to_owned(), base.clone(), "--set".to_owned(), "global._hopsworks.backups.ttl=null".to_owned()],
            None,
        ),
        (
            vec![
                "-f".to_owned(),
                base.clone(),
                "--set".to_owned(),
                "global._hopsworks.restoreFromBackup=null".to_owned(),
            ],
            None,
        ),
        (vec!["-f".to_owned(), values("wrong.yaml")], Some("/global/_hopsworks/restoreFromBackup/backupId")),
        (
            vec![
                "-f".to_owned(),
                base,
                "--set-string".to_owned(),
                "global._hopsworks.backups.enabled=false".to_owned(),
            ],
            Some("/global/_hopsworks/backups/enabled"),
        ),
    ];
    let home = Home::new();
    run(home.command("cp").args(["-r", &testdata("chart"), "chart"]), b"").ok();
    home.write(
        "chart/values.schema.json",
        fs::read(format!("{ROOT}/src/product/hopsworks/schema.json")).expect("the schema"),
    );
    for helm in BOTH {
        for (arguments, refused_at) in &cases {
            let ran = run(home.helm(helm).args(["lint", "chart"]).args(arguments), b"");
            let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr;
            assert_eq!(ran.code == Some(0), refused_at.is_none(), "{helm:?} {arguments:?}: {text}");
            assert!(refused_at.is_none_or(|path| text.contains(path)), "{helm:?} {arguments:?}: {text}");
        }
    }
}

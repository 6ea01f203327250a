//! The schema as a chart's `values.schema.json`, in both real Helms. They are named by `HELM3` and `HELM4`, as `make test`
//! sets them; without, they are looked for in the cache, and a Helm that is not there is left out.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The Helms that there are.
fn helms() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("scripts/tools")).arg("--dir").output().expect("scripts/tools");
    let cache = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let helm = |variable: &str, name: &str| std::env::var_os(variable).map_or_else(|| cache.join(name), PathBuf::from);
    [helm("HELM3", "helm3"), helm("HELM4", "helm4")].into_iter().filter(|helm| helm.exists()).collect()
}

/// The test chart with the schema in it, in a folder of its own.
fn chart(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::temp_dir().join(format!("hwdr-lint-chart-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let copied = Command::new("cp").arg("-r").arg(root.join("testdata/chart")).arg(&folder).status().unwrap();
    assert!(copied.success());
    std::fs::copy(root.join("schema/hopsworks.schema.json"), folder.join("values.schema.json")).unwrap();
    folder
}

#[test]
fn a_chart_with_the_schema_lints_and_refuses_what_the_schema_refuses() {
    let values = |name: &str| format!("{}/testdata/values/{name}", env!("CARGO_MANIFEST_DIR"));
    let base = values("base.yaml");
    let cases = [
        (vec!["-f".to_owned(), base.clone()], None),
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
    let chart = chart("cases");
    for helm in helms() {
        for (arguments, refused_at) in &cases {
            let output = Command::new(&helm).arg("lint").arg(&chart).args(arguments).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.success(), refused_at.is_none(), "{} {arguments:?}: {text}", helm.display());
            assert!(refused_at.is_none_or(|path| text.contains(path)), "{} {arguments:?}: {text}", helm.display());
        }
    }
    let _ = std::fs::remove_dir_all(chart);
}

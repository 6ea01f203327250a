use super::*;
use crate::cli::help;

/// What completes a line; its last word is what stands behind the last blank.
fn completed(line: &str) -> (Vec<String>, bool) {
    let mut tree = help::tree();
    tree.build();
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let found = complete(&tree, &words, |source, place| {
        let names = match source {
            Source::Releases => ["hopsworks", "other"].as_slice(),
            Source::Backups => &["latest", "254811200"],
            Source::GoodBackups => &["oldest", "254811200"],
            Source::BackupIds => &["254811200"],
            Source::MachineBackups => &["latest", "2601011200"],
            Source::Rules => &["dotted-key", "wrong-type"],
            Source::Contexts => &["prod", "test"],
            Source::Namespaces => &["velero"],
        };
        let place = [&place.kubeconfig, &place.context, &place.namespace].map(|it| it.as_deref().unwrap_or("-"));
        names.iter().map(|name| Candidate::with(*name, place.join(" "))).collect()
    });
    (found.candidates.into_iter().map(|candidate| candidate.value).collect(), found.files)
}

#[test]
fn words_follow_from_what_stands_before_them() {
    let none: &[&str] = &[];
    for (line, expected, files) in [
        ("back", &["backups"][..], false),
        ("backups k", &["keep"], false),
        ("backups show ", &["latest", "254811200"], false),
        ("backups show 2", &["254811200"], false),
        ("backups show 254811200 ", none, false),
        ("backups list -o ", &["table", "wide", "json", "yaml", "name"], false),
        ("backups list -oj", none, false),
        ("backups list --output=j", &["--output=json"], false),
        ("--color al", &["always"], false),
        ("upgrade ", &["hopsworks", "other"], false),
        ("install ", none, false),
        ("s3 rewind --backup-id ", &["254811200"], false),
        ("objects restore --backup-id ", &["oldest", "254811200"], false),
        ("lint --explain ", &["dotted-key", "wrong-type"], false),
        ("lint --explain=w", &["--explain=wrong-type"], false),
        ("lint --explain --stri", &["--strict"], false),
        ("upgrade hops", &["hopsworks"], false),
        ("upgrade --wipe h", &["hopsworks"], false),
        ("upgrade -f values.yaml h", &["hopsworks"], false),
        ("upgrade hopsworks ", none, true),
        ("upgrade hopsworks ./chart -f ", none, true),
        ("upgrade hopsworks ./chart -vf ", none, true),
        ("upgrade hopsworks ./chart --values=", none, true),
        ("upgrade hopsworks ./chart --from ", &["here"], false),
        ("upgrade hopsworks ./chart --timeo", &["--timeout"], false),
        // --no-hooks is forbidden in a restore.
        ("upgrade hopsworks ./chart --description --yes --no-h", none, false),
        ("doctor --for ", &["install", "upgrade"], false),
        ("status --kube-context ", &["prod", "test"], false),
        ("status --context t", &["test"], false),
        ("status -n ", &["velero"], false),
        ("lint --select dotted-key,w", &["dotted-key,wrong-type"], false),
        ("lint a.yaml b", none, true),
        ("rules ", &["dotted-key", "wrong-type"], false),
        ("status -- -", none, false),
        ("vm restore ", &["latest", "2601011200"], false),
        ("vm show 2", &["2601011200"], false),
        // Not yet there.
        ("vm backup --id ", none, false),
        ("completion ", &["bash", "zsh", "fish", "powershell"], false),
        ("nonsense ", none, false),
    ] {
        assert_eq!(completed(line), (expected.iter().map(|word| (*word).to_owned()).collect(), files), "{line:?}");
    }
    let (first, _) = completed("");
    assert!(first.contains(&"upgrade".to_owned()) && first.iter().all(|word| !word.starts_with('-')), "{first:?}");
    let (flags, _) = completed("s3 rewind --");
    assert!(flags.contains(&"--backup-id".to_owned()) && flags.contains(&"--quiet".to_owned()), "{flags:?}");
}

#[test]
fn the_cluster_is_the_one_that_the_line_names() {
    let mut tree = help::tree();
    tree.build();
    let line = ["undo", "--kubeconfig=k", "--context", "c", "-n", "ns", ""].map(str::to_owned);
    let seen = std::cell::RefCell::new(Place::default());
    complete(&tree, &line, |_, place| {
        seen.replace(place.clone());
        Vec::new()
    });
    let expected = Place {
        kubeconfig: Some("k".into()),
        context: Some("c".into()),
        namespace: Some("ns".into()),
        inventory: None,
    };
    assert_eq!(seen.into_inner(), expected);
}

#[test]
fn the_inventory_is_the_one_that_the_line_names() {
    let mut tree = help::tree();
    tree.build();
    let line = ["vm", "verify", "--inventory", "prod.yaml", ""].map(str::to_owned);
    let seen = std::cell::RefCell::new(None);
    complete(&tree, &line, |source, place| {
        seen.replace(Some((source, place.inventory.clone())));
        Vec::new()
    });
    assert_eq!(seen.into_inner(), Some((Source::MachineBackups, Some("prod.yaml".to_owned()))));
}

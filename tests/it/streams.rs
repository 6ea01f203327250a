//! Axway Streams: its values and its test chart, through both Helms.

use std::collections::BTreeSet;

use hwdr::product::{PRODUCTS, Product};

use crate::common::{BOTH, Home, Major, Ran, difference, documents, objects, run, testdata};

/// What the values of a release are.
fn values() -> [String; 2] {
    ["-f".to_owned(), testdata("values/streams.yaml")]
}

/// The same, with a restore of everything.
fn restore() -> [String; 4] {
    let [flag, file] = values();
    [flag.clone(), file, flag, testdata("values/streams-restore.yaml")]
}

fn template(more: &[String]) -> Vec<String> {
    let line = ["template", "prod", &testdata("streams"), "-n", "streams"];
    line.map(str::to_owned).into_iter().chain(more.iter().cloned()).collect()
}

/// What Helm hands to its post-renderer.
fn stream(home: &Home, major: Major, more: &[String]) -> Vec<u8> {
    let captured = home.path("captured");
    let mut helm = home.helm(major);
    helm.args(template(more)).env("CAPTURED", &captured);
    home.post_renderer_script(&mut helm, major, "#!/bin/sh\nexec tee \"$CAPTURED\"\n");
    run(&mut helm, b"").ok();
    std::fs::read(captured).expect("the post-renderer ran")
}

fn hwdr(home: &Home, arguments: &[&str], values: &[String], stdin: &[u8]) -> Ran {
    run(home.hwdr().args(arguments).args(values), stdin)
}

fn streams() -> &'static dyn Product {
    PRODUCTS.iter().copied().find(|product| product.name() == "streams").expect("it is in the list")
}

/// The names of the public reference, with the release's own and without the servers that are outside.
#[test]
fn the_chart_has_the_names_of_the_original() {
    let home = Home::new();
    for major in BOTH {
        let names: BTreeSet<_> = objects(&stream(&home, major, &values())).into_keys().collect();
        for service in ["hub", "publisher-http-poller", "publisher-http-post", "subscriber-sse", "subscriber-webhook"] {
            assert!(names.contains(&format!("Deployment/prod-{service}")), "{names:?}");
        }
        assert!(!names.iter().any(|name| name.starts_with("StatefulSet/")), "{names:?}");

        let embedded = ["--set-string", "acceptGeneralConditions=yes"].map(str::to_owned);
        let names: BTreeSet<_> = objects(&stream(&home, major, &embedded)).into_keys().collect();
        for set in ["streams-kafka", "streams-mariadb-master", "streams-zookeeper"] {
            assert!(names.contains(&format!("StatefulSet/{set}")), "{names:?}");
        }
        let test = run(home.helm(major).args(template(&values())), b"").text();
        let test = documents(&test).into_iter().find(|document| document.contains("helm.sh/hook: test"));
        assert!(test.is_some_and(|test| test.contains("kind: Pod")), "{test:?}");

        let bare = ["--set", "acceptGeneralConditions=true"].map(str::to_owned);
        let refused = run(home.helm(major).args(template(&bare)), b"");
        assert!(refused.code != Some(0) && refused.stderr.contains("acceptGeneralConditions"), "{}", refused.stderr);
    }
}

#[test]
fn without_a_restore_nothing_changes() {
    let home = Home::new();
    for major in BOTH {
        let before = stream(&home, major, &values());
        for mode in ["install", "upgrade"] {
            let after = hwdr(&home, &["post-render", "--for", mode], &values(), &before).ok();
            assert!(before == after, "{}", difference(&before, &after));
            let shown = hwdr(&home, &["diff", "--for", mode], &values(), &before);
            assert!(shown.code == Some(0) && !shown.text().contains('+'), "nothing to show");
        }
        let plan = hwdr(&home, &["plan", "--for", "upgrade"], &values(), &before).failed(1);
        assert!(plan.contains("ask for no restore") && plan.contains("hwdr.streams.restore"), "{plan}");

        // As Helm's own post-renderer, with the values from helm's command line.
        let mut helm = home.helm(major);
        helm.args(template(&values()));
        home.post_renderer(&mut helm, major, &["--for", "install"]);
        let rendered = run(&mut helm, b"").text();
        let plain = home.printed_as(major, &template(&values()), &before);
        assert!(rendered == plain, "{}", difference(plain.as_bytes(), rendered.as_bytes()));
    }
}

/// No manifest restores anything of it: a plain helm never passes for a restore.
#[test]
fn a_restore_is_refused_to_a_plain_helm() {
    let home = Home::new();
    let before = stream(&home, Major::Three, &values());
    for command in ["post-render", "diff"] {
        let message = hwdr(&home, &[command, "--for", "install"], &restore(), &before).failed(1);
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(line.contains("manifests alone cannot do"), "{message}");
        assert!(line.contains("helm hwdr install RELEASE CHART -f values.yaml"), "{message}");
        let message = hwdr(&home, &[command, "--for", "upgrade"], &restore(), &before).failed(1);
        assert!(message.contains("restore.namespace.backup asks for the namespace"), "{message}");
    }
    let plan = hwdr(&home, &["plan", "--for", "install"], &restore(), &before).text();
    for part in ["1. objects", "2. mariadb", "3. kafka", "externalizedMariadb.host", "Point of no return"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert!(plan.lines().all(|line| line.chars().count() <= 80), "{plan}");
    // Misspelt, misplaced, or of the wrong form: an error too, whether or not it asks for anything.
    for set in [
        "hwdr.streams.restor.namespace.backup=a",
        "hwdr.streams.restore.namespace.backup=A_B",
        "streams.restore.namespace.backup=a",
        "hwdr.restore.namespace.backup=a",
        "hwdr.streams.restore=true",
    ] {
        let values = [&values()[..], &["--set".to_owned(), set.to_owned()]].concat();
        let message = hwdr(&home, &["post-render", "--for", "upgrade"], &values, &before).failed(1);
        assert!(message.contains("streams-settings"), "{set}: {message}");
    }
}

#[test]
fn its_values_are_linted_by_its_rules() {
    let home = Home::new();
    let linted = hwdr(&home, &["lint", "--strict"], &values(), b"").text();
    assert!(linted.contains("no findings"), "{linted}");
    let whole = hwdr(&home, &["lint", "--strict", "--chart", &testdata("streams")], &values(), b"").text();
    assert!(whole.contains("no findings"), "{whole}");
    // The chart's own file, alone and as the first of two.
    let alone = run(home.hwdr().args(["lint", "--strict", &testdata("streams/values.yaml")]), b"").text();
    assert!(alone.contains("no findings"), "{alone}");

    let on = [&values()[..], &["--set", "embeddedKafka.enabled=true"].map(str::to_owned)].concat();
    let wrong = hwdr(&home, &["lint"], &on, b"");
    let text = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert!(wrong.code == Some(1) && text.contains("embedded-not-off"), "{text}");
    let left = hwdr(&home, &["lint"], &restore(), b"").text();
    assert!(left.contains("leftover-streams-restore"), "{left}");
    assert!(hwdr(&home, &["lint", "--for", "upgrade"], &restore(), b"").text().contains("no findings"));
}

/// An overlay whose keys do not say whose it is.
#[test]
fn a_flag_names_the_product() {
    let home = Home::new();
    let overlay = home.write("overlay.yaml", "hub: {replicaCount: two}\n");
    for arguments in
        [&["lint", "--product", "streams", &overlay][..], &["lint", "--product", "streams", "-f", &overlay]]
    {
        let ran = run(home.hwdr().args(arguments), b"");
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.code == Some(1) && text.contains("wrong-type"), "{arguments:?}: {text}{}", ran.stderr);
    }
    let other = run(home.hwdr().args(["lint", &overlay]), b"").text();
    assert!(other.contains("no findings"), "{other}");
    let printed = run(home.hwdr().args(["values", "--product", "streams", "-f", &overlay]), b"").text();
    assert!(printed.contains("product: streams"), "{printed}");
    let none = run(home.hwdr().args(["plan", "--product", "streams"]), b"").failed(2);
    assert!(none.contains("no values are given"), "{none}");

    // Under helm, the values are still those of helm's command line.
    let mut helm = home.helm(Major::Three);
    helm.args(template(&restore()));
    home.post_renderer(&mut helm, Major::Three, &["--for", "install", "--product", "streams"]);
    let refused = run(&mut helm, b"");
    assert!(refused.code != Some(0) && refused.stderr.contains("manifests alone"), "{}", refused.stderr);
}

#[test]
fn its_values_and_its_schema_are_printed() {
    let home = Home::new();
    let all = hwdr(&home, &["values", "--chart", &testdata("streams")], &values(), b"").text();
    assert!(all.contains("host: streams-prod.c9akciq32") && all.contains("rootUsername: root"), "{all}");
    let schema = run(home.hwdr().args(["schema", "--product", "streams"]), b"").text();
    assert_eq!(schema, streams().schema());
    let unknown = run(home.hwdr().args(["schema", "--product", "strems"]), b"");
    assert!(unknown.code == Some(2) && unknown.stderr.contains("streams"), "{}", unknown.stderr);
}

/// Helm itself checks values against a chart's `values.schema.json`.
#[test]
fn the_schema_is_one_for_helm() {
    let home = Home::new();
    for major in BOTH {
        let chart = home.path("streams");
        run(home.command("cp").args(["-r", &testdata("streams")]).arg(&chart), b"").ok();
        home.write("streams/values.schema.json", streams().schema());
        let helm = |more: &[&str]| {
            run(home.helm(major).args(["template", "prod"]).arg(&chart).args(restore()).args(more), b"")
        };
        helm(&[]).ok();
        let wrong = helm(&["--set", "hwdr.streams.restor=1"]);
        assert!(wrong.code != Some(0) && wrong.stderr.contains("restor"), "{}", wrong.stderr);
        std::fs::remove_dir_all(&chart).expect("the copy");
    }
}

#[test]
fn the_block_is_taken_out_of_the_values() {
    let text = std::fs::read_to_string(testdata("values/streams-restore.yaml")).expect("the file");
    let settings = "hwdr:\n  streams:\n    # nightly\n    velero: {schedule: streams}\n";
    let both = text.replace("hwdr:\n  streams:\n", settings);
    let left = hwdr::finalize::without_restore(&both).expect("it can be changed").expect("there was a block");
    assert_eq!(left, format!("# Over streams.yaml: a restore of all three.\n{settings}"));
}

/// Whether a mirror runs the other way cannot be seen from here: that is said, and the settings are printed all the same.
#[test]
fn the_settings_of_a_mirror_are_printed_after_a_look() {
    let home = Home::new();
    let values = home.write(
        "values.yaml",
        "embeddedKafka: {enabled: false}\n\
         externalizedKafka: {bootstrapServers: '127.0.0.1:1', auth: {clientProtocol: plaintext}}\n\
         hwdr: {streams: {kafka: {image: apache/kafka:4.0.0, backup: {bootstrapServers: '127.0.0.1:2', protocol: plaintext}}}}\n",
    );
    for (flag, expected) in [("--properties", "production->backup.enabled=true"), ("--manifests", "kind: Deployment")] {
        let ran = run(home.hwdr().args(["streams", "mirror", "--for", "backup", flag, "-f", &values]), b"");
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("whether a mirror writes into production could not be seen"), "{said}");
        let text = ran.text();
        assert!(text.replace(" = ", "=").contains(expected), "{flag}: {text}");
    }
}

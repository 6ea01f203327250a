//! The plugin, as installed by `helm plugin install`, and the post-renderer that it installs in turn.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{BOTH, Case, HWDR, Home, Major, ROOT, run, testdata};

/// The checkout without what is built in it: the files that git knows, or would.
fn copy_checkout(to: &Path) {
    let mut git = Command::new("git");
    git.args(["-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"]);
    for name in run(&mut git, b"").text().lines() {
        let (from, to) = (Path::new(ROOT).join(name), to.join(name));
        let Ok(text) = fs::read(&from) else { continue };
        // What is the same keeps its time, so that cargo need not build it again.
        if fs::read(&to).is_ok_and(|there| there == text) {
            continue;
        }
        fs::create_dir_all(to.parent().expect("it has one")).expect("a folder");
        fs::copy(&from, &to).expect("a file");
    }
}

/// Where a git repository lies that holds the checkout as it is now.
fn repository(home: &Home) -> String {
    let folder = home.path("repository/hwdr");
    copy_checkout(&folder);
    for line in [
        &["init", "--quiet", "--initial-branch", "main"][..],
        &["add", "--all"],
        &["-c", "user.name=hwdr", "-c", "user.email=hwdr@example.org", "commit", "--quiet", "--message", "All of it"],
    ] {
        run(home.command("git").current_dir(&folder).args(line), b"").ok();
    }
    format!("file://{}", folder.display())
}

/// PATH with the program and without cargo, as on a machine that takes hwdr as it was built elsewhere.
fn path_without_cargo() -> OsString {
    let program = Path::new(HWDR).parent().expect("it has one").to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&others).filter(|folder| !folder.join("cargo").exists());
    std::env::join_paths(std::iter::once(program).chain(others)).expect("a PATH")
}

/// Installs the plugin from a git repository, with a program that is on PATH.
fn install(home: &Home, major: Major, url: &str) {
    let mut helm = home.helm(major);
    helm.args(["plugin", "install", url]).env("PATH", path_without_cargo());
    // A git repository carries no signature, and Helm 4 wants to be told that this is known (see README).
    helm.args((major == Major::Four).then_some("--verify=false"));
    let said = run(&mut helm, b"").text();
    assert!(said.contains("Installed plugin: hwdr"), "Helm {}: {said}", major.number());
}

/// `helm hwdr …`
fn hwdr(home: &Home, major: Major, arguments: &[&str]) -> String {
    run(home.helm(major).arg("hwdr").args(arguments), b"").text()
}

fn version() -> String {
    format!("hwdr {}\n", env!("CARGO_PKG_VERSION"))
}

/// What the README's first command does: cargo builds the program in the folder. It is built as in a debug build, which is faster.
#[test]
fn a_folder_is_built_and_installed() {
    let shared: PathBuf = Path::new(HWDR).ancestors().nth(2).expect("the target folder").join("plugin");
    let checkout = shared.join("check out");
    copy_checkout(&checkout);
    for major in BOTH {
        let home = Home::new();
        let mut helm = home.helm(major);
        helm.args(["plugin", "install"]).arg(&checkout);
        helm.env("CARGO_TARGET_DIR", shared.join("target")).env("CARGO_NET_OFFLINE", "true");
        for (setting, value) in [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "256"), ("STRIP", "none")] {
            helm.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
        }
        let said = run(&mut helm, b"").text();
        assert!(said.contains("is ready"), "{said}");
        assert!(said.contains("Installed plugin: hwdr"), "{said}");
        assert_eq!(hwdr(&home, major, &["--version"]), version());
        assert!(hwdr(&home, major, &["post-render", "--help"]).contains("--unguarded"));
        run(home.helm(major).args(["plugin", "uninstall", "hwdr"]), b"").ok();
        assert!(!run(home.helm(major).args(["plugin", "list"]), b"").text().contains("hwdr"));
        assert!(checkout.join("bin/hwdr").exists(), "the folder is the user's own");
    }
}

#[test]
fn a_git_repository_is_installed_and_updated() {
    for major in BOTH {
        let home = Home::new();
        install(&home, major, &repository(&home));
        assert_eq!(hwdr(&home, major, &["--version"]), version());
        assert!(hwdr(&home, major, &["post-render", "--help"]).contains("--unguarded"));
        let mut update = home.helm(major);
        update.args(["plugin", "update", "hwdr"]).env("PATH", path_without_cargo());
        assert!(run(&mut update, b"").text().contains("Updated plugin: hwdr"));
        assert_eq!(hwdr(&home, major, &["--version"]), version());
        run(home.helm(major).args(["plugin", "uninstall", "hwdr"]), b"").ok();
        assert!(!run(home.helm(major).args(["plugin", "list"]), b"").text().contains("hwdr"));
    }
}

/// A program that cannot be built, and is not there, is a failure that says what to do.
#[test]
fn without_cargo_and_without_a_program_the_installation_fails() {
    let home = Home::new();
    let url = repository(&home);
    let path = std::env::split_paths(&path_without_cargo()).skip(1).collect::<Vec<_>>();
    for major in BOTH {
        let mut helm = home.helm(major);
        helm.args(["plugin", "install", &url]).args((major == Major::Four).then_some("--verify=false"));
        let ran = run(helm.env("PATH", std::env::join_paths(&path).expect("a PATH")), b"");
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("there is no cargo on PATH"), "{}", ran.stderr);
        assert!(ran.stderr.contains("https://rustup.rs"), "{}", ran.stderr);
        // Helm itself would leave it there, and refuse to install it again.
        assert!(fs::read_dir(home.plugins()).expect("a folder").next().is_none());
    }
}

/// One plugin of Helm 4's form in the folder that both read, and Helm 3 loads no plugin at all. hwdr's is never there.
#[test]
fn helm_3_goes_on_beside_helm_4s_post_renderer() {
    let home = Home::new();
    install(&home, Major::Three, &repository(&home));
    let printed = hwdr(&home, Major::Four, &["post-renderer", "install"]);
    assert!(printed.contains("--post-renderer hwdr-post-renderer"), "{printed}");
    for major in BOTH {
        let list = run(home.helm(major).args(["plugin", "list"]), b"");
        assert!(!list.stderr.contains("hwdr"), "Helm {}: {}", major.number(), list.stderr);
        assert!(list.text().contains("hwdr"), "Helm {}", major.number());
        assert_eq!(hwdr(&home, major, &["--version"]), version());
    }
    // That this is needed, and what it would look like.
    let folder = hwdr(&home, Major::Four, &["post-renderer", "path"]);
    let mut both = home.helm(Major::Three);
    both.env("HELM_PLUGINS", folder.trim()).args(["plugin", "list"]);
    assert_ne!(run(&mut both, b"").code, Some(0), "Helm 3 has learned to read Helm 4's plugins: simplify!");
}

/// What `post-renderer install` prints does what it says, copied from the terminal into a shell.
#[test]
fn the_printed_flags_work_as_they_are() {
    let case = Case::new("none", "install");
    let chart = testdata("chart");
    for major in BOTH {
        let home = Home::new();
        install(&home, major, &repository(&home));
        let printed = hwdr(&home, major, &["post-renderer", "install"]);
        // The lines that are indented are to be copied.
        let copied: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        let copied = copied.join("\n");
        let values = ["base", "new-cluster"].map(|name| testdata(&format!("values/{name}.yaml")));
        let render = format!("helm template hops '{chart}' -n hopsworks -f '{}' -f '{}'", values[0], values[1]);
        let line = match major {
            Major::Three => format!("{render} {copied}"),
            Major::Four => copied.replace("helm install \u{2026}", &render),
        };
        assert!(line.contains(&render), "{printed}");
        let script = format!("helm() {{ '{}' \"$@\"; }}\n{line}\n", major.program().display());
        let pasted = run(home.command("bash").args(["-c", &script]), b"").text();
        let mut direct = home.helm(major);
        direct.args(["template", "hops", &chart, "-n", "hopsworks", "-f", &values[0], "-f", &values[1]]);
        home.post_renderer(&mut direct, major, &[]);
        assert!(pasted == run(&mut direct, b"").text(), "Helm {}:\n{line}", major.number());
        assert!(pasted.contains("name: hwdr-restore-254811200\n"), "{}", case.name());
    }
}

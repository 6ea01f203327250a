//! The archives of a release, installed by both real Helms, with stand-ins for the programs in them. `make release-test` does the same
//! with the real program, and tests the other packages.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::file_server::serve_files;
use crate::common::{BOTH, Home, Major, ROOT, executable, run};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PLATFORM: &str = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => "linux-amd64",
    b"aarch64" => "linux-arm64",
    _ => "unknown",
};

/// A release: both archives, signed with a key of its own.
struct Release<'a> {
    home: &'a Home,
    folder: PathBuf,
}

impl<'a> Release<'a> {
    /// With programs for these platforms.
    fn new(home: &'a Home, platforms: &[&str]) -> Self {
        let release = Self { home, folder: home.path("dist") };
        for platform in platforms {
            executable(&release.folder.join(format!("bin/hwdr-{platform}")), &program(VERSION, platform));
        }
        release.script("plugin");
        release
    }

    fn script(&self, name: &str) {
        let mut script = Command::new(format!("{ROOT}/scripts/release/{name}"));
        run(script.env("DIST", &self.folder).env("GNUPGHOME", self.gpg()), b"").ok();
    }

    fn gpg(&self) -> PathBuf {
        self.home.path("gnupg")
    }

    /// Signs the archive, and gives the public key.
    fn sign(&self) -> PathBuf {
        let (folder, keys) = (self.gpg(), self.home.path("keys.gpg"));
        run(Command::new("install").args(["-d", "-m", "700"]).arg(&folder), b"").ok();
        let gpg = |arguments: &[&str]| run(Command::new("gpg").env("GNUPGHOME", &folder).args(arguments), b"").ok();
        gpg(&[
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            "hwdr <hwdr@example.org>",
            "rsa2048",
            "sign",
            "1d",
        ]);
        self.script("sign");
        fs::write(&keys, gpg(&["--export"])).expect("a file");
        run(Command::new("gpgconf").env("GNUPGHOME", &folder).args(["--kill", "gpg-agent"]), b"").ok();
        keys
    }

    fn archive(&self, major: Major) -> PathBuf {
        self.folder.join(match major {
            Major::Three => format!("hwdr-{VERSION}-helm3.tar.gz"),
            Major::Four => format!("hwdr-{VERSION}.tgz"),
        })
    }
}

/// A program that knows its version, and where it comes from.
fn program(version: &str, from: &str) -> String {
    format!("#!/bin/sh\n[ \"$1\" = --version ] && echo 'hwdr {version}' || echo 'from {from}'\n")
}

/// PATH without cargo and without hwdr: an operator's machine.
fn bare_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|it| !it.join("cargo").exists() && !it.join("hwdr").exists()).collect()
}

fn with(folder: PathBuf) -> OsString {
    std::env::join_paths(std::iter::once(folder).chain(bare_path())).expect("a PATH")
}

/// `helm plugin install`, on a bare machine.
fn install(home: &Home, major: Major, from: &str, arguments: &[&str]) -> Command {
    let mut helm = home.helm(major);
    helm.args(["plugin", "install", from]).args(arguments);
    helm.env("PATH", std::env::join_paths(bare_path()).expect("a PATH"));
    helm
}

/// What `helm hwdr` says.
fn hwdr(home: &Home, major: Major) -> String {
    run(home.helm(major).args(["hwdr", "which"]), b"").text()
}

fn uninstall(home: &Home, major: Major) {
    run(home.helm(major).args(["plugin", "uninstall", "hwdr"]), b"").ok();
}

#[test]
fn an_archive_installs_and_installs_again() {
    let home = Home::new();
    let release = Release::new(&home, &["linux-amd64", "linux-arm64", "darwin-arm64"]);
    let keys = release.sign();
    let keyring = ["--keyring", keys.to_str().expect("UTF-8")];
    let signature = release.folder.join(format!("hwdr-{VERSION}.tgz.prov"));
    let (three, four) = (release.archive(Major::Three), release.archive(Major::Four));
    let server = serve_files(&[&three, &four, &signature]);
    let from = |archive: &Path| format!("{server}/{}", archive.file_name().expect("a name").to_string_lossy());
    let local = four.to_str().expect("UTF-8").to_owned();
    let ways: [(Major, String, &[&str]); 3] =
        [(Major::Three, from(&three), &[]), (Major::Four, from(&four), &keyring), (Major::Four, local, &keyring)];
    for (major, address, arguments) in &ways {
        // Twice from the same address: Helm does not clear its cache.
        for _ in 0..2 {
            let said = run(&mut install(&home, *major, address, arguments), b"").text();
            assert!(said.contains("(from the archive)") && said.contains("Installed plugin: hwdr"), "{said}");
            assert_eq!(said.contains("Plugin Hash Verified"), *major == Major::Four, "{said}");
            assert_eq!(hwdr(&home, *major), format!("from {PLATFORM}\n"));
            for file in ["LICENSE", "post-renderer/plugin.yaml"] {
                assert!(home.plugins().join("hwdr").join(file).exists(), "{file}");
            }
            uninstall(&home, *major);
        }
    }
}

#[test]
fn helm_4_takes_no_archive_that_was_changed_or_not_signed() {
    let home = Home::new();
    let release = Release::new(&home, &[PLATFORM]);
    let archive = release.archive(Major::Four);
    let address = archive.to_str().expect("UTF-8");
    let unsigned = run(&mut install(&home, Major::Four, address, &[]), b"");
    assert!(unsigned.code != Some(0) && unsigned.stderr.contains("no provenance file"), "{}", unsigned.stderr);
    let keys = release.sign();
    let keyring = ["--keyring", keys.to_str().expect("UTF-8")];
    run(home.helm(Major::Four).args(["plugin", "verify", address]).args(keyring), b"").ok();
    executable(&release.folder.join(format!("bin/hwdr-{PLATFORM}")), &program(VERSION, "elsewhere"));
    release.script("plugin");
    let changed = run(&mut install(&home, Major::Four, address, &keyring), b"");
    assert!(changed.code != Some(0) && changed.stderr.contains("sha256 sum does not match"), "{}", changed.stderr);
    assert!(!home.plugins().join("hwdr").exists());
}

/// Helm leaves a plugin there whose hook failed, and then says "plugin already exists".
#[test]
fn a_failed_installation_leaves_nothing_behind() {
    let home = Home::new();
    let release = Release::new(&home, &["linux-riscv64"]);
    let keys = release.sign();
    let keyring = ["--keyring", keys.to_str().expect("UTF-8")];
    let signature = release.folder.join(format!("hwdr-{VERSION}.tgz.prov"));
    let server = serve_files(&[&release.archive(Major::Three), &release.archive(Major::Four), &signature]);
    let here = home.script("tools/hwdr", &program(VERSION, "PATH"));
    for major in BOTH {
        let name = release.archive(major).file_name().expect("a name").to_string_lossy().into_owned();
        let address = format!("{server}/{name}");
        let arguments = if major == Major::Four { &keyring[..] } else { &[] };
        let failed = run(&mut install(&home, major, &address, arguments), b"");
        assert_eq!(failed.code, Some(1), "{}", failed.stderr);
        assert!(failed.stderr.contains("this archive has none that runs here"), "{}", failed.stderr);
        let left: Vec<_> = fs::read_dir(home.plugins()).expect("a folder").collect();
        assert!(left.is_empty(), "{left:?}");
        // The way out that the message names.
        let mut again = install(&home, major, &address, arguments);
        again.env("PATH", with(Path::new(&here).parent().expect("a folder").to_owned()));
        assert!(run(&mut again, b"").text().contains("Installed plugin: hwdr"));
        assert_eq!(hwdr(&home, major), "from PATH\n");
        uninstall(&home, major);
        // Of a folder of the user's, Helm has made a link.
        let unpacked = release.folder.join("stage/plugin/hwdr");
        let failed = run(&mut install(&home, major, unpacked.to_str().expect("UTF-8"), &[]), b"");
        assert_eq!(failed.code, Some(1), "{}", failed.stderr);
        assert!(!home.plugins().join("hwdr").is_symlink() && unpacked.join("plugin.yaml").exists());
    }
}

#[test]
fn a_program_on_path_comes_first_if_it_is_the_plugins_version() {
    for (version, from, words) in
        [(VERSION, "PATH", "on PATH)"), ("0.0.1", PLATFORM, "is hwdr 0.0.1, and the plugin needs")]
    {
        let home = Home::new();
        let release = Release::new(&home, &[PLATFORM]);
        let here = home.script("tools/hwdr", &program(version, "PATH"));
        let address = release.archive(Major::Four).to_str().expect("UTF-8").to_owned();
        let mut helm = install(&home, Major::Four, &address, &["--verify=false"]);
        helm.env("PATH", with(Path::new(&here).parent().expect("a folder").to_owned()));
        let said = run(&mut helm, b"").text();
        assert!(said.contains(words), "{said}");
        assert_eq!(hwdr(&home, Major::Four), format!("from {from}\n"));
    }
}

#[test]
fn the_same_commit_gives_the_same_archives() {
    let (one, other) = (Home::new(), Home::new());
    let [one, other] = [&one, &other].map(|home| Release::new(home, &["linux-amd64", "darwin-arm64"]));
    for major in BOTH {
        assert!(fs::read(one.archive(major)).expect("it") == fs::read(other.archive(major)).expect("it"));
    }
}

/// The number stands in several files, for tools that each read one.
#[test]
fn every_file_says_the_same_version() {
    for (file, line) in [
        ("plugin.yaml", format!("version: {VERSION}")),
        ("post-renderer/plugin.yaml", format!("version: {VERSION}")),
        ("pyproject.toml", format!("version = \"{VERSION}\"")),
        ("pyproject.toml", format!("dependencies = [\"hwdr=={VERSION}\"]")),
    ] {
        let text = fs::read_to_string(Path::new(ROOT).join(file)).expect("a file");
        assert!(text.lines().any(|it| it == line), "{file} lacks: {line}");
    }
    let changes = fs::read_to_string(Path::new(ROOT).join("CHANGELOG.md")).expect("a file");
    assert!(changes.contains(VERSION), "CHANGELOG.md has nothing of {VERSION}");
}

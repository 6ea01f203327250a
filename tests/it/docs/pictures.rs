//! Recordings of the terminal as pictures: `docs/images/*.svg`. Each session is run as it is shown.

use anstyle_svg::Term;

use super::outputs::{Desk, cluster, damaged, timeless};
use super::{is_current, read};
use crate::common::ROOT;

/// How long each command stands alone before the next appears.
const SECONDS: usize = 3;

/// A session as a picture. What follows the first command appears step by step, unless the viewer wants no motion.
fn picture(desk: &Desk, lines: &[&str]) -> String {
    let (mut ansi, mut steps) = (String::new(), Vec::new());
    for (step, line) in lines.iter().enumerate() {
        let shown = format!("\x1b[1m$ {line}\x1b[0m\n{}\n", desk.printed(line, true).trim_end());
        steps.extend(shown.lines().map(|_| step));
        ansi.push_str(&shown);
    }
    let svg = Term::new().min_width_px(720).render_svg(ansi.trim_end());
    let mut steps = steps.into_iter();
    let (mut made, mut is_begun) = (String::new(), false);
    for line in svg.lines() {
        let step = if line.starts_with("    <tspan x=") { steps.next().unwrap_or_default() } else { 0 };
        match step {
            0 => made.push_str(line),
            step => made.push_str(&line.replacen("<tspan", &format!("<tspan class=\"step-{step}\""), 1)),
        }
        made.push('\n');
        if line.trim() == "<style>" && !is_begun && lines.len() > 1 {
            is_begun = true;
            made.push_str("    @keyframes appear { from { visibility: hidden } to { visibility: visible } }\n");
            made.push_str("    @media (prefers-reduced-motion: no-preference) {\n");
            for step in 1..lines.len() {
                let delay = step * SECONDS;
                made.push_str(&format!("      .step-{step} {{ animation: appear 1ms {delay}s both }}\n"));
            }
            made.push_str("    }\n");
        }
    }
    made
}

#[test]
fn lint() {
    let desk = Desk::new();
    desk.write(
        "restore.yaml",
        "global:\n  _hopsworks:\n    restoreFromBackup:\n      backupId: 254811200\n      inPlace: true\n      forceDataClear: \"true\"\n",
    );
    let lines = ["helm hwdr lint restore.yaml --for upgrade", "helm hwdr lint restore.yaml --for upgrade --fix"];
    is_current("docs/images/lint.svg", &picture(&desk, &lines));
}

/// The test chart, and the values of a restore into a new cluster. OpenSearch has TLS, so that nothing has to be warned of.
fn new_cluster() -> Desk {
    let desk = Desk::new();
    desk.write("values.yaml", &read("testdata/values/base.yaml").replace("protocol: http\n", "protocol: https\n"));
    desk.write("restore.yaml", &read("testdata/values/new-cluster.yaml"));
    desk
}

const RENDER: &str = "helm template hopsworks testdata/chart -f values.yaml -f restore.yaml |\n  ";

#[test]
fn diff() {
    let line = format!("{RENDER}helm hwdr diff --summary -f values.yaml -f restore.yaml --for install");
    is_current("docs/images/diff.svg", &picture(&new_cluster(), &[&line]));
}

#[test]
fn plan() {
    let line = format!("{RENDER}helm hwdr plan -f values.yaml -f restore.yaml --for install | head -n 38");
    is_current("docs/images/plan.svg", &picture(&new_cluster(), &[&line]));
}

/// The same, where it shows times of today.
fn is_current_but_times(path: &str, picture: &str) {
    let is_same = std::fs::read_to_string(format!("{ROOT}/{path}")).is_ok_and(|it| timeless(&it) == timeless(picture));
    if !is_same {
        is_current(path, picture);
    }
}

#[test]
fn backups() {
    let (_lab, desk) = cluster();
    let lines = ["helm hwdr backups list", "helm hwdr backups show latest | head -n 24"];
    is_current_but_times("docs/images/backups.svg", &picture(&desk, &lines));
}

#[test]
fn status() {
    let (_lab, desk) = cluster();
    is_current_but_times("docs/images/status.svg", &picture(&desk, &["helm hwdr status"]));
}

#[test]
fn doctor() {
    let (_lab, desk) = cluster();
    // The rest is about the machine it runs on.
    let line = r"helm hwdr doctor 2>/dev/null | grep -A 15 -E '^\S*(Velero|Volumes)'";
    is_current_but_times("docs/images/doctor.svg", &picture(&desk, &[line]));
}

#[test]
fn verify() {
    let (_lab, desk) = damaged();
    let line = "helm hwdr backups verify 254811200 --bucket hopsworks";
    is_current_but_times("docs/images/verify.svg", &picture(&desk, &[line]));
}

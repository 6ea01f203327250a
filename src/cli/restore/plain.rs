//! `hwdr upgrade` and `hwdr install` without a restore: lint, and then plain helm.

use std::env;
use std::io;
use std::process::ExitStatus;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command as Process;
use tokio::signal::unix::{SignalKind, signal};

use super::connection;
use super::flags::{self, Command};
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::leave;
use crate::lint::report::human::{self, Look};
use crate::lint::view::dotted;
use crate::lint::{self, Context, Finding};
use crate::mode::Mode;
use crate::product;
use crate::refusal::Refusal;
use crate::run::preflight;
use crate::shown::{is_coloured, message_width, note, tell_bare};
use crate::values::Value;

/// Refuses what is only for a restore if the values ask for none: a values file was forgotten, or is the wrong one.
pub(super) fn only_for_a_restore(command: Command, invocation: &Invocation) -> Result<()> {
    let flag = flags::for_a_restore().find(|flag| invocation.own(flag).is_some_and(|value| value != "false"));
    let given = match flag {
        Some(flag) => format!("--{flag}"),
        None if command == Command::Rerun => command.word().to_owned(),
        None => return Ok(()),
    };
    bail!(
        Refusal::new(format!("{given} is for a restore, and the values ask for none"))
            .help(format!("give the values of the restore with -f: {}", dotted(product::FIRST.keys().backup_id)))
    )
}

/// Shows the linter's findings, and runs plain helm with the values that were read here.
pub(super) async fn run(mode: Mode, invocation: &Invocation, frozen: &Helm, values: &Value) -> Result<()> {
    show_findings(values, mode);
    if let expected @ Some(_) = invocation.own("expect-cluster") {
        preflight::right_cluster(&connection(invocation).connect().await?, expected).await?;
    }
    note(&format!("The values ask for no restore: running helm {mode}"));
    let program = env::var_os("HELM_BIN").filter(|name| !name.is_empty()).unwrap_or_else(|| "helm".into());
    let mut helm = Process::new(program);
    helm.args([mode.to_string(), invocation.release.clone(), invocation.chart.clone()]);
    helm.args(&invocation.rest).args(invocation.connection()).args(Invocation::value_flags(frozen.values()));
    // hwdr's flag has the same name as helm's, which needs a value in some versions.
    if invocation.is_on("dry-run") {
        helm.arg("--dry-run=server");
    }
    if let Some(form) = invocation.own("output") {
        helm.args(["-o", form]);
    }
    let status = to_its_end(helm).await.context("helm cannot be run")?;
    ensure!(status.success(), Refusal::new(format!("helm {mode} failed ({status})")));
    Ok(())
}

/// Runs helm in the foreground. Ctrl-C and the loss of the terminal reach helm, too, which handles them; SIGTERM reaches only this
/// process, and is passed on. The copies of the values are deleted afterwards.
async fn to_its_end(mut helm: Process) -> io::Result<ExitStatus> {
    let _listening = leave::child_listens();
    let mut ends = signal(SignalKind::terminate())?;
    let mut helm = helm.spawn()?;
    loop {
        tokio::select! {
            status = helm.wait() => return status,
            Some(()) = ends.recv() => {
                let pid = helm.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
                // Helm may have ended meanwhile.
                let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
            }
        }
    }
}

/// Shows the linter's findings. Errors are refused elsewhere.
pub(super) fn show_findings(values: &Value, mode: Mode) -> Vec<Finding> {
    let findings = lint::lint(values, &Context { mode: Some(mode), whole: true, ..Context::default() });
    tell_bare(&human::render(&findings, Look { width: message_width(), colour: is_coloured() }));
    findings
}

//! What must be done however this process ends: files with secrets are removed, and an interrupted run names the command that
//! resumes it. Normal ends and errors drop their guards. Signals and panics do not (a panic aborts in a release build), so they are
//! handled here. A later run removes what a kill -9 leaves ([`crate::private`]).

use std::any::Any;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::thread;

use hwdr_run::is_ignored;
use tokio::signal::unix::{SignalKind, signal};

/// The exit status after a bug in hwdr, as in Rust.
const FAULT: i32 = 101;
/// The exit status if a run stopped in the middle (docs/exit-codes.md).
const STOPPED: i32 = 3;

/// What is left to do. The only global state here, because signals and panics have nothing else.
struct Left {
    paths: Vec<PathBuf>,
    resume: Option<String>,
}

static LEFT: Mutex<Left> = Mutex::new(Left { paths: Vec::new(), resume: None });

/// Who handles signals.
static LISTENER: AtomicU8 = AtomicU8::new(NOBODY);
const NOBODY: u8 = 0;
const RUN: u8 = 1;
const CHILD: u8 = 2;

fn left() -> MutexGuard<'static, Left> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a file or folder when it is dropped, or when the process ends before.
#[derive(Debug)]
pub struct Removed(PathBuf);

/// Removes `path` at the end of the process, or when the guard is dropped.
pub fn removed(path: impl Into<PathBuf>) -> Removed {
    watch();
    let path = path.into();
    left().paths.push(path.clone());
    Removed(path)
}

impl Drop for Removed {
    fn drop(&mut self) {
        remove(&self.0);
        left().paths.retain(|path| *path != self.0);
    }
}

fn remove(path: &Path) {
    // A symbolic link is not followed, but removed itself.
    let _ = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        _ => fs::remove_file(path),
    };
}

/// Keeps the command that resumes a run: if the process ends in the middle of it, hwdr prints the command.
#[derive(Debug)]
pub struct WayOn(());

/// From here on, a run must be resumed, with this command, if this process ends.
pub fn way_on(resume: &str) -> WayOn {
    left().resume = Some(resume.to_owned());
    WayOn(())
}

impl Drop for WayOn {
    fn drop(&mut self) {
        left().resume = None;
    }
}

/// While it lives, somebody else handles signals.
#[derive(Debug)]
pub struct Listening(u8);

/// Signals end the process even if it is the first of its container, whose signals the kernel drops unless somebody listens (pid_namespaces(7)).
pub fn on_signals() {
    watch();
}

/// The run handles the first signal, and ends in an orderly way. A second one ends the process.
pub fn run_listens() -> Listening {
    watch();
    Listening(LISTENER.swap(RUN, Ordering::SeqCst))
}

/// A child handles all signals, and this process ends after it.
pub fn child_listens() -> Listening {
    watch();
    Listening(LISTENER.swap(CHILD, Ordering::SeqCst))
}

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENER.store(self.0, Ordering::SeqCst);
    }
}

/// Prints how to resume, removes what must be removed, and ends the process.
fn end(code: i32) -> ! {
    // If the panicking thread holds the lock, nobody else can release it.
    let left = LEFT.try_lock().map_or_else(
        |error| match error {
            std::sync::TryLockError::Poisoned(error) => Some(error.into_inner()),
            std::sync::TryLockError::WouldBlock => None,
        },
        Some,
    );
    if let Some(left) = &left {
        left.paths.iter().for_each(|path| remove(path));
        if let Some(resume) = &left.resume {
            say(&format!("the run can be continued:\n{resume}"));
        }
    }
    exit(code)
}

fn say(text: &str) {
    crate::shown::tell(&format!("hwdr: {text}"));
}

/// Listens to signals in a separate thread, because a command may be waiting for a person's answer. It starts only when there is
/// something to do: before, a signal ends the process by default.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(move || listen(&ready));
        if thread.is_ok() {
            // It is ready, or has ended: without signal handlers, signals end the process, and a later run cleans up.
            let _ = is_ready.recv();
        }
    });
}

fn listen(ready: &mpsc::Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [mut interrupt, mut terminate, mut hangup] =
            kinds.map(|kind| if is_ignored(kind) { None } else { signal(kind).ok() });
        let _ = ready.send(());
        let mut wishes = 0_u8;
        loop {
            let kind = tokio::select! {
                () = next(&mut interrupt) => SignalKind::interrupt(),
                () = next(&mut terminate) => SignalKind::terminate(),
                () = next(&mut hangup) => SignalKind::hangup(),
            };
            // Closing the terminal after a Ctrl-C is not a second request.
            wishes = wishes.saturating_add(u8::from(kind != SignalKind::hangup()));
            match LISTENER.load(Ordering::SeqCst) {
                CHILD => {}
                RUN if wishes < 2 => {}
                _ => {
                    say("interrupted");
                    end(kind.as_raw_value().saturating_add(128));
                }
            }
        }
    });
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await.is_some(),
        None => false,
    };
    if !came {
        std::future::pending::<()>().await;
    }
}

/// Makes a panic print what to do, and clean up, instead of Rust's own message, which may quote secrets that were read.
pub fn on_panic() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        let what = fixed(info.payload()).map_or_else(String::new, |text| format!(": {text}"));
        say(&format!("fault in hwdr {}{place}{what}", env!("CARGO_PKG_VERSION")));
        say("this is a bug: please report it with the line above");
        let is_in_run = LEFT.try_lock().is_ok_and(|left| left.resume.is_some());
        end(if is_in_run { STOPPED } else { FAULT })
    }));
}

/// A panic's message if it is a literal of the program; not a formatted one, which may quote what was read.
fn fixed(payload: &dyn Any) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_goes_with_its_guard() {
        let folder = tempfile::tempdir().unwrap();
        let (file, inner) = (folder.path().join("file"), folder.path().join("inner"));
        fs::write(&file, "x").unwrap();
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("file"), "x").unwrap();
        let guards = [removed(&file), removed(&inner)];
        assert!(file.exists() && inner.exists());
        drop(guards);
        assert!(!file.exists() && !inner.exists());
        assert!(!left().paths.contains(&file));
    }

    #[test]
    fn a_panics_words_are_told_only_where_they_quote_nothing() {
        let caught = |panics: fn()| panic::catch_unwind(panics).unwrap_err();
        assert_eq!(fixed(caught(|| panic!("a lock is lost")).as_ref()), Some("a lock is lost"));
        let text = String::from("password: hunter2");
        assert_eq!(fixed(panic::catch_unwind(|| panic!("{text}")).unwrap_err().as_ref()), None);
    }

    /// In a separate process, because the hook is global.
    #[test]
    fn a_panic_clears_up_and_names_the_way_on() {
        const NAME: &str = "leave::tests::a_panic_clears_up_and_names_the_way_on";
        const FOLDER: &str = "HWDR_TEST_PANIC_IN";
        if let Some(folder) = std::env::var_os(FOLDER) {
            on_panic();
            let _removed = removed(PathBuf::from(folder));
            let _way_on = way_on("helm hwdr resume hops -n hopsworks");
            let text = String::from("password: hunter2");
            thread::spawn(move || panic!("{text}")).join().unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env(FOLDER, &inner)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(STOPPED), "{words}");
        assert!(words.contains("the run can be continued:\nhelm hwdr resume hops -n hopsworks\n"), "{words}");
        assert!(
            words.contains("fault in hwdr") && words.contains("src/leave.rs:") && !words.contains("hunter2"),
            "{words}"
        );
        assert!(!inner.exists());
    }
}

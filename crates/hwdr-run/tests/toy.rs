//! Runs the engine without a cluster: a toy product whose steps change files, with its record in a file. It is interrupted after every
//! write, and resumed or undone: the result is the same.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::cell::Cell;
use std::env;
use std::fs;
use std::future::{Future, pending};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use hwdr_run::file::{FileStore, Folder};
use hwdr_run::{
    Cause, Context, Entries, Goal, Halt, Lock as _, Parts, Phase, Progress, RESTORE, Record, Show, Step, Store, UNDO,
    WayOn, go,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the toy records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Diary {
    form: u32,
    version: String,
    phase: Phase,
    why: Option<String>,
    ended: Option<Timestamp>,
    steps: Vec<Progress>,
    findings: Vec<String>,
    /// What was in the file before anything was changed.
    before: Option<String>,
}

impl Record for Diary {
    const FORM: u32 = 1;

    fn phase(&self) -> Phase {
        self.phase
    }

    fn steps(&self) -> &[Progress] {
        &self.steps
    }

    fn entries(&mut self) -> Entries<'_> {
        let Self { phase, why, ended, steps, findings, .. } = self;
        Entries { phase, why, ended, steps, findings }
    }
}

impl Diary {
    fn new() -> Self {
        Self {
            form: 1,
            version: "0.2.0".to_owned(),
            phase: Phase::Running,
            why: None,
            ended: None,
            steps: Vec::new(),
            findings: Vec::new(),
            before: None,
        }
    }
}

/// Burns down by one with each write; when it is burnt out, nothing is written any more.
#[derive(Debug, Clone)]
struct Fuse {
    left: Rc<Cell<usize>>,
    /// Whether the process ends there, as after kill -9.
    aborts: bool,
}

impl Fuse {
    fn new(left: usize) -> Self {
        Self { left: Rc::new(Cell::new(left)), aborts: false }
    }

    fn burn(&self) -> Result<(), Halt> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None if self.aborts => std::process::abort(),
            None => Err(Halt::new("cut off")),
        }
    }
}

/// A store that writes while its fuse burns.
struct Cut<S> {
    inner: S,
    fuse: Fuse,
}

impl<S: Store> Store for Cut<S> {
    type Record = S::Record;

    fn load(&self) -> Result<S::Record, Halt> {
        self.inner.load()
    }

    async fn save(&mut self, record: &S::Record) -> Result<(), Halt> {
        self.fuse.burn()?;
        self.inner.save(record).await
    }
}

/// A display that remembers what it showed.
#[derive(Default)]
struct Seen(Vec<String>);

impl Show for Seen {
    fn begin(&mut self, number: usize, all: usize, name: &str, _: &str) {
        self.0.push(format!("{number}/{all} {name}"));
    }
    fn end(&mut self, _: &str, _: Timestamp) {}
    fn note(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
    fn warn(&mut self, text: &str) {
        self.0.push(format!("warning: {text}"));
    }
    fn rest(&mut self) {}
}

/// The toy: restores a file `data`, with an index beside it.
struct Toy {
    diary: Diary,
    store: Cut<FileStore<Diary>>,
    show: Seen,
    world: PathBuf,
    fuse: Fuse,
}

impl Context for Toy {
    type Store = Cut<FileStore<Diary>>;
    type Show = Seen;

    fn parts(&mut self) -> Parts<'_, Self::Store, Seen> {
        Parts { record: &mut self.diary, store: &mut self.store, show: &mut self.show }
    }

    fn way_on(&self) -> WayOn {
        WayOn { resume: "toy resume".to_owned(), undo: Some("toy undo".to_owned()) }
    }

    async fn note(&self, _: &str, _: &str) {}
}

impl Toy {
    /// Begins a run, or resumes the existing one.
    fn open(place: &Path, fuse: Fuse) -> Result<Self, Halt> {
        let folder = Folder::open(place.join("runs"))?;
        let inner = match folder.load("toy")? {
            Some(store) => store,
            None => {
                fuse.burn()?;
                folder.create("toy", &Diary::new())?
            }
        };
        let store = Cut { inner, fuse: fuse.clone() };
        Ok(Self { diary: store.load()?, store, show: Seen::default(), world: place.to_owned(), fuse })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.join(name)
    }

    /// A change of the world.
    fn change(&self, change: impl FnOnce() -> std::io::Result<()>) -> Result<(), Halt> {
        self.fuse.burn()?;
        change().map_err(|error| Halt::new(error.to_string()))
    }
}

async fn note(run: &mut Toy) -> Result<(), Halt> {
    if run.diary.before.is_none() {
        run.diary.before = Some(fs::read_to_string(run.path("data")).unwrap());
        run.save().await?;
    }
    Ok(())
}

async fn set_aside(run: &mut Toy) -> Result<(), Halt> {
    if !run.path("aside").exists() {
        run.change(|| fs::rename(run.path("data"), run.path("aside")))?;
    }
    Ok(())
}

async fn restore(run: &mut Toy) -> Result<(), Halt> {
    run.change(|| fs::write(run.path("data"), "restored"))?;
    run.change(|| fs::write(run.path("index"), "restored"))
}

async fn verify(run: &mut Toy) -> Result<(), Halt> {
    let data = fs::read_to_string(run.path("data")).unwrap();
    run.finding(&format!("data: {data}, password=hunter2"));
    Ok(())
}

async fn undo_restore(run: &mut Toy) -> Result<(), Halt> {
    // Without the old data nothing is deleted.
    for name in ["data", "index"] {
        let path = run.path(name);
        if run.diary.is_begun("restore") && run.path("aside").exists() && path.exists() {
            run.change(|| fs::remove_file(path))?;
        }
    }
    Ok(())
}

async fn undo_aside(run: &mut Toy) -> Result<(), Halt> {
    if run.path("aside").exists() {
        run.change(|| fs::rename(run.path("aside"), run.path("data")))?;
    }
    Ok(())
}

const FORWARD: &[Step<Toy>] = &[
    Step { name: "note", does: "notes what is there", act: |run| Box::pin(note(run)) },
    Step { name: "set-aside", does: "sets it aside", act: |run| Box::pin(set_aside(run)) },
    Step { name: "restore", does: "restores", act: |run| Box::pin(restore(run)) },
    Step { name: "verify", does: "reads it", act: |run| Box::pin(verify(run)) },
];
const BACK: &[Step<Toy>] = &[
    Step { name: "undo-restore", does: "deletes what was restored", act: |run| Box::pin(undo_restore(run)) },
    Step { name: "undo-aside", does: "puts the old data back", act: |run| Box::pin(undo_aside(run)) },
];

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// The folder for the toy's data: in memory if possible, because records are synced at each write.
fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    fs::write(place.path().join("data"), "old").unwrap();
    place
}

/// Runs until the fuse is burnt.
fn run(place: &Path, fuse: &Fuse, steps: &[Step<Toy>], goal: Goal) -> Result<Toy, Halt> {
    let mut toy = Toy::open(place, fuse.clone())?;
    block_on(go(&mut toy, steps, goal, pending()))?;
    Ok(toy)
}

/// The files, and the record without its times.
fn end(place: &Path) -> String {
    let file = |name: &str| fs::read_to_string(place.join(name)).ok();
    let diary = Folder::open(place.join("runs")).unwrap().load::<Diary>("toy").unwrap().unwrap().load().unwrap();
    let steps: Vec<_> = diary.steps.iter().map(|step| (step.step.as_str(), step.ended.is_some())).collect();
    format!(
        "data {:?}, aside {:?}, index {:?}; {:?} {:?} {steps:?} {:?} {:?} ended {}",
        file("data"),
        file("aside"),
        file("index"),
        diary.phase,
        diary.why,
        diary.findings,
        diary.before,
        diary.ended.is_some()
    )
}

const RESTORED: &str = "data Some(\"restored\"), aside Some(\"old\"), index Some(\"restored\"); Restored None \
    [(\"note\", true), (\"set-aside\", true), (\"restore\", true), (\"verify\", true)] \
    [\"data: restored, password=*******\"] Some(\"old\") ended true";
const UNCUT: usize = 1000;

#[test]
fn a_run_that_is_cut_off_after_any_write_comes_to_the_same_end() {
    let whole = place();
    let fuse = Fuse::new(UNCUT);
    run(whole.path(), &fuse, FORWARD, RESTORE).unwrap();
    assert_eq!(end(whole.path()), RESTORED);
    let writes = UNCUT - fuse.left.get();
    assert!(writes > 12, "{writes}");
    for cut in 0..writes {
        for again in 0..writes {
            let place = place();
            assert!(run(place.path(), &Fuse::new(cut), FORWARD, RESTORE).is_err(), "{cut}");
            // Interrupted once more while resuming, or not.
            let _ = run(place.path(), &Fuse::new(again), FORWARD, RESTORE);
            run(place.path(), &Fuse::new(UNCUT), FORWARD, RESTORE).unwrap();
            assert_eq!(end(place.path()), RESTORED, "{cut} {again}");
        }
    }
}

#[test]
fn a_run_that_is_cut_off_anywhere_can_be_undone_even_if_that_is_cut_off() {
    for cut in 1..=14 {
        for again in 0..=8 {
            let place = place();
            let _ = run(place.path(), &Fuse::new(cut), FORWARD, RESTORE);
            let _ = run(place.path(), &Fuse::new(again), BACK, UNDO);
            run(place.path(), &Fuse::new(UNCUT), BACK, UNDO).unwrap();
            let end = end(place.path());
            assert!(end.starts_with("data Some(\"old\"), aside None, index None; Undone None"), "{cut} {again}: {end}");
        }
    }
}

/// The same with processes that die.
#[test]
fn a_process_that_dies_after_any_write_leaves_a_run_that_goes_on() {
    const NAME: &str = "a_process_that_dies_after_any_write_leaves_a_run_that_goes_on";
    if let (Some(place), Ok(left)) = (env::var_os("TOY_PLACE"), env::var("TOY_FUSE")) {
        let fuse = Fuse { left: Rc::new(Cell::new(left.parse().unwrap())), aborts: true };
        let _lock = Folder::open(Path::new(&place).join("runs")).unwrap().lock("toy").unwrap();
        run(Path::new(&place), &fuse, FORWARD, RESTORE).unwrap();
        return;
    }
    let mut cut = 0;
    loop {
        let place = place();
        let mut child = Command::new(env::current_exe().unwrap());
        child.args([NAME, "--exact"]).env("TOY_PLACE", place.path()).env("TOY_FUSE", cut.to_string());
        let done = child.output().unwrap().status.success();
        let _lock = Folder::open(place.path().join("runs")).unwrap().lock("toy").unwrap();
        run(place.path(), &Fuse::new(UNCUT), FORWARD, RESTORE).unwrap();
        assert_eq!(end(place.path()), RESTORED, "{cut}");
        if done {
            break;
        }
        cut += 1;
    }
    assert!(cut > 12, "{cut}");
}

#[test]
fn of_two_processes_one_is_refused() {
    const NAME: &str = "of_two_processes_one_is_refused";
    if let Some(place) = env::var_os("TOY_PLACE") {
        let lock = Folder::open(place).unwrap().lock("toy").unwrap();
        println!("\nheld");
        let _ = std::io::stdin().read(&mut [0]);
        drop(lock);
        return;
    }
    let place = place();
    let folder = Folder::open(place.path().join("runs")).unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env("TOY_PLACE", place.path().join("runs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).any(|line| line == "held");
    assert!(told);
    let halt = folder.lock("toy").unwrap_err();
    assert!(halt.problem.contains(&format!("process {}", child.id())), "{halt}");
    folder.lock("another").unwrap();
    // However it ends.
    child.kill().unwrap();
    child.wait().unwrap();
    let lock = folder.lock("toy").unwrap();
    assert!(folder.lock("toy").is_err(), "nor twice in one process");
    block_on(lock.release());
    folder.lock("toy").unwrap();
}

#[test]
fn work_ends_when_the_lock_is_lost() {
    let place = place();
    let folder = Folder::open(place.path().join("runs")).unwrap();
    let lock = folder.lock("toy").unwrap();
    assert_eq!(block_on(lock.guard(async { Ok::<_, Halt>(1) })), Ok(1));
    fs::remove_file(place.path().join("runs/toy.lock")).unwrap();
    let _other = folder.lock("toy").unwrap();
    let work = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Ok::<_, Halt>(())
    };
    assert_eq!(block_on(lock.guard(work)).unwrap_err().cause, Cause::Lost);
}

#[test]
fn a_record_that_another_process_has_written_is_lost() {
    let place = place();
    let mut one = Toy::open(place.path(), Fuse::new(UNCUT)).unwrap();
    let mut other = Toy::open(place.path(), Fuse::new(UNCUT)).unwrap();
    other.diary.findings.push("mine".to_owned());
    block_on(other.save()).unwrap();
    let halt = block_on(go(&mut one, FORWARD, RESTORE, pending())).unwrap_err();
    assert_eq!((halt.cause, halt.help.as_slice()), (Cause::Lost, &[][..]), "{halt}");
    assert_eq!(other.store.inner.load().unwrap(), other.diary);
    // Nothing was done, and nothing more is written.
    assert!(end(place.path()).contains("data Some(\"old\"), aside None"), "{}", end(place.path()));
    assert!(end(place.path()).contains("mine"));
    // Nor in the middle of a step.
    block_on(go(&mut other, FORWARD[..1].as_ref(), RESTORE, pending())).unwrap();
    assert_eq!(block_on(one.save()).unwrap_err().cause, Cause::Lost);
    // Nor where it is gone.
    fs::remove_file(place.path().join("runs/toy.json")).unwrap();
    assert_eq!(block_on(other.save()).unwrap_err().cause, Cause::Lost);
}

#[test]
fn a_stop_is_written_down_with_the_way_on() {
    let place = place();
    fs::create_dir(place.path().join("index")).unwrap();
    let mut toy = Toy::open(place.path(), Fuse::new(UNCUT)).unwrap();
    let halt = block_on(go(&mut toy, FORWARD, RESTORE, pending())).unwrap_err();
    assert_eq!(halt.help, ["fix the cause, then resume:\ntoy resume", "or undo it:\ntoy undo"]);
    assert_eq!((toy.diary.phase, &toy.diary.why), (Phase::Failed, &Some(halt.problem)));
    assert_eq!(toy.show.0, ["1/4 note", "2/4 set-aside", "3/4 restore"]);
    fs::remove_dir(place.path().join("index")).unwrap();
    run(place.path(), &Fuse::new(UNCUT), FORWARD, RESTORE).unwrap();
    assert_eq!(end(place.path()), RESTORED);

    // The operator's wish is no failure.
    let place = self::place();
    let mut toy = Toy::open(place.path(), Fuse::new(UNCUT)).unwrap();
    let halt = block_on(go(&mut toy, FORWARD, RESTORE, async {})).unwrap_err();
    assert_eq!(halt.cause, Cause::Wish);
    assert_eq!(halt.help, ["resume:\ntoy resume", "or undo it:\ntoy undo"]);
    assert_eq!((toy.diary.phase, toy.diary.why.as_deref()), (Phase::Running, Some("interrupted")));
    // On the way back there is no other way.
    let halt = block_on(go(&mut toy, BACK, UNDO, async {})).unwrap_err();
    assert_eq!(halt.help, ["resume:\ntoy resume"]);
}

#[test]
fn records_are_this_users_alone() {
    let place = place();
    run(place.path(), &Fuse::new(UNCUT), FORWARD, RESTORE).unwrap();
    let (runs, record) = (place.path().join("runs"), place.path().join("runs/toy.json"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&runs), mode(&record)), (0o700, 0o600));
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let folder = Folder::open(&runs).unwrap();
    set(&record, 0o666);
    assert!(folder.load::<Diary>("toy").unwrap_err().problem.contains("others may write it"));
    set(&record, 0o600);
    set(&runs, 0o777);
    assert!(Folder::open(&runs).unwrap_err().problem.contains("others may write it"));
    set(&runs, 0o700);
    symlink(&record, runs.join("link.json")).unwrap();
    folder.load::<Diary>("link").unwrap_err();
    symlink("/nowhere", runs.join("link.lock")).unwrap();
    folder.lock("link").unwrap_err();
    for name in ["", ".", "..", "../toy", "a/b", ".hidden", "a\nb", &"x".repeat(201)] {
        folder.load::<Diary>(name).unwrap_err();
        folder.lock(name).unwrap_err();
    }
}

#[test]
fn a_record_is_begun_only_where_no_run_has_a_way_on_or_back() {
    let place = place();
    let folder = Folder::open(place.path().join("runs")).unwrap();
    for (phase, is_over) in [
        (Phase::Running, false),
        (Phase::Failed, false),
        (Phase::Restored, false),
        (Phase::Undoing, false),
        (Phase::Undone, true),
        (Phase::Finalized, true),
    ] {
        let id = format!("{phase:?}");
        folder.create(&id, &Diary { phase, ..Diary::new() }).unwrap();
        // What a process has left that died while it wrote.
        fs::write(place.path().join(format!("runs/{id}.new")), "half").unwrap();
        assert_eq!(folder.create(&id, &Diary::new()).is_ok(), is_over, "{phase:?}");
    }
}

#[test]
fn a_record_of_a_later_hwdr_is_refused_and_so_is_none() {
    let place = place();
    let folder = Folder::open(place.path().join("runs")).unwrap();
    folder.create("later", &Diary { form: 2, version: "9.0".to_owned(), ..Diary::new() }).unwrap();
    let halt = folder.load::<Diary>("later").unwrap().unwrap().load().unwrap_err();
    assert!(halt.problem.contains("a later hwdr (\"9.0\") has written it"), "{halt}");
    let path = place.path().join("runs/none.json");
    fs::write(&path, "{}").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(folder.load::<Diary>("none").unwrap().unwrap().load().is_err());
    assert!(folder.load::<Diary>("nowhere").unwrap().is_none());
}

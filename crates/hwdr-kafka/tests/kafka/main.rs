//! On real clusters, with a real MirrorMaker: part of the lab's tests (lab/tests/16-kafka.sh). `HWDR_LAB_KAFKA` names the folder that
//! lab/parts/kafka.sh made; nothing else of the lab is needed.

mod client;
mod mirrors;
mod world;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Trial};
use world::World;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One pair of clusters for all.
    arguments.test_threads = Some(1);
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(&Arc::default())).exit_code();
    }
    let world = Arc::new(Mutex::new(Some(World::start())));
    let conclusion = libtest_mimic::run(&arguments, trials(&world));
    world.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    conclusion.exit_code()
}

type Shared = Arc<Mutex<Option<World>>>;

fn trials(world: &Shared) -> Vec<Trial> {
    macro_rules! trials {
        ($($module:ident::$name:ident),* $(,)?) => { vec![$({
            let world = Arc::clone(world);
            Trial::test(stringify!($name), move || {
                let mut world = world.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let runtime = tokio::runtime::Runtime::new().expect("threads");
                runtime.block_on($module::$name(world.as_mut().expect("the clusters run")));
                Ok(())
            })
        }),*] };
    }
    trials![
        client::reads_what_is_there,
        client::refused_at_once,
        client::commits_for_empty_groups_alone,
        client::waits_for_a_broker,
        mirrors::there_and_back,
        mirrors::goes_on,
        mirrors::shows_the_lag,
        mirrors::killed,
        mirrors::killed_but_exactly_once,
        mirrors::broker_gone,
        mirrors::expired_on_the_way,
        mirrors::expired_but_exactly_once,
        mirrors::hidden_by_a_transaction,
        mirrors::differs,
    ]
}

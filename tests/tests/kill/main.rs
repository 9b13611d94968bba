//! The kill suite: the real binary is killed with SIGKILL again and again while people chat, and
//! nothing that it has acknowledged is ever lost.
//!
//! `PROMPTHUB_KILLS` says how often, `PROMPTHUB_KILL_SEED` repeats the choices of an earlier run
//! (the moments depend on the machine as well). Runs on SQLite, or with
//! `PROMPTHUB_TEST_DATABASE=postgres` on PostgreSQL, where the database survives.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod account;
mod answers;
mod audit;
mod ledger;
mod person;
mod trial;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use fastrand::Rng;
use futures_util::future::join_all;

use self::{audit::audit, person::Person, trial::Trial};

/// How often the server is killed unless the environment says otherwise.
const KILLS: u64 = 200;
/// People who chat at the same time.
const PEOPLE: usize = 6;
/// After so many rounds people go on in a new project: an audit reads a project whole.
const ROUNDS_A_PROJECT: u64 = 3;
/// One round in so many is long enough for text to be written through long before the end.
const LONG_ROUNDS: u64 = 12;
/// One start in so many is killed itself.
const KILLED_STARTS: u8 = 10;
/// After so many rounds the database is checked as the crash has left it.
const CHECKS: u64 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_kept_all_that_it_acknowledged() {
    let kills = from_environment("PROMPTHUB_KILLS").unwrap_or(KILLS);
    let seed = from_environment("PROMPTHUB_KILL_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{kills} kills, --kill-seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let trial = Trial::new().await;
    let mut server = trial.start().await;
    let mut people = Vec::new();
    let numbers = Arc::<AtomicU64>::default();
    for number in 0..PEOPLE {
        let email = format!("person{number}@example.com");
        people.push(
            Person::register(&server.base_url, &email, rng.fork(), Arc::clone(&numbers)).await,
        );
    }

    let mut rounds_with_interruptions = 0;
    let mut killed_at = Instant::now();
    for round in 1..=kills {
        let lives: Vec<_> = people
            .into_iter()
            .map(|mut person| {
                tokio::spawn(async move {
                    let broken = person.live().await;
                    (person, broken)
                })
            })
            .collect();
        tokio::time::sleep(life_span(&mut rng, round)).await;
        killed_at = Instant::now();
        let log = server.kill().await;
        assert!(!log.contains("panicked"), "{log}");
        people = Vec::new();
        for life in lives {
            let (person, (broken_at, error)) = life.await.expect("a fault was found");
            assert!(
                broken_at >= killed_at,
                "the server dropped a connection: {error:?}"
            );
            people.push(person);
        }
        if round % CHECKS == 0 {
            trial.check_crash_image();
        }
        if rng.u8(..KILLED_STARTS) == 0 {
            trial
                .start_and_kill(Duration::from_millis(rng.u64(..80)))
                .await;
        }
        server = trial.start().await;
        let audits = people.iter_mut().map(|person| {
            person.move_to(&server.base_url);
            audit_round(person, &trial, killed_at, round % ROUNDS_A_PROJECT == 0)
        });
        let interrupted: usize = join_all(audits).await.into_iter().sum();
        rounds_with_interruptions += u64::from(interrupted > 0);
        trial.check_blobs().await;
    }

    let (mut messages, mut interrupted, mut files) = (0, 0, 0);
    for person in &mut people {
        let ledgers = person.closed.iter_mut().chain([&mut person.ledger]);
        for ledger in ledgers {
            ledger.compare_files_again();
            audit(&person.account, ledger, killed_at, trial.patience()).await;
            messages += ledger.settled.len();
            interrupted += ledger.count_interrupted();
            files += ledger.uploads.len();
        }
    }
    server.signal("TERM").await;
    let ended = server.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    trial.check_database();
    println!(
        "{kills} kills, {rounds_with_interruptions} of them in mid-answer: {messages} messages, \
         {interrupted} interrupted answers and {files} files are all there",
    );
    // Otherwise it was not killed when it hurts.
    assert!(rounds_with_interruptions * 4 >= kills * 3);
}

/// How long the server lives in a round.
fn life_span(rng: &mut Rng, round: u64) -> Duration {
    let millis = match round % LONG_ROUNDS {
        0 => rng.u64(1_200..2_200),
        1 => rng.u64(..40),
        _ => rng.u64(40..300),
    };
    Duration::from_millis(millis)
}

/// Compares what a person was promised with what is there; how many answers the last kill has
/// interrupted.
async fn audit_round(
    person: &mut Person,
    trial: &Trial,
    killed_at: Instant,
    turn_the_page: bool,
) -> usize {
    let before = person.ledger.count_interrupted();
    let (account, ledger) = (&person.account, &mut person.ledger);
    audit(account, ledger, killed_at, trial.patience()).await;
    let interrupted = person.ledger.count_interrupted() - before;
    if turn_the_page {
        person.turn_the_page().await;
    }
    interrupted
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
    )
}

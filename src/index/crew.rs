//! A crew: threads that share what there is to do, each with a state of its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::error::Result;

/// Threads that do jobs as they come, and give back what became of them in the order of the jobs.
pub(super) struct Crew<Job, Done, State> {
    jobs: SyncSender<(u64, Job)>,
    done: Receiver<(u64, Ended<Done>)>,
    threads: Vec<JoinHandle<State>>,
    /// How many jobs were given, and of how many it was told what became of them.
    given: u64,
    told: u64,
    /// What is done of later jobs than the next one to be told.
    early: BTreeMap<u64, Ended<Done>>,
}

/// So many things wait for each of two.
const WAITING: usize = 4;

/// What became of a job, unless its thread has panicked.
type Ended<Done> = std::thread::Result<Result<Done>>;

/// So many jobs for each thread are given and not yet told, at most.
const MOST_AHEAD: u64 = 4;

impl<Job, Done, State> Crew<Job, Done, State>
where
    Job: Send + 'static,
    Done: Send + 'static,
    State: Send + 'static,
{
    /// One thread for each state.
    pub(super) fn new(
        states: Vec<State>,
        work: impl Fn(&mut State, Job) -> Result<Done> + Send + Sync + 'static,
    ) -> Self {
        let (jobs, waiting) = sync_channel(states.len());
        let (tell, done) = channel();
        let (waiting, work) = (Arc::new(Mutex::new(waiting)), Arc::new(work));
        let threads = states.into_iter().map(|mut state| {
            let (waiting, work, tell) = (Arc::clone(&waiting), Arc::clone(&work), Sender::clone(&tell));
            std::thread::spawn(move || {
                while let Some((number, job)) = next(&waiting) {
                    let done = catch_unwind(AssertUnwindSafe(|| work(&mut state, job)));
                    // Nobody listens if it was given up.
                    if tell.send((number, done)).is_err() {
                        break;
                    }
                }
                state
            })
        });
        Self { jobs, done, threads: threads.collect(), given: 0, told: 0, early: BTreeMap::new() }
    }

    /// Gives a job to whoever is free next. Tells what became of jobs before it, as far as that is known.
    pub(super) fn give(&mut self, job: Job) -> Result<Vec<Done>> {
        assert!(self.jobs.send((self.given, job)).is_ok(), "the threads wait for jobs");
        self.given += 1;
        self.tell(MOST_AHEAD * self.threads.len() as u64)
    }

    /// Waits for all jobs, and tells what became of them.
    pub(super) fn rest(&mut self) -> Result<Vec<Done>> {
        self.tell(0)
    }

    /// Tells what is known, and waits until at most so many jobs are untold.
    fn tell(&mut self, most: u64) -> Result<Vec<Done>> {
        let mut told = Vec::new();
        loop {
            let next = if self.given - self.told > most {
                self.done.recv().expect("the threads tell of every job")
            } else if let Ok(next) = self.done.try_recv() {
                next
            } else {
                return Ok(told);
            };
            self.early.insert(next.0, next.1);
            while let Some(done) = self.early.remove(&self.told) {
                self.told += 1;
                told.push(done.unwrap_or_else(|panic| resume_unwind(panic))?);
            }
        }
    }

    /// The states of the threads, once all jobs are done.
    pub(super) fn end(mut self) -> Result<Vec<State>> {
        self.rest()?;
        drop(self.jobs);
        let ended = self.threads.into_iter().map(JoinHandle::join);
        Ok(ended.map(|state| state.unwrap_or_else(|panic| resume_unwind(panic))).collect())
    }
}

/// Does something with each state, at the same time.
pub(super) fn all<State: Send, Done: Send>(
    states: Vec<State>,
    work: impl Fn(State) -> Result<Done> + Sync,
) -> Result<Vec<Done>> {
    if states.len() < 2 {
        return states.into_iter().map(work).collect();
    }
    std::thread::scope(|threads| {
        let work = &work;
        let ended: Vec<_> = states.into_iter().map(|state| threads.spawn(move || work(state))).collect();
        ended.into_iter().map(|ended| ended.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Gives each thing that comes to two who look at it; at the same time, and while the next one comes, if they may.
pub(super) fn both<Thing: Send + Sync>(
    at_once: bool,
    mut next: impl FnMut() -> Result<Option<Thing>>,
    mut one: impl FnMut(&Thing) -> Result<()> + Send,
    mut other: impl FnMut(&Thing) -> Result<()> + Send,
) -> Result<()> {
    if !at_once {
        while let Some(thing) = next()? {
            one(&thing)?;
            other(&thing)?;
        }
        return Ok(());
    }
    std::thread::scope(|threads| {
        let (to_one, of_one) = sync_channel::<Arc<Thing>>(WAITING);
        let (to_other, of_other) = sync_channel::<Arc<Thing>>(WAITING);
        let one = threads.spawn(move || of_one.into_iter().try_for_each(|thing| one(&thing)));
        let other = threads.spawn(move || of_other.into_iter().try_for_each(|thing| other(&thing)));
        let mut give = || {
            while let Some(thing) = next()?.map(Arc::new) {
                // Who has failed says so at the end.
                if to_one.send(Arc::clone(&thing)).is_err() || to_other.send(thing).is_err() {
                    break;
                }
            }
            Ok(())
        };
        let given = give();
        drop((to_one, to_other));
        let ended = [one, other].map(|ended| ended.join().unwrap_or_else(|panic| resume_unwind(panic)));
        given.and(ended.into_iter().collect())
    })
}

fn next<Job>(waiting: &Mutex<Receiver<(u64, Job)>>) -> Option<(u64, Job)> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn jobs_are_told_in_their_order() {
        for threads in [1, 2, 5] {
            let mut crew = Crew::new(vec![0; threads], |sum: &mut u64, job: u64| {
                std::thread::sleep(std::time::Duration::from_micros(job * 7919 % 50));
                *sum += job;
                Ok(2 * job)
            });
            let mut told = Vec::new();
            for job in 0..500 {
                told.append(&mut crew.give(job).unwrap());
            }
            told.append(&mut crew.rest().unwrap());
            assert!(told.into_iter().eq((0..500).map(|job| 2 * job)));
            assert_eq!(crew.end().unwrap().into_iter().sum::<u64>(), 499 * 500 / 2);
        }
    }

    #[test]
    fn an_error_comes_behind_what_was_before_it() {
        let mut crew = Crew::new(
            vec![(); 3],
            |(), job: u32| {
                if job == 40 { Err(Error::data("enough")) } else { Ok(job) }
            },
        );
        let mut told = Vec::new();
        let error = (0..100).find_map(|job| match crew.give(job) {
            Ok(mut done) => {
                told.append(&mut done);
                None
            }
            Err(error) => Some(error),
        });
        assert_eq!(error.or_else(|| crew.rest().err()).unwrap().to_string(), "enough");
        assert!(told.len() <= 40 && told.iter().copied().eq(0..told.len() as u32));
    }

    #[test]
    #[should_panic = "at the third"]
    fn a_panic_is_passed_on() {
        let mut crew = Crew::new(vec![(); 2], |(), job: u32| {
            assert!(job != 3, "at the third");
            Ok(())
        });
        (0..5).for_each(|job| drop(crew.give(job)));
        drop(crew.rest());
    }

    #[test]
    fn both_see_all_of_it() {
        for at_once in [false, true] {
            let (mut things, mut one, mut other) = (0..100, Vec::new(), 0);
            let see = |thing: &u32| {
                one.push(*thing);
                Ok(())
            };
            let add = |thing: &u32| {
                other += thing;
                Ok(())
            };
            both(at_once, || Ok(things.next()), see, add).unwrap();
            assert!(one.into_iter().eq(0..100) && other == 4950);
            let fails = |thing: &u32| if *thing == 7 { Err(Error::data("seven")) } else { Ok(()) };
            let mut endless = 0..;
            let error = both(at_once, || Ok(endless.next()), fails, |_| Ok(())).unwrap_err();
            assert_eq!(error.to_string(), "seven");
        }
    }
}

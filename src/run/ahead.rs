//! Files looked at ahead: of a long backlog several at once, and while those before are being stored.

use super::looking::{Glance, KEPT, Looked};
use super::side_by_side::workers;
use crate::domain::intake::Kind;
use crate::inbox::Arrival;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The memory in bytes that files looked at and not yet stored may take together, as far as their sizes tell.
const TOGETHER: u64 = 352 << 20;
/// Below so many bytes in all a second thread brings nothing.
const LONG_BACKLOG: u64 = 1 << 20;

/// A file on its way.
struct Task<'a> {
    arrival: &'a Arrival,
    /// Which of the arrivals it is.
    nth: usize,
    /// The memory in bytes that it and its rows will take.
    memory: u64,
    /// Whether its size says little of what it holds.
    is_packed: bool,
}

/// Looks at the arrivals on all cores and settles them one by one on this thread, each with its number among the arrivals.
///
/// Those of one kind are settled in their order. Of a long backlog payments come before bookings: their files are many and
/// short, so that storing begins at once and goes on while the bookings, often one long file, are being read.
///
/// # Errors
/// The first that `settle` gives; what comes behind is left alone.
pub(super) fn look_ahead<E>(
    arrivals: &[Arrival],
    glance: impl Fn(&Arrival) -> Glance,
    look: impl Fn(&Arrival) -> Looked + Sync,
    mut settle: impl FnMut(usize, &Arrival, Looked) -> Result<(), E>,
) -> Result<(), E> {
    let bytes: u64 = arrivals.iter().map(|arrival| arrival.look.size()).sum();
    if arrivals.len() < 2 || bytes < LONG_BACKLOG {
        return (0..).zip(arrivals).try_for_each(|(nth, arrival)| settle(nth, arrival, look(arrival)));
    }
    let (tasks, payments) = planned(arrivals, glance);
    let queue = Queue::of(&tasks, payments);
    thread::scope(|scope| {
        for _ in 0..queue.workers {
            scope.spawn(|| {
                let _closing = Closing(&queue);
                while let Some((place, task)) = queue.next() {
                    queue.looked(place, look(task.arrival));
                }
            });
        }
        let _closing = Closing(&queue);
        let done = tasks.iter().try_for_each(|task| {
            let Some(looked) = queue.due() else { return Ok(()) };
            settle(task.nth, task.arrival, looked)?;
            queue.settled(task);
            Ok(())
        });
        queue.close();
        done
    })
}

/// The arrivals in the order in which they are to be settled, and where those begin that come after the payments.
fn planned(arrivals: &[Arrival], glance: impl Fn(&Arrival) -> Glance) -> (Vec<Task<'_>>, usize) {
    let (mut tasks, mut late) = (Vec::with_capacity(arrivals.len()), Vec::new());
    for (nth, arrival) in (0..).zip(arrivals) {
        let (Glance { kind, is_text }, size) = (glance(arrival), arrival.look.size());
        // Of a small file the content is kept beside its rows.
        let memory = if size > KEPT { size / 5 * 8 } else { size / 2 * 5 };
        let lane = if kind == Some(Kind::Payments) { &mut tasks } else { &mut late };
        lane.push(Task { arrival, nth, memory, is_packed: !is_text });
    }
    let payments = tasks.len();
    tasks.append(&mut late);
    (tasks, payments)
}

/// Deals files out to be looked at, as long as there is room for them, and hands them over in their order.
struct Queue<'t> {
    tasks: &'t [Task<'t>],
    /// So many threads are busy at most, and so many packed files stand in memory.
    workers: usize,
    state: Mutex<Ahead>,
    changed: Condvar,
}

/// How far looking is.
#[derive(Default)]
struct Ahead {
    /// The places of payments that nobody looks at yet.
    payments: Range<usize>,
    /// Those of the other files, which are settled after all payments.
    others: Range<usize>,
    /// What was looked at and is not settled, by place.
    looked: BTreeMap<usize, Looked>,
    /// How many files were settled.
    settled: usize,
    /// How many threads are busy: those that look, and the one that settles, which nobody should hold up.
    busy: usize,
    /// The memory of files that were begun and are not settled.
    memory: u64,
    /// How many of these are packed.
    packed: usize,
    is_closed: bool,
}

impl Ahead {
    /// The next place of each kind, if there is one.
    fn waiting(&self) -> impl Iterator<Item = usize> {
        [&self.others, &self.payments].into_iter().filter_map(|places| places.clone().next())
    }
}

impl<'t> Queue<'t> {
    fn of(tasks: &'t [Task<'t>], payments: usize) -> Self {
        let state = Ahead { payments: 0..payments, others: payments..tasks.len(), ..Ahead::default() };
        Self { tasks, workers: workers(), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The place to be looked at next, if there is room: the one that is due, else the first behind the payments, as those
    /// files take longest, else the next payments.
    fn best(&self, state: &Ahead) -> Option<usize> {
        let fits = |task: &Task<'_>| {
            state.memory + task.memory <= TOGETHER && (!task.is_packed || state.packed < self.workers)
        };
        let fitting = || state.waiting().find(|place| self.tasks.get(*place).is_some_and(fits));
        state.waiting().find(|place| *place == state.settled).or_else(fitting)
    }

    fn state(&self) -> MutexGuard<'_, Ahead> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, Ahead>) -> MutexGuard<'s, Ahead> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a file to look at, with its place; `None` once nothing more is to be looked at.
    fn next(&self) -> Option<(usize, &'t Task<'t>)> {
        let mut state = self.state();
        while !state.is_closed && state.waiting().next().is_some() {
            let best = if state.busy < self.workers { self.best(&state) } else { None };
            if let Some((place, task)) = best.and_then(|place| Some((place, self.tasks.get(place)?))) {
                let lane = if state.payments.contains(&place) { &mut state.payments } else { &mut state.others };
                lane.start += 1;
                state.busy += 1;
                state.memory += task.memory;
                state.packed += usize::from(task.is_packed);
                return Some((place, task));
            }
            state = self.wait(state);
        }
        None
    }

    fn looked(&self, place: usize, looked: Looked) {
        let mut state = self.state();
        state.busy -= 1;
        state.looked.insert(place, looked);
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for the file that is to be settled next; `None` if it will not come.
    fn due(&self) -> Option<Looked> {
        let mut state = self.state();
        while !state.is_closed {
            let due = state.settled;
            if let Some(looked) = state.looked.remove(&due) {
                state.busy += 1;
                return Some(looked);
            }
            state = self.wait(state);
        }
        None
    }

    fn settled(&self, task: &Task<'_>) {
        let mut state = self.state();
        state.memory -= task.memory;
        state.packed -= usize::from(task.is_packed);
        state.settled += 1;
        state.busy -= 1;
        drop(state);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}

/// Ends the looking where a thread panics: nobody else must wait for it.
struct Closing<'q>(&'q Queue<'q>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::looking::Left;
    use super::*;
    use crate::inbox;
    use std::fs::File;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    const MIB: u64 = 1 << 20;

    /// Files of these sizes in MiB; those whose names begin with `p` are to be taken for payments.
    fn arrivals(folder: &tempfile::TempDir, files: &[(&str, u64)]) -> Vec<Arrival> {
        let paths = files.iter().map(|(name, size)| {
            let path = folder.path().join(name);
            File::create(&path).and_then(|file| file.set_len(size * MIB)).expect("a sparse file");
            path
        });
        let paths: Vec<_> = paths.collect();
        inbox::named(&paths, folder.path(), folder.path()).expect("arrivals")
    }

    fn glance(arrival: &Arrival) -> Glance {
        Glance {
            kind: arrival.name.starts_with('p').then_some(Kind::Payments),
            is_text: !arrival.name.contains("xlsx"),
        }
    }

    fn looked(_: &Arrival) -> Looked {
        Looked::Left(Left::Growing)
    }

    #[test]
    fn payments_are_settled_first_and_each_kind_in_its_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = arrivals(&folder, &[("b1", 9), ("p1", 1), ("b2.xlsx", 3), ("p2", 7), ("b3", 1), ("p3", 2)]);
        let mut settled = Vec::new();
        let done: Result<(), ()> = look_ahead(&files, glance, looked, |nth, arrival, _| {
            settled.push((nth, arrival.name.clone()));
            Ok(())
        });
        let expected = [(1, "p1"), (3, "p2"), (5, "p3"), (0, "b1"), (2, "b2.xlsx"), (4, "b3")];
        assert_eq!((done, settled), (Ok(()), expected.map(|(nth, name)| (nth, name.to_owned())).to_vec()));
    }

    #[test]
    fn no_more_is_looked_at_than_there_is_memory_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = |nth: u64| format!("{}{nth:02}", ["p", "b", "xlsx"][usize::try_from(nth % 3).unwrap_or_default()]);
        let sizes: Vec<(String, u64)> = (0..24).map(|nth| (name(nth), 10 + 20 * (nth % 7))).collect();
        let sizes: Vec<(&str, u64)> = sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let files = arrivals(&folder, &sizes);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let (packed, most_packed) = (AtomicU64::new(0), AtomicU64::new(0));
        let is_packed = |arrival: &Arrival| u64::from(!glance(arrival).is_text);
        let memory = |arrival: &Arrival| planned(std::slice::from_ref(arrival), glance).0.remove(0).memory;
        let look = |arrival: &Arrival| {
            let taken = now.fetch_add(memory(arrival), Ordering::SeqCst) + memory(arrival);
            most.fetch_max(taken, Ordering::SeqCst);
            let taken = packed.fetch_add(is_packed(arrival), Ordering::SeqCst) + is_packed(arrival);
            most_packed.fetch_max(taken, Ordering::SeqCst);
            looked(arrival)
        };
        let done: Result<(), ()> = look_ahead(&files, glance, look, |_, arrival, _| {
            thread::sleep(Duration::from_millis(2));
            now.fetch_sub(memory(arrival), Ordering::SeqCst);
            packed.fetch_sub(is_packed(arrival), Ordering::SeqCst);
            Ok(())
        });
        // The file that is due is looked at in any case.
        let largest = files.iter().map(memory).max().unwrap_or_default();
        assert_eq!((done, now.into_inner()), (Ok(()), 0));
        assert!((largest..=TOGETHER + largest).contains(&most.into_inner()));
        assert!((1..=1 + u64::try_from(workers()).unwrap_or_default()).contains(&most_packed.into_inner()));
    }

    #[test]
    fn an_error_or_a_panic_ends_the_looking() {
        let folder = tempfile::tempdir().expect("a folder");
        let sizes: Vec<String> = (0..40).map(|nth| format!("p{nth:02}")).collect();
        let files = arrivals(&folder, &sizes.iter().map(|name| (name.as_str(), 100)).collect::<Vec<_>>());
        let done = look_ahead(&files, glance, looked, |nth, _, _| if nth == 3 { Err(nth) } else { Ok(()) });
        assert_eq!(done, Err(3));
        let odd = |arrival: &Arrival| if arrival.name == "p05" { panic!("planted") } else { looked(arrival) };
        let died = catch_unwind(AssertUnwindSafe(|| look_ahead(&files, glance, odd, |_, _, _| Ok::<(), ()>(()))));
        assert!(died.is_err(), "the panic goes on in the caller");
        let settle = |nth, _: &Arrival, _| if nth == 2 { panic!("planted") } else { Ok::<(), ()>(()) };
        assert!(catch_unwind(AssertUnwindSafe(|| look_ahead(&files, glance, looked, settle))).is_err());
    }
}

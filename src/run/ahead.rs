//! Files looked at ahead: of a long backlog several at once, and while those before are being stored.

use super::looking::{Glance, KEPT, Looked};
use super::side_by_side::workers;
use crate::domain::intake::Kind;
use crate::inbox::Arrival;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
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

impl Task<'_> {
    fn waiting(&self, place: usize) -> Waiting {
        (self.is_packed, self.memory, Reverse(place))
    }
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
    let tasks = planned(arrivals, glance);
    let queue = Queue::of(&tasks);
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

/// The arrivals in the order in which they are to be settled.
fn planned(arrivals: &[Arrival], glance: impl Fn(&Arrival) -> Glance) -> Vec<Task<'_>> {
    let mut tasks: Vec<(bool, Task<'_>)> = (0..)
        .zip(arrivals)
        .map(|(nth, arrival)| {
            let (Glance { kind, is_text }, size) = (glance(arrival), arrival.look.size());
            // Of a small file the content is kept beside its rows.
            let memory = if size > KEPT { size / 5 * 8 } else { size / 2 * 5 };
            (kind != Some(Kind::Payments), Task { arrival, nth, memory, is_packed: !is_text })
        })
        .collect();
    tasks.sort_by_key(|(is_late, _)| *is_late);
    tasks.into_iter().map(|(_, task)| task).collect()
}

/// Deals files out to be looked at, as long as there is room for them, and hands them over in their order.
struct Queue<'t> {
    tasks: &'t [Task<'t>],
    /// So many threads are busy at most, and so many packed files stand in memory.
    workers: usize,
    state: Mutex<Ahead>,
    changed: Condvar,
}

/// A file that nobody looks at yet: whether it is packed, its memory, its place in the order of settling.
type Waiting = (bool, u64, Reverse<usize>);

/// How far looking is.
#[derive(Default)]
struct Ahead {
    waiting: BTreeSet<Waiting>,
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
    /// The file that is due, else the largest that there is room for, so that none is waited for in the end.
    fn best(&self, tasks: &[Task<'_>], workers: usize) -> Option<Waiting> {
        let due = tasks.get(self.settled).map(|task| task.waiting(self.settled));
        if let Some(due) = due.filter(|due| self.waiting.contains(due)) {
            return Some(due);
        }
        let room = TOGETHER.saturating_sub(self.memory);
        let largest = |is_packed| {
            let fitting = (is_packed, 0, Reverse(usize::MAX))..=(is_packed, room, Reverse(0));
            self.waiting.range(fitting).next_back().copied()
        };
        let packed = if self.packed < workers { largest(true) } else { None };
        largest(false).into_iter().chain(packed).max_by_key(|(_, memory, _)| *memory)
    }
}

impl<'t> Queue<'t> {
    fn of(tasks: &'t [Task<'t>]) -> Self {
        let waiting = (0..).zip(tasks).map(|(place, task)| task.waiting(place)).collect();
        let state = Mutex::new(Ahead { waiting, ..Ahead::default() });
        Self { tasks, workers: workers(), state, changed: Condvar::new() }
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
        while !state.is_closed && !state.waiting.is_empty() {
            let best = if state.busy < self.workers { state.best(self.tasks, self.workers) } else { None };
            if let Some(best @ (is_packed, memory, Reverse(place))) = best {
                state.waiting.remove(&best);
                state.busy += 1;
                state.memory += memory;
                state.packed += usize::from(is_packed);
                return self.tasks.get(place).map(|task| (place, task));
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
        let sizes: Vec<(String, u64)> = (0..12).map(|nth| (format!("p{nth:02}"), 10 + 20 * (nth % 6))).collect();
        let sizes: Vec<(&str, u64)> = sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let files = arrivals(&folder, &sizes);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let memory = |arrival: &Arrival| planned(std::slice::from_ref(arrival), glance).remove(0).memory;
        let look = |arrival: &Arrival| {
            let taken = now.fetch_add(memory(arrival), Ordering::SeqCst) + memory(arrival);
            most.fetch_max(taken, Ordering::SeqCst);
            looked(arrival)
        };
        let done: Result<(), ()> = look_ahead(&files, glance, look, |_, arrival, _| {
            thread::sleep(Duration::from_millis(2));
            now.fetch_sub(memory(arrival), Ordering::SeqCst);
            Ok(())
        });
        // The file that is due is looked at in any case.
        let largest = files.iter().map(memory).max().unwrap_or_default();
        assert_eq!((done, now.into_inner()), (Ok(()), 0));
        assert!((largest..=TOGETHER + largest).contains(&most.into_inner()));
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

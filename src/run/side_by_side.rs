//! Independent work on all cores, its results in order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

/// How many threads can work at once.
pub(super) fn workers() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Runs `work` over `tasks` on all cores and hands every result to `finish`, in the order of the tasks, on this thread.
///
/// An early result waits for those before it. A panic in `work` goes on in the caller.
pub(super) fn side_by_side<T: Sync, R: Send>(
    tasks: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut finish: impl FnMut(&T, R),
) {
    let workers = workers().min(tasks.len());
    if workers < 2 {
        tasks.iter().for_each(|task| finish(task, work(task)));
        return;
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, receive) = sync_channel::<(usize, R)>(0);
        for _ in 0..workers {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(at) else { break };
                    if send.send((at, work(task))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting: Vec<Option<R>> = tasks.iter().map(|_| None).collect();
        let mut due = 0;
        for (at, result) in receive {
            if let Some(place) = waiting.get_mut(at) {
                *place = Some(result);
            }
            while let Some((task, result)) = tasks.get(due).zip(waiting.get_mut(due).and_then(Option::take)) {
                finish(task, result);
                due += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::side_by_side;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn results_come_in_the_order_of_the_tasks_and_each_once() {
        let tasks: Vec<u64> = (0..200).collect();
        let mut seen = Vec::new();
        let work = |task: &u64| {
            thread::sleep(Duration::from_micros((task * 7919) % 300));
            task * 2
        };
        side_by_side(&tasks, work, |task, result| seen.push((*task, result)));
        assert_eq!(seen, tasks.iter().map(|task| (*task, task * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn one_task_or_none_needs_no_thread() {
        let caller = thread::current().id();
        let mut seen = Vec::new();
        side_by_side(&[1], |_| thread::current().id(), |task, id| seen.push((*task, id)));
        side_by_side(&[], |task: &i32| *task, |_, _| unreachable!("no task"));
        assert_eq!(seen, [(1, caller)]);
    }
}

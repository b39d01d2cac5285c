//! Several statements at once: all are sent, in their order, before the first answer is waited for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Begins each call in its order, and answers as they do, in that order. A call sends its statement when it is begun.
pub(crate) async fn in_order<C, T, E>(calls: impl Iterator<Item = C>) -> Result<Vec<T>, E>
where
    C: Future<Output = Result<T, E>>,
{
    let mut begun: Vec<Pin<Box<C>>> = calls.map(Box::pin).collect();
    let mut answers: Vec<Option<Result<T, E>>> = begun.iter().map(|_| None).collect();
    let (mut first, mut is_begun) = (0, false);
    poll_fn(move |context| {
        for (at, call) in begun.iter_mut().enumerate().skip(first) {
            if answers[at].is_some() {
                continue;
            }
            match call.as_mut().poll(context) {
                Poll::Ready(answer) => answers[at] = Some(answer),
                // The answers come in the order of the statements.
                Poll::Pending if is_begun => break,
                Poll::Pending => {}
            }
        }
        is_begun = true;
        first += answers[first..].iter().take_while(|answer| matches!(answer, Some(Ok(_)))).count();
        match answers.get_mut(first).map(Option::take) {
            None => Poll::Ready(answers.drain(..).flatten().collect()),
            Some(Some(Err(error))) => Poll::Ready(Err(error)),
            // A later call may have failed already, and this one, when it answers, say why.
            Some(_) => Poll::Pending,
        }
    })
    .await
}

/// Begins a call, and works while it is under way.
pub(crate) async fn meanwhile<C: Future, W>(call: C, work: impl FnOnce() -> W) -> (C::Output, W) {
    let mut call = pin!(call);
    let begun = poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
    let worked = work();
    match begun {
        Poll::Ready(answer) => (answer, worked),
        Poll::Pending => (call.await, worked),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::task::Waker;

    use super::*;

    /// A call that answers when it is asked for the second time.
    async fn call(log: &RefCell<Vec<String>>, name: usize) -> Result<usize, String> {
        log.borrow_mut().push(format!("sent {name}"));
        let mut asked = false;
        poll_fn(|context| {
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            Waker::wake_by_ref(context.waker());
            Poll::Pending
        })
        .await;
        log.borrow_mut().push(format!("answered {name}"));
        if name == 9 { Err("nine".to_owned()) } else { Ok(name) }
    }

    #[test]
    fn all_are_sent_before_the_first_answer() {
        let log = RefCell::new(Vec::new());
        let answers = tripartite::drive::block_on(in_order([3, 1, 2].map(|name| call(&log, name)).into_iter()));
        assert_eq!(answers, Ok(vec![3, 1, 2]));
        let order = ["sent 3", "sent 1", "sent 2", "answered 3", "answered 1", "answered 2"];
        assert_eq!(log.into_inner(), order);
    }

    #[test]
    fn work_is_done_between_a_call_and_its_answer() {
        let log = RefCell::new(Vec::new());
        let work = || log.borrow_mut().push("worked".to_owned());
        let answer = tripartite::drive::block_on(meanwhile(call(&log, 1), work));
        assert_eq!(answer, (Ok(1), ()));
        assert_eq!(log.into_inner(), ["sent 1", "worked", "answered 1"]);
    }

    #[test]
    fn none_is_nothing_and_an_error_ends_it() {
        let log = RefCell::new(Vec::new());
        let of =
            |names: Vec<usize>| tripartite::drive::block_on(in_order(names.into_iter().map(|name| call(&log, name))));
        assert_eq!(of(vec![]), Ok(vec![]));
        assert_eq!(of(vec![1, 9, 2]), Err("nine".to_owned()));
    }

    #[test]
    fn the_first_error_in_order_is_told_also_if_a_later_one_is_heard_before() {
        let log = RefCell::new(Vec::new());
        let at_once = async || Err("because of nine".to_owned());
        let calls = [9, 0].map(async |name| if name == 9 { call(&log, name).await } else { at_once().await });
        assert_eq!(tripartite::drive::block_on(in_order(calls.into_iter())), Err("nine".to_owned()));
    }
}

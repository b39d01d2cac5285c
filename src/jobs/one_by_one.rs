//! What the provided methods of a job store do: they call the required methods one by one.

use super::{AppendOf, DueOf, DuePage, JobStore, StoreKey, Stored, Swap, SwapOf};

pub(crate) async fn swap_many<S: JobStore + Sync + ?Sized>(store: &S, swaps: &[SwapOf]) -> Result<Vec<Swap>, S::Error> {
    let mut answers = Vec::with_capacity(swaps.len());
    for swap in swaps {
        answers.push(store.swap_one(swap).await?);
    }
    Ok(answers)
}

pub(crate) async fn get_many<S: JobStore + Sync + ?Sized>(
    store: &S,
    keys: &[StoreKey],
) -> Result<Vec<Option<Stored>>, S::Error> {
    let mut answers = Vec::with_capacity(keys.len());
    for key in keys {
        answers.push(store.get(key).await?);
    }
    Ok(answers)
}

pub(crate) async fn due_many<S: JobStore + Sync + ?Sized>(
    store: &S,
    pages: &[DueOf],
) -> Result<Vec<DuePage>, S::Error> {
    let mut answers = Vec::with_capacity(pages.len());
    for DueOf { shard, until, after, limit } in pages {
        answers.push(store.due(*shard, *until, after.as_ref(), *limit).await?);
    }
    Ok(answers)
}

pub(crate) async fn swap_chain<S: JobStore + Sync + ?Sized>(
    store: &S,
    swaps: &[SwapOf],
    entries: &[AppendOf],
) -> Result<Vec<Swap>, S::Error> {
    let mut answers = vec![Swap::Conflict; swaps.len()];
    for (answer, swap) in answers.iter_mut().zip(swaps) {
        *answer = store.swap_one(swap).await?;
        if *answer == Swap::Conflict {
            return Ok(answers);
        }
    }
    for AppendOf { log, entry } in entries {
        store.append(log, entry).await?;
    }
    Ok(answers)
}

//! What the provided methods of a job store do: they call the required methods one by one.

use super::{AppendOf, DueOf, DuePage, JobStore, StoreKey, Stored, Swap, SwapOf, Taken};

pub(crate) async fn swap_many<S: JobStore + Sync + ?Sized>(store: &S, swaps: &[SwapOf]) -> Result<Vec<Swap>, S::Error> {
    let mut answers = Vec::with_capacity(swaps.len());
    for swap in swaps {
        answers.push(store.compare_and_swap(swap).await?);
    }
    Ok(answers)
}

pub(crate) async fn take<S: JobStore + Sync + ?Sized>(store: &S, swaps: &[SwapOf]) -> Result<Option<Taken>, S::Error> {
    for (at, swap) in swaps.iter().enumerate() {
        if let Swap::Applied(version) = store.compare_and_swap(swap).await? {
            return Ok(Some(Taken { at, version }));
        }
    }
    Ok(None)
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
    for page in pages {
        answers.push(store.due(page).await?);
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
        *answer = store.compare_and_swap(swap).await?;
        if *answer == Swap::Conflict {
            return Ok(answers);
        }
    }
    for entry in entries {
        store.append(entry).await?;
    }
    Ok(answers)
}

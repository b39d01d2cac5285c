//! The methods of a job store as a table, for implementations that pass every call on.

/// Calls a macro with all methods: what each is of, and what it answers.
macro_rules! each_method {
    ($with:ident) => {
        $with! {
            get(key: &StoreKey) -> Option<Stored>;
            compare_and_swap(swap: &SwapOf) -> Swap;
            due(page: &DueOf) -> DuePage;
            append(append: &AppendOf) -> bool;
            read(page: &ReadOf) -> LogPage;
            prune(old: &PruneOf) -> u64;
            swap_many(swaps: &[SwapOf]) -> Vec<Swap>;
            take(swaps: &[SwapOf]) -> Option<Taken>;
            get_many(keys: &[StoreKey]) -> Vec<Option<Stored>>;
            due_many(pages: &[DueOf]) -> Vec<DuePage>;
            swap_chain(swaps: &[SwapOf], entries: &[AppendOf]) -> Vec<Swap>;
            swap_all(swaps: &[SwapOf], entries: &[AppendOf]) -> SwapAll;
        }
    };
}

pub(super) use each_method;

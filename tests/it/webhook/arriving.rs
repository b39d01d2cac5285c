//! Late, twice, out of order, during a run, with a host that is killed: each ends in the right state.

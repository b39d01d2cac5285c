//! Integration tests, a file per floor.

mod floors;

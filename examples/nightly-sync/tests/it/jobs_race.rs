//! Many at one file.

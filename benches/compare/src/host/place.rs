//! Where the files are: a folder beside the program, gone when it is dropped.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;

use crate::people;

/// The schema of the workload, as a host has it in a file.
const SCHEMA: &str = r#"{"fields": {
    "first_name": {"kind": "name"},
    "last_name": {"kind": "name"},
    "date_of_birth": {"kind": "date", "sensitive": true},
    "email": {"kind": "email", "sensitive": true},
    "phone": {"kind": "phone", "region": "IE", "sensitive": true},
    "address": {"kind": "address", "sensitive": true}
}}"#;

/// A folder with the listing and the schema.
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    /// The listing has so many people, in the version that was last in step.
    pub(crate) fn new(people: u64) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let folder = program.with_file_name(format!("compare-host-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let place = Self { folder };
        place.write(people).map_err(|error| format!("{}: {error}", place.folder.display()))?;
        Ok(place)
    }

    fn write(&self, people: u64) -> std::io::Result<()> {
        fs::write(self.schema(), SCHEMA)?;
        let out = |file| File::create(file).map(BufWriter::new);
        people::write_listing(&mut out(self.moved())?, people, |versions| versions.base.moved())?;
        people::write_listing(&mut out(self.listing())?, people, |versions| versions.base)
    }

    /// The listing.
    pub(crate) fn listing(&self) -> PathBuf {
        self.file("listing.jsonl")
    }

    /// The listing in which everybody has a new e-mail address and a new telephone number.
    pub(crate) fn moved(&self) -> PathBuf {
        self.file("moved.jsonl")
    }

    /// The listing in which every fiftieth has them.
    pub(crate) fn some(&self) -> PathBuf {
        self.file("some.jsonl")
    }

    /// Writes the listing in which every fiftieth has a new e-mail address and a new telephone number.
    pub(crate) fn write_some(&self, people: u64) -> std::io::Result<()> {
        let number = Cell::new(0_u64);
        let some = |versions: people::Versions| match number.replace(number.get() + 1).is_multiple_of(50) {
            true => versions.base.moved(),
            false => versions.base,
        };
        people::write_listing(&mut BufWriter::new(File::create(self.some())?), people, some)
    }

    /// A copy of a database, under another name.
    pub(crate) fn copy(&self, of: &str, name: &str) -> Result<PathBuf, String> {
        let copy = self.fresh(name)?;
        fs::copy(self.file(of), &copy).map_err(|error| format!("{}: {error}", copy.display()))?;
        Ok(copy)
    }

    /// The schema.
    pub(crate) fn schema(&self) -> PathBuf {
        self.file("schema.json")
    }

    /// A file of this name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A database of this name that is not there.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf, String> {
        for end in ["", "-wal", "-shm"] {
            let file = self.file(&format!("{name}{end}"));
            match fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(format!("{}: {error}", file.display()));
                }
                _ => {}
            }
        }
        Ok(self.file(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left behind lies in the folder of what was built.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

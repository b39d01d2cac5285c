//! One part of a value before the truth table; each of its canonical forms is computed at most once.

use std::cell::OnceCell;

use super::Versions;
use crate::detect::{Facts, Verdict, table};
use crate::schema::{Reading, Schema};
use crate::value::Value;

/// The three versions of a part.
pub(super) struct Leaf<'s, 'v> {
    schema: &'s Schema,
    reading: Reading<'s>,
    base: Option<Version<'v>>,
    local: Version<'v>,
    remote: Version<'v>,
}

/// A version, and its canonical form once somebody needed it; what is none of the kind has none.
struct Version<'v> {
    raw: &'v Value,
    form: OnceCell<Option<Value>>,
}

impl<'v> From<&'v Value> for Version<'v> {
    fn from(raw: &'v Value) -> Self {
        Self { raw, form: OnceCell::new() }
    }
}

impl<'s, 'v> Leaf<'s, 'v> {
    pub(super) fn new(schema: &'s Schema, reading: Reading<'s>, versions: Versions<'v>) -> Self {
        let Versions { base, local, remote } = versions;
        Self { schema, reading, base: base.map(Version::from), local: local.into(), remote: remote.into() }
    }

    /// What happened to it, given whether the source states it.
    pub(super) fn verdict(&self, said: bool) -> Verdict {
        let nothing = Version::from(&Value::Null);
        let known = self.base.as_ref().unwrap_or(&nothing);
        if !said && self.is_null(known) {
            return Verdict::NotReported;
        }
        table(&Facts {
            unknown: self.base.is_none(),
            no_base: self.is_null(known),
            no_local: self.is_null_here(),
            no_remote: self.is_null_there(),
            agree: self.same(&self.local, &self.remote),
            edited: || !self.same(known, &self.local),
            moved: || !self.same(known, &self.remote),
        })
    }

    pub(super) fn is_null_here(&self) -> bool {
        self.is_null(&self.local)
    }

    pub(super) fn is_null_there(&self) -> bool {
        self.is_null(&self.remote)
    }

    /// Whether the host has this value.
    pub(super) fn is_local(&self, value: &Value) -> bool {
        self.same(&self.local, &value.into())
    }

    /// Whether the source has this value.
    pub(super) fn is_remote(&self, value: &Value) -> bool {
        self.same(&self.remote, &value.into())
    }

    fn is_null(&self, version: &Version<'_>) -> bool {
        version.raw.is_null() || self.form(version) == Some(&Value::Null)
    }

    fn same(&self, a: &Version<'_>, b: &Version<'_>) -> bool {
        a.raw == b.raw || matches!((self.form(a), self.form(b)), (Some(a), Some(b)) if a == b)
    }

    fn form<'f>(&self, version: &'f Version<'_>) -> Option<&'f Value> {
        let form = || self.schema.canonical_of(self.reading, version.raw).ok();
        version.form.get_or_init(form).as_ref()
    }
}

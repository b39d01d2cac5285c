//! What the decisions leave: the host's record and the base, each as one row.

use super::{Effect, Resolved};
use crate::detect::Sides;
use crate::schema::{Absent, NullMeans};
use crate::value::{FieldRef, Record, RecordBuilder, Value};

impl Resolved<'_> {
    /// Whether the decisions change the host's record.
    ///
    /// ```
    /// use tripartite::detect::{Sides, detect};
    /// use tripartite::resolve::resolve;
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder().field(Field::new("town", Kind::Name)).build()?;
    /// let record = |town: &str| schema.record(&serde_json::json!({"town": town}));
    /// let (base, local) = (record("Bray")?, record("Dublin")?);
    /// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &base });
    /// // Somebody here moved, which is a change and needs no write.
    /// assert!(!changes.is_empty());
    /// assert!(!resolve(&Policy::new(schema.clone()), &changes, None).writes_local());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn writes_local(&self) -> bool {
        self.resolutions.iter().flat_map(|resolution| &resolution.fields).any(|effect| effect.local.is_change())
    }

    /// Whether a person must decide about any unit.
    pub fn is_open(&self) -> bool {
        self.resolutions.iter().any(super::Resolution::is_open)
    }

    /// What is written to the host's record: the fields that change, the others missing. `None` when nothing is written.
    ///
    /// [`local`](Self::local) is the record with this patch.
    pub fn patch(&self) -> Option<Record> {
        self.writes_local().then(|| {
            let mut row = RecordBuilder::new(self.schema.fields().len());
            for effect in self.resolutions.iter().flat_map(|resolution| &resolution.fields) {
                put(&mut row, effect.position, &effect.local);
            }
            row.finish()
        })
    }

    /// The host's record after the decisions: what a host without a plan stores.
    ///
    /// ```
    /// use tripartite::detect::{Sides, detect};
    /// use tripartite::resolve::resolve;
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder()
    ///     .field(Field::new("name", Kind::Name))
    ///     .field(Field::new("town", Kind::Name))
    ///     .build()?;
    /// let record = |name: &str, town: &str| {
    ///     schema.record(&serde_json::json!({"name": name, "town": town}))
    /// };
    /// let base = record("Áine", "Bray")?;
    /// let (local, remote) = (record("Áine", "Dublin")?, record("Áine Walsh", "Bray")?);
    /// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
    /// let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
    /// // Each side changed one field. The host has both changes; the base is what the source
    /// // said.
    /// assert_eq!(resolved.local(), record("Áine Walsh", "Dublin")?);
    /// assert_eq!(resolved.base(), remote);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn local(&self) -> Record {
        self.patch().map_or_else(|| self.sides.local.clone(), |patch| self.sides.local.patched(&patch))
    }

    /// The base after the decisions: what is stored beside the host's record and is the base of the next comparison.
    ///
    /// A field that was decided has what the source says. A field that is held open keeps its base, so that the next
    /// comparison finds the conflict again. A field that is in sync has the source's spelling; where the source says
    /// nothing about it, its base stays. [`local`](Self::local) has an example.
    #[must_use]
    pub fn base(&self) -> Record {
        let mut row = self.base_fields();
        if let Value::Map(extra) = self.sides.base.extra().to_value() {
            // A row that fitted before fits again: this only fails beyond 256 MiB, and then what is beyond the schema goes.
            let _ = row.set_extra(extra);
        }
        self.carried(row.finish())
    }

    /// The fields of the base after, without what stands beside them.
    pub(crate) fn base_fields(&self) -> RecordBuilder {
        let (schema, Sides { base, remote, .. }) = (&self.schema, self.sides);
        let mut row = RecordBuilder::new(schema.fields().len());
        let mut decided = vec![false; schema.fields().len()];
        for resolution in &self.resolutions {
            for &position in schema.members(&resolution.unit) {
                decided[position] = true;
            }
            for effect in &resolution.fields {
                put(&mut row, effect.position, &effect.base);
            }
        }
        for (position, decided) in decided.into_iter().enumerate() {
            let said = remote.field(position);
            let blank = !decided && schema.fields().get(position).is_some_and(|field| schema.is_null(field, said));
            // Of a group in step: a null that says nothing leaves its base, too.
            let silent = blank && !said.is_missing() && schema.null_means(position) == NullMeans::NoOpinion;
            if !decided && !said.is_missing() && !silent {
                put(&mut row, position, &Effect::Field(if blank { FieldRef::NULL } else { said }));
            } else if !decided
                && !silent
                && base.field(position).is_missing()
                && schema.absent(position) == Absent::Cleared
            {
                // Of a group in step: what came later to it, and was left out, was said to be empty.
                put(&mut row, position, &Effect::Field(FieldRef::NULL));
            } else if !row.is_set(position) {
                put(&mut row, position, &Effect::Field(base.field(position)));
            }
        }
        row
    }
}

/// A row of values that came out of rows; it fits unless a merge made it larger than 256 MiB, and then the field stays
/// missing: nothing is written for it, and it is decided again.
fn put(row: &mut RecordBuilder, position: usize, effect: &Effect<'_>) {
    let _ = match effect {
        Effect::Keep => Ok(()),
        Effect::Field(field) => row.set_field(position, *field),
        Effect::Value(value) => row.set(position, value),
    };
}

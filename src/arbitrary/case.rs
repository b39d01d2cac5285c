//! Cases: a schema, and three records of it that are near one another.

use ::arbitrary::{Arbitrary, Result, Unstructured};

use super::value::{of_kind, respelt, set};
use crate::detect::Sides;
use crate::schema::Schema;
use crate::value::{Record, RecordBuilder, Value};

/// A schema and the three versions of a record.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use tripartite::arbitrary::Case;
/// use tripartite::detect::detect;
/// let case = Case::arbitrary(&mut Unstructured::new(&[]))?;
/// // no bytes: one field, which no side states
/// assert_eq!((case.schema.fields().len(), case.remote.has_missing()), (1, true));
/// // a base that was never stored is in sync with nothing
/// assert_eq!(detect(&case.schema, case.sides()).changes().len(), 1);
/// # Ok::<(), arbitrary::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Case {
    /// The schema.
    pub schema: Schema,
    /// What the last decision saw.
    pub base: Record,
    /// What the host has.
    pub local: Record,
    /// What the source says.
    pub remote: Record,
}

impl Case {
    /// The three versions, as detection takes them. The type has an example.
    pub fn sides(&self) -> Sides<'_> {
        Sides { base: &self.base, local: &self.local, remote: &self.remote }
    }
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let schema = Schema::arbitrary(u)?;
        let len = schema.fields().len();
        let [mut base, mut local, mut remote] = [(); 3].map(|()| RecordBuilder::new(len));
        for (position, field) in schema.fields().iter().enumerate() {
            let first = side(u, |u| of_kind(field.kind(), u))?;
            state(&mut base, position, first.as_ref())?;
            for other in [&mut local, &mut remote] {
                let value = match (u.int_in_range(0..=2)?, &first) {
                    (0, _) => first.clone(),
                    (1, Some(first)) => Some(respelt(first, u)?),
                    _ => side(u, |u| of_kind(field.kind(), u))?,
                };
                state(other, position, value.as_ref())?;
            }
        }
        Ok(Self { schema, base: base.finish(), local: local.finish(), remote: remote.finish() })
    }
}

/// A value, or nothing in one of five cases.
fn side<'a>(
    u: &mut Unstructured<'a>,
    value: impl FnOnce(&mut Unstructured<'a>) -> Result<Value>,
) -> Result<Option<Value>> {
    if u.int_in_range(0..=4)? == 0 { Ok(None) } else { value(u).map(Some) }
}

fn state(record: &mut RecordBuilder, position: usize, value: Option<&Value>) -> Result<()> {
    value.map_or(Ok(()), |value| set(record, position, value))
}

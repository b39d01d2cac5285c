//! Who is who: what match rules propose, or cannot tell.

use nightly_sync::desk::Desk;
use nightly_sync::kept::{Asked, Said};
use nightly_sync::store::{Register, Snapshot, StoreError};
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::Match;
use tripartite::plan::Quarantined;
use tripartite::run::Report;
use tripartite::schema::{Field, Schema};
use tripartite::value::Value;

use super::super::wrong::Wrong;

/// So many fields of each side are shown.
const FIELDS: usize = 12;

/// A record of the source, and whom it may be here.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) register: Register,
    pub(crate) id: ExternalId,
    pub(crate) asks: Match,
    /// The run that asks.
    pub(crate) run: String,
    /// The fields that are shown, in the order of the schema.
    pub(crate) fields: Vec<String>,
    /// What the source says, where it is kept.
    pub(crate) said: Option<Said>,
    pub(crate) candidates: Vec<Candidate>,
}

/// Whom it may be.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) local: LocalId,
    pub(crate) external_id: Option<String>,
    /// What its row says; nothing, where the store cannot tell without a link.
    pub(crate) here: Option<Said>,
    /// What both sides agreed on last, where it is linked.
    pub(crate) base: Option<Said>,
    /// Whether it can be linked: a link is never moved.
    pub(crate) may_be: bool,
}

/// What the last run asks and nobody has answered, from a number in its report on, at most so many, each with its number.
/// Without `all_values` what is sensitive is left out.
pub(crate) fn waiting(
    desk: &Desk,
    report: &Report,
    from: usize,
    most: usize,
    all_values: bool,
) -> Result<Vec<(usize, Who)>, Wrong> {
    let mut found = Vec::new();
    let is_about = |aside: &Quarantined| aside.matched.is_some();
    if !report.set_aside.iter().skip(from).any(is_about) {
        return Ok(found);
    }
    let asked = Asked::by(desk.store(), report)?;
    for (number, aside) in report.set_aside.iter().enumerate().skip(from) {
        if found.len() >= most {
            break;
        }
        if let Some(who) = who(desk, (report, &asked), aside, all_values)? {
            found.push((number, who));
        }
    }
    Ok(found)
}

fn who(
    desk: &Desk,
    (report, asked): (&Report, &Asked),
    aside: &Quarantined,
    all_values: bool,
) -> Result<Option<Who>, Wrong> {
    let (Some(id), Some(asks)) = (&aside.id, &aside.matched) else { return Ok(None) };
    if !desk.waits(aside)? {
        return Ok(None);
    }
    let locals = match asks {
        Match::Found { local, .. } | Match::IdentityConflict { local, .. } => vec![local.clone()],
        Match::Ambiguous { locals, .. } => locals.clone(),
        Match::Renamed { was, locals, .. } => {
            desk.stored(desk.store().whose(was))?.into_iter().chain(locals.first().cloned()).take(1).collect()
        }
        _ => return Ok(None),
    };
    let may_be = !matches!(asks, Match::IdentityConflict { .. });
    let shows = |field: &&Field| all_values || !field.is_sensitive();
    let candidates = desk.store().snapshot(|now| {
        let found = locals.into_iter().map(|local| candidate(now, local, may_be, shows));
        found.collect::<Result<Vec<_>, StoreError>>()
    })??;
    let schema = desk.schema();
    let may_see = |name: &String| schema.fields().iter().filter(shows).any(|field| field.name() == name);
    let said = asked.get(id).map(|said| {
        let shown = said.iter().filter(|(name, value)| may_see(name) && !value.is_null());
        shown.map(|(name, value)| (name.clone(), value.clone())).collect()
    });
    let fields = fields(schema, said.as_ref(), &candidates);
    let (register, run) = (desk.store().register().clone(), report.run.to_string());
    Ok(Some(Who { register, id: id.clone(), asks: asks.clone(), run, fields, said, candidates }))
}

/// The fields that either side states.
fn fields(schema: &Schema, said: Option<&Said>, candidates: &[Candidate]) -> Vec<String> {
    let sides = || said.into_iter().chain(candidates.iter().filter_map(|candidate| candidate.here.as_ref()));
    let stated = |name: &str| sides().any(|side| side.contains_key(name));
    let names = schema.fields().iter().map(|field| field.name().to_owned());
    names.filter(|name| stated(name)).take(FIELDS).collect()
}

fn candidate(
    now: &Snapshot<'_>,
    local: LocalId,
    may_be: bool,
    shows: impl Fn(&&Field) -> bool,
) -> Result<Candidate, StoreError> {
    let row = now.here(&local)?;
    let external_id = row.as_ref().and_then(|row| row.external_id.clone());
    let of = |value: &dyn Fn(usize) -> Value| -> Said {
        let shown = now.schema().fields().iter().enumerate().filter(|(_, field)| shows(field));
        let stated = shown.map(|(position, field)| (field.name().to_owned(), value(position)));
        stated.filter(|(_, value)| !value.is_null()).collect()
    };
    let here = row.as_ref().map(|row| of(&|at| row.record.field(at).to_value()));
    let linked = external_id.as_deref().and_then(|id| ExternalId::new(id).ok());
    let known = linked.map(|id| now.record(&id)).transpose()?.flatten().and_then(|loaded| loaded.base);
    let base = known.map(|base| of(&|at| base.record.field(at).to_value()));
    Ok(Candidate { local, external_id, here, base, may_be })
}

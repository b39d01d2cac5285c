//! Who is who: what match rules propose, or cannot tell.

use nightly_sync::desk::Desk;
use nightly_sync::report::html::shown;
use nightly_sync::store::{Register, Snapshot, StoreError};
use tripartite::id::{ExternalId, LocalId};
use tripartite::matching::Match;
use tripartite::plan::Quarantined;
use tripartite::run::Report;

use super::super::wrong::Wrong;

/// A record of the source, and whom it may be here.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) register: Register,
    pub(crate) id: ExternalId,
    pub(crate) asks: Match,
    /// The run that asks.
    pub(crate) run: String,
    pub(crate) candidates: Vec<Candidate>,
}

/// Whom it may be.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) local: LocalId,
    pub(crate) external_id: Option<String>,
    /// What its row says, of fields that are not sensitive.
    pub(crate) fields: Vec<(String, String)>,
    /// Whether it can be linked: a link is never moved.
    pub(crate) may_be: bool,
}

/// What the last run asks and nobody has answered, from a number in its report on, at most so many, each with its number.
pub(crate) fn waiting(desk: &Desk, report: &Report, from: usize, most: usize) -> Result<Vec<(usize, Who)>, Wrong> {
    let mut found = Vec::new();
    for (number, aside) in report.set_aside.iter().enumerate().skip(from) {
        if found.len() >= most {
            break;
        }
        if let Some(who) = who(desk, report, aside)? {
            found.push((number, who));
        }
    }
    Ok(found)
}

fn who(desk: &Desk, report: &Report, aside: &Quarantined) -> Result<Option<Who>, Wrong> {
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
    let candidates = desk.store().snapshot(|now| {
        let found = locals.into_iter().map(|local| candidate(now, local, may_be));
        found.collect::<Result<Vec<_>, StoreError>>()
    })??;
    let (register, run) = (desk.store().register().clone(), report.run.to_string());
    Ok(Some(Who { register, id: id.clone(), asks: asks.clone(), run, candidates }))
}

fn candidate(now: &Snapshot<'_>, local: LocalId, may_be: bool) -> Result<Candidate, StoreError> {
    let row = now.here(&local)?;
    let schema = now.schema();
    let field = |(position, field): (usize, &tripartite::schema::Field)| {
        let record = &row.as_ref()?.record;
        Some((field.name().to_owned(), shown(&record.field(position).to_value())?))
    };
    let open = schema.fields().iter().enumerate().filter(|(_, field)| !field.is_sensitive());
    let fields = open.filter_map(field).take(8).collect();
    let external_id = row.as_ref().and_then(|row| row.external_id.clone());
    Ok(Candidate { local, external_id, fields, may_be })
}

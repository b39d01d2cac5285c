//! Why a decision was taken, in one sentence for the person who keeps the register.

use super::{Decision, Resolution};
use crate::detect::{Clash, LocalChange, RemoteChange, Verdict};
use crate::schema::{DecidingRule, Schema, Strategy, Unit, told_place};

impl Resolution<'_> {
    /// One sentence on what happened and what was done about it. It names fields and rules, never values.
    ///
    /// ```
    /// use tripartite::detect::{Sides, detect};
    /// use tripartite::resolve::resolve;
    /// use tripartite::schema::{Field, Kind, Policy, Schema};
    /// let schema = Schema::builder().field(Field::new("phone", Kind::Text)).build()?;
    /// let record = |phone: &str| schema.record(&serde_json::json!({ "phone": phone }));
    /// let (base, local, remote) = (record("1")?, record("1")?, record("2")?);
    /// let changes = detect(&schema, Sides { base: &base, local: &local, remote: &remote });
    /// let resolved = resolve(&Policy::new(schema.clone()), &changes, None);
    /// assert_eq!(
    ///     resolved.resolutions[0].why(&schema),
    ///     "The source changed phone and nobody had edited it here, \
    ///      so the source's value was taken.",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn why(&self, schema: &Schema) -> String {
        let name = match self.unit {
            Unit::Field(_) => schema.unit_name(self.unit).to_owned(),
            Unit::Group(_) => format!("{} (decided as one)", schema.unit_name(self.unit)),
        };
        let happened = happened(self, &name);
        match self.verdict {
            Verdict::Conflict(_) => format!("{happened}; {}.", self.settled(schema)),
            _ => format!("{happened}, {}.", self.followed(schema)),
        }
    }

    fn followed(&self, schema: &Schema) -> String {
        match (&self.verdict, self.decision) {
            (Verdict::InSync | Verdict::Converged, _) => "so nothing is in dispute".into(),
            (Verdict::Adopted, _) => "so it is in step from now on".into(),
            (Verdict::NotReported, _) => "so nothing changes".into(),
            (Verdict::InvalidRemote(_), _) => "so it was ignored and the value here stays".into(),
            (_, Decision::DriftReverted) => {
                "but the source's value is enforced, so the edit was undone; the audit keeps it".into()
            }
            (_, Decision::KeptLocal) => format!("but {}, so the value here was kept", self.ground(schema)),
            (_, Decision::TookRemote) => "so the source's value was taken".into(),
            (_, Decision::Merged) => "so the change was merged with what is only here".into(),
            (Verdict::LocalOnly(LocalChange::Unbased), _) => "so the value here stays".into(),
            (Verdict::LocalOnly(_), _) if apart(self, "").is_some() => {
                format!("but {}, so the sides stay as they are", self.ground(schema))
            }
            _ => "so the edit stays".into(),
        }
    }

    fn settled(&self, schema: &Schema) -> String {
        let rule = format!("by the rule \"{}\"", self.rule);
        match self.decision {
            Decision::TookRemote => {
                format!("{rule} the source's value was taken, and the audit keeps the one from here")
            }
            Decision::KeptLocal => format!("{rule} the value here was kept"),
            Decision::Merged if self.collisions.is_empty() => "both changes were merged and nothing was lost".into(),
            Decision::Merged => format!("{rule} the two were merged"),
            Decision::HeldOpen if self.collisions.is_empty() => {
                format!("{rule} the value here stays until somebody decides")
            }
            Decision::HeldOpen => {
                let open = self.collisions.iter().filter(|collision| collision.decision == Decision::HeldOpen);
                let mut open = open.map(|collision| self.told_place(schema, &collision.path)).collect::<Vec<_>>();
                open.dedup();
                let open = open.join(" and ");
                format!("the rest was merged, and {rule} the value here at {open} stays until somebody decides")
            }
            Decision::Entered => "a person entered a value".into(),
            Decision::DriftReverted | Decision::Nothing => "nothing was done".into(),
        }
    }

    fn ground(&self, schema: &Schema) -> &'static str {
        match self.unit {
            Unit::Field(position) if !schema.fields()[position].kind().strategies().is_empty() => {
                "what moved is kept by the rule of its own key"
            }
            _ => ground(&self.rule),
        }
    }

    /// A place without the keys of a set's records, which may be anybody's address.
    fn told_place(&self, schema: &Schema, place: &str) -> String {
        match self.unit {
            Unit::Field(position) => told_place(schema.fields()[position].kind(), place),
            Unit::Group(_) => place.to_owned(),
        }
    }
}

fn happened(resolution: &Resolution<'_>, name: &str) -> String {
    if let Some(apart) = apart(resolution, name) {
        return apart;
    }
    match &resolution.verdict {
        Verdict::InSync => format!("All sides agree on {name}"),
        Verdict::Adopted => format!("At their first sync both sides had the same {name}"),
        Verdict::Converged => format!("Both sides made the same change to {name}"),
        Verdict::RemoteOnly(change) => match change {
            RemoteChange::Filled => format!("The source has {name} and here it was empty"),
            RemoteChange::Set => format!("The source now has {name} and nobody had entered it here"),
            RemoteChange::Changed => format!("The source changed {name} and nobody had edited it here"),
            RemoteChange::Cleared => format!("The source emptied {name} and nobody had edited it here"),
        },
        Verdict::LocalOnly(change) => match change {
            LocalChange::Unbased => format!("Only this side has {name}"),
            LocalChange::Set => format!("Somebody here entered {name} and the source still has none"),
            LocalChange::Changed => format!("Somebody here changed {name} and the source still has the old value"),
            LocalChange::Cleared => format!("Somebody here emptied {name} and the source still has the old value"),
        },
        Verdict::Conflict(clash) => match clash {
            Clash::NoBase => format!("The sides differ in {name} and no earlier sync says who changed it"),
            Clash::BothSet => format!("Both sides entered {name}, differently"),
            Clash::BothChanged => format!("Both sides changed {name}, differently"),
            Clash::LocalCleared => format!("The source changed {name} while somebody here emptied it"),
            Clash::RemoteCleared => format!("The source emptied {name} while somebody here changed it"),
        },
        Verdict::NotReported => format!("The source said nothing about {name}"),
        Verdict::InvalidRemote(problem) => format!("What the source says for {name} {problem}"),
    }
}

/// Where the base moves on without the value here, that the two differ need not be anybody's edit. What is only ever
/// filled was filled, so where it is empty somebody emptied it.
fn apart(resolution: &Resolution<'_>, name: &str) -> Option<String> {
    let owned = match resolution.rule.strategy {
        Strategy::LocalOwned => true,
        Strategy::FillOnly => false,
        _ => return None,
    };
    Some(match &resolution.verdict {
        Verdict::LocalOnly(LocalChange::Changed) => format!("The source still has its own {name} and here is another"),
        Verdict::LocalOnly(LocalChange::Cleared) if owned => format!("The source has {name} and here it is empty"),
        Verdict::Conflict(Clash::BothChanged) => format!("The source changed {name} and here is another"),
        Verdict::Conflict(Clash::LocalCleared) if owned => format!("The source changed {name} and here it is empty"),
        Verdict::Conflict(Clash::RemoteCleared) => format!("The source emptied {name} and here it is not empty"),
        _ => return None,
    })
}

fn ground(rule: &DecidingRule) -> &'static str {
    match rule.strategy {
        Strategy::LocalOwned => "it belongs to this side",
        Strategy::FillOnly => "it is only ever filled where it is empty",
        _ => "nothing that both sides know had moved",
    }
}

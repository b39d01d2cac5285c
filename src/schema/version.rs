//! The text whose hash is the version of a schema or policy: written out part by part, so that it changes only when
//! what it describes does, and not with a compiler or the name of a type.
//!
//! Every part is a word with its length in front, and every list has its length in front, so that no two
//! schemas have one text: `["a", "b"]` is `2 1:a 1:b`, `["a 1:b"]` is `1 5:a 1:b`.

use super::{Absent, Field, FirstSync, Gone, Group, IdRule, Kind, NullMeans, Privacy, SchemaBuilder, Strategy};
use crate::normalize::{decimal, timestamp};
use crate::value::{Fingerprint, scalar_text};

/// Stands first, so that another way to write the text is another version.
const FORMAT: &str = "tripartite 2";

/// The version of a schema.
pub(super) fn of_schema(spec: &SchemaBuilder) -> Fingerprint {
    let mut text = Text::default();
    text.word(FORMAT).word("schema").word(absent(spec.absent)).strategy(&spec.strategy);
    text.option(spec.first_sync, |text, first| text.word(first_sync(first)));
    text.list(&spec.fields, Text::field).list(&spec.groups, Text::group);
    // What came later is written only where it is stated, so that a schema without it keeps its version.
    if spec.null_means != NullMeans::Cleared {
        text.word("null_means").word(null_means(spec.null_means));
    }
    if let Some(gone) = &spec.gone {
        text.word("gone").gone(gone);
    }
    if spec.ids != IdRule::EXACT {
        let names: Vec<&str> = spec.ids.names().collect();
        text.word("ids").list(&names, |text, name| text.word(name));
    }
    text.fingerprint()
}

/// The version of a policy on a schema.
pub(super) fn of_policy(schema: Fingerprint, run: Option<&Strategy>, first: Option<FirstSync>) -> Fingerprint {
    let mut text = Text::default();
    text.word(FORMAT).word("policy").word(&schema.to_string());
    text.option(run, Text::strategy).option(first, |text, first| text.word(first_sync(first)));
    text.fingerprint()
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.0.as_bytes())
    }

    fn word(&mut self, word: &str) -> &mut Self {
        self.number(word.len() as u128);
        self.0.pop();
        self.0.push(':');
        self.0.push_str(word);
        self.0.push(' ');
        self
    }

    fn number(&mut self, number: u128) -> &mut Self {
        self.0.push_str(&number.to_string());
        self.0.push(' ');
        self
    }

    fn list<T>(&mut self, list: &[T], write: for<'t> fn(&'t mut Self, &T) -> &'t mut Self) -> &mut Self {
        self.number(list.len() as u128);
        list.iter().fold(self, |text, item| write(text, item))
    }

    fn texts(&mut self, texts: &[String]) -> &mut Self {
        self.list(texts, |text, one| text.word(one))
    }

    fn option<T>(&mut self, option: Option<T>, write: fn(&mut Self, T) -> &mut Self) -> &mut Self {
        match option {
            None => self.number(0),
            Some(value) => write(self.number(1), value),
        }
    }

    fn field(&mut self, field: &Field) -> &mut Self {
        let Field { name, kind, strategy, absent: policy, aliases, .. } = field;
        let flags = [
            ("required", field.required),
            (field.sensitive.map_or("", sensitive), field.sensitive.is_some()),
            ("write_canonical", field.write_canonical),
            ("empty_means_null", field.empty_means_null),
            ("identity", field.identity),
        ];
        let flags = flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned());
        // No flag has a blank in its name, so none of these is one.
        let means = field.null_means.map(|means| format!("null_means {}", null_means(means)));
        let region = field.region_from.as_ref().map(|from| format!("region_from {from}"));
        let nulls = field.nulls.iter().map(|null| format!("null {null}"));
        let flags: Vec<String> = flags.chain(means).chain(region).chain(nulls).collect();
        self.word(name).kind(kind).option(strategy.as_ref(), Self::strategy);
        self.option(*policy, |text, policy| text.word(absent(policy)));
        self.list(aliases, |text, alias| text.word(alias)).list(&flags, |text, flag| text.word(flag))
    }

    fn gone(&mut self, gone: &Gone) -> &mut Self {
        self.word(&gone.field).list(&gone.is, |text, word| {
            // Only the words of a scalar are ever taken.
            text.word(word.shape()).word(&scalar_text(word))
        })
    }

    fn group(&mut self, group: &Group) -> &mut Self {
        self.word(&group.name).list(&group.fields, |text, field| text.word(field));
        self.option(group.strategy.as_ref(), Self::strategy)
    }

    fn kind(&mut self, kind: &Kind) -> &mut Self {
        match kind {
            // A host's own kind may have the name of one that is built in.
            Kind::Custom(name) => self.word("custom").word(name),
            Kind::Phone { region } => self.word(kind.name()).word(&region.to_string()),
            Kind::Date { formats, zone: None } => self.word(kind.name()).texts(formats),
            Kind::Date { formats, zone: Some(zone) } => self.word("date in").word(&zone.to_string()).texts(formats),
            Kind::Timestamp(notation) if *kind != Kind::TIMESTAMP => {
                let timestamp::Notation { formats, zone } = notation;
                self.word("timestamp in").option(*zone, |text, zone| text.word(&zone.to_string())).texts(formats)
            }
            Kind::Decimal(notation) if *kind != Kind::DECIMAL => {
                let decimal::Notation { comma, precision } = *notation;
                let text = self.word("decimal in").word(if comma { "comma" } else { "point" });
                text.option(precision, |text, places| text.number(places.into()))
            }
            Kind::Boolean(words) if *kind != Kind::BOOLEAN => {
                self.word("boolean in").texts(&words.yes).texts(&words.no)
            }
            Kind::Set { of, delimiter: None } => self.word(kind.name()).kind(of),
            Kind::Set { of, delimiter: Some(delimiter) } => self.word("set in").word(delimiter).kind(of),
            Kind::SetOfRecords { key, of } => self.word(kind.name()).texts(key).kind(of),
            Kind::Record { fields, strategies, atomic } => {
                self.word(kind.name()).word(if *atomic { "atomic" } else { "granular" }).number(fields.len() as u128);
                let text = fields.iter().fold(self, |text, (key, kind)| text.word(key).kind(kind));
                // Without any the text is what it was before there were some.
                let text = if strategies.is_empty() { text } else { text.word("by").number(strategies.len() as u128) };
                strategies.iter().fold(text, |text, (key, strategy)| text.word(key).strategy(strategy))
            }
            plain => self.word(plain.name()),
        }
    }

    fn strategy(&mut self, strategy: &Strategy) -> &mut Self {
        self.word(strategy.name());
        match strategy {
            Strategy::Merge { fallback: to } => self.word(to.name()),
            Strategy::NewestWins { stamp, skew, fallback: to } => {
                self.word(stamp).number(skew.as_nanos()).word(to.name())
            }
            Strategy::Custom { resolver } => self.word(resolver),
            _ => self,
        }
    }
}

/// A field that is kept plain has the word it had before there was a choice.
fn sensitive(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Plain => "sensitive",
        Privacy::Redacted => "redacted",
        Privacy::Hashed => "hashed",
    }
}

fn null_means(means: NullMeans) -> &'static str {
    match means {
        NullMeans::Cleared => "cleared",
        NullMeans::NoOpinion => "no_opinion",
    }
}

fn absent(absent: Absent) -> &'static str {
    match absent {
        Absent::NoOpinion => "no_opinion",
        Absent::ClearedIfReported => "cleared_if_reported",
        Absent::Cleared => "cleared",
    }
}

fn first_sync(first: FirstSync) -> &'static str {
    match first {
        FirstSync::AdoptRemote => "adopt_remote",
        FirstSync::AdoptLocal => "adopt_local",
        FirstSync::Review => "review",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::schema::Fallback;

    fn text_of(write: impl FnOnce(&mut Text) -> &mut Text) -> String {
        let mut text = Text::default();
        write(&mut text);
        text.0
    }

    /// What is stored beside every base: another text would have every record looked at once more.
    #[test]
    fn the_text_is_written_out() {
        let field = Field::new("born", Kind::dates(["%d.%m.%Y"])).alias("dob").required();
        let written = "4:born 4:date 1 8:%d.%m.%Y 1 5:merge 6:remote 1 7:cleared 1 3:dob 1 8:required ";
        let field = field.strategy(Strategy::Merge { fallback: Fallback::Remote }).absent(Absent::Cleared);
        assert_eq!(text_of(|text| text.field(&field)), written);
        let group = Group::new("name", ["a b", "c"]);
        assert_eq!(text_of(|text| text.group(&group)), "4:name 2 3:a b 1:c 0 ");
        let kind = Kind::record([("tags", Kind::set(Kind::Custom("text".into())))]);
        assert_eq!(text_of(|text| text.kind(&kind)), "6:record 8:granular 1 4:tags 3:set 6:custom 4:text ");
    }

    #[test]
    fn what_can_change_a_decision_changes_the_text() {
        let newest = |milliseconds| Strategy::NewestWins {
            stamp: "at".into(),
            skew: Duration::from_millis(milliseconds),
            fallback: Fallback::Review,
        };
        assert_ne!(text_of(|text| text.strategy(&newest(0))), text_of(|text| text.strategy(&newest(500))));
        let custom = Kind::Custom("text".into());
        assert_ne!(text_of(|text| text.kind(&custom)), text_of(|text| text.kind(&Kind::Text)));
    }
}

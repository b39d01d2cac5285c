//! The file as it is written: every value with its place, nothing checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use tripartite::matching::MatchRule;
use tripartite_sources::records::Columns;

pub(super) type Text = Spanned<String>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    pub(super) database: Option<Text>,
    pub(super) register: Vec<Spanned<WrittenRegister>>,
    pub(super) hook: Vec<Spanned<WrittenHook>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRegister {
    pub(super) key: Option<Text>,
    pub(super) schema: Option<Spanned<PathBuf>>,
    pub(super) id_field: Option<Text>,
    pub(super) strategy: Option<Text>,
    pub(super) missing_after: Option<Spanned<u32>>,
    pub(super) source: Option<Spanned<WrittenSource>>,
    pub(super) schedule: Option<Spanned<WrittenSchedule>>,
    #[serde(default)]
    pub(super) guards: BTreeMap<String, Spanned<WrittenLimit>>,
    #[serde(default, rename = "match")]
    pub(super) rules: Vec<Spanned<MatchRule>>,
}

/// A number, or a text such as `5%`.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number, a percentage such as \"5%\", or \"none\"")]
pub(super) enum WrittenLimit {
    Number(u64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSchedule {
    pub(super) at: Option<Text>,
    pub(super) every: Option<Spanned<u64>>,
    pub(super) cron: Option<String>,
    pub(super) zone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenSource {
    // Where it is: one of these.
    pub(super) file: Option<Spanned<PathBuf>>,
    pub(super) http: Option<Text>,
    pub(super) scim: Option<Text>,
    // Its form.
    pub(super) form: Option<Text>,
    pub(super) encoding: Option<Text>,
    pub(super) records: Option<String>,
    pub(super) sheet: Option<String>,
    pub(super) header: Option<Vec<String>>,
    pub(super) rows_before_header: usize,
    pub(super) open_end: bool,
    // Its records.
    pub(super) columns: Columns,
    pub(super) version: Option<String>,
    pub(super) gone: Option<WrittenGone>,
    pub(super) partial: bool,
    // How a service is asked.
    pub(super) paging: Option<Spanned<WrittenPaging>>,
    pub(super) auth: Option<Spanned<WrittenAuth>>,
    pub(super) page_size: Option<u64>,
    pub(super) per_second: Option<f64>,
    pub(super) patience: Option<u64>,
    pub(super) time_out: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) authority: Option<PathBuf>,
    pub(super) kept_in: Option<PathBuf>,
    pub(super) record_url: Option<Text>,
    pub(super) not_found_is_gone: bool,
    pub(super) looks_once: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenGone {
    pub(super) field: String,
    pub(super) words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPaging {
    pub(super) by: Text,
    pub(super) parameter: Option<String>,
    pub(super) first: Option<u64>,
    pub(super) size_parameter: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) body: Option<String>,
    pub(super) header: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAuth {
    pub(super) bearer: Option<Text>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Text>,
    pub(super) header: Option<String>,
    pub(super) key: Option<Text>,
    pub(super) token_url: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Text>,
    pub(super) scope: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenHook {
    pub(super) name: Option<String>,
    pub(super) on: Option<Vec<Text>>,
    pub(super) command: Option<Spanned<Vec<String>>>,
    pub(super) url: Option<Text>,
    pub(super) secret: Option<Text>,
}

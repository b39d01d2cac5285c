//! Sources, as they are stated.

use std::time::Duration;

use toml::Spanned;
use tripartite_sources::file::{Form, Input, Reading};
use tripartite_sources::http::{Asking, Auth, Paging, Secret, Where};

use super::check::Check;
use super::written::{Text, WrittenAuth, WrittenPaging, WrittenSource};
use crate::listing::{Http, Mapping, Origin, Scim, Source};

/// How long a page is waited for that the source does not give yet: well below the lease of a job.
const PATIENCE: Duration = Duration::from_secs(60);

impl Check<'_> {
    pub(super) fn source(&mut self, written: &Spanned<WrittenSource>) -> Option<Source> {
        let source = written.get_ref();
        let mapping = Mapping {
            columns: source.columns.clone(),
            version: source.version.clone(),
            gone: source.gone.as_ref().map(|gone| (gone.field.clone(), gone.words.clone())),
            partial: source.partial,
        };
        let origin = match (&source.file, &source.http, &source.scim) {
            (Some(file), None, None) => {
                self.nothing_of_services(source);
                Origin::File(Input::Regular(self.path(file.get_ref())), self.reading(source)?.may_be_empty())
            }
            (None, Some(url), None) => Origin::Http(Box::new(Http {
                url: url.get_ref().clone(),
                paging: self.paging(written)?,
                asking: self.asking(source)?,
                reading: self.reading(source)?,
                record_url: source.record_url.as_ref().map(|url| url.get_ref().clone()),
                not_found_is_gone: source.not_found_is_gone,
                looks_once: source.looks_once,
            })),
            (None, None, Some(base)) => Origin::Scim(Box::new(Scim {
                base: base.get_ref().clone(),
                asking: self.asking(source)?,
                page: source.page_size,
                looks_once: source.looks_once,
            })),
            _ => {
                self.problem(written.span(), "expected one of `file`, `http` and `scim`: where the listing is");
                return None;
            }
        };
        Some(Source { origin, mapping })
    }

    /// What is said of a service and means nothing of a file.
    fn nothing_of_services(&mut self, source: &WrittenSource) {
        let told = "is of `http` and `scim`, and this source is a file";
        if let Some(paging) = &source.paging {
            self.problem(paging.span(), format!("`paging` {told}"));
        }
        if let Some(auth) = &source.auth {
            self.problem(auth.span(), format!("`auth` {told}"));
        }
    }

    fn reading(&mut self, source: &WrittenSource) -> Option<Reading> {
        let mut reading = Reading::default().rows_before_header(source.rows_before_header);
        if let Some(form) = &source.form {
            reading = reading.form(self.ok(form.span(), form_of(form.get_ref()))?);
        }
        if let Some(encoding) = &source.encoding {
            reading = self.ok(encoding.span(), reading.encoding(encoding.get_ref()))?;
        }
        if let Some(records) = &source.records {
            reading = reading.records(records.as_str());
        }
        if let Some(sheet) = &source.sheet {
            reading = reading.sheet(sheet.as_str());
        }
        if let Some(header) = &source.header {
            reading = reading.header(header.iter().map(String::as_str));
        }
        Some(if source.open_end { reading.open_end() } else { reading })
    }

    fn paging(&mut self, written: &Spanned<WrittenSource>) -> Option<Paging> {
        let source = written.get_ref();
        let Some(stated) = &source.paging else {
            let expected = "`paging` is missing: how the listing is spread over answers, such as { by = \"link\" }";
            self.problem(source.http.as_ref().map_or(written.span(), Text::span), expected);
            return None;
        };
        self.ok(stated.span(), paging_of(stated.get_ref()))
    }

    fn asking(&mut self, source: &WrittenSource) -> Option<Asking> {
        let patience = source.patience.map_or(PATIENCE, Duration::from_secs);
        let mut asking = Asking::default().patience(patience);
        if let Some(auth) = &source.auth {
            asking = asking.auth(self.auth(auth)?);
        }
        if let Some(seconds) = source.time_out {
            asking = asking.time_out(Duration::from_secs(seconds));
        }
        if let Some(bytes) = source.limit {
            asking = asking.limit(bytes);
        }
        if let Some(requests) = source.per_second {
            asking = asking.per_second(requests);
        }
        if let Some(authority) = &source.authority {
            asking = asking.authority(self.path(authority));
        }
        if let Some(folder) = &source.kept_in {
            asking = asking.kept_in(self.path(folder));
        }
        Some(asking)
    }

    fn auth(&mut self, written: &Spanned<WrittenAuth>) -> Option<Auth> {
        let WrittenAuth { bearer, user, password, header, key, token_url, client_id, client_secret, scope } =
            written.get_ref();
        let stated = |secret: &Text, check: &mut Self| -> Option<Secret> {
            check.ok(secret.span(), secret.get_ref().parse::<Secret>())
        };
        match (bearer, (user, password), (header, key), (token_url, client_id, client_secret)) {
            (Some(token), (None, None), (None, None), (None, None, None)) => Some(Auth::Bearer(stated(token, self)?)),
            (None, (Some(user), Some(password)), (None, None), (None, None, None)) => {
                Some(Auth::Basic { user: user.clone(), password: stated(password, self)? })
            }
            (None, (None, None), (Some(header), Some(key)), (None, None, None)) => {
                Some(Auth::Key { header: header.clone(), key: stated(key, self)? })
            }
            (None, (None, None), (None, None), (Some(url), Some(id), Some(secret))) => Some(Auth::OAuth {
                token_url: url.clone(),
                client_id: id.clone(),
                client_secret: stated(secret, self)?,
                scope: scope.clone(),
            }),
            _ => {
                let expected = "expected `bearer`; or `user` and `password`; or `header` and `key`; or `token_url`, \
                                `client_id` and `client_secret`, perhaps with `scope`";
                self.problem(written.span(), expected);
                None
            }
        }
    }
}

fn form_of(name: &str) -> Result<Form, String> {
    Ok(match name {
        "json_lines" => Form::JsonLines,
        "json_objects" => Form::JsonObjects,
        "json_array" => Form::JsonArray,
        "csv" => Form::Delimited(','),
        "tsv" => Form::Delimited('\t'),
        other => match other.strip_prefix("csv ").map(|sign| sign.chars().collect::<Vec<_>>()).as_deref() {
            Some([sign]) => Form::Delimited(*sign),
            _ => {
                return Err(format!(
                    "there is no form `{name}`; there are json_lines, json_objects, json_array, csv, tsv, and csv with a \
                     sign, such as `csv ;`; without `form` it is found"
                ));
            }
        },
    })
}

fn paging_of(written: &WrittenPaging) -> Result<Paging, String> {
    let WrittenPaging { by, parameter, first, size_parameter, size, body, header } = written;
    let parameter = |default: &str| parameter.clone().unwrap_or_else(|| default.to_owned());
    let size = match (size_parameter, size) {
        (Some(name), Some(size)) => Some((name.clone(), *size)),
        (None, None) => None,
        _ => return Err("`size_parameter` and `size` stand together".to_owned()),
    };
    let place = || match (body, header) {
        (Some(pointer), None) => Ok(Where::Body(pointer.clone())),
        (None, Some(name)) => Ok(Where::Header(name.clone())),
        _ => Err(format!("`{}` needs `body`, a JSON pointer, or `header`, a name", by.get_ref())),
    };
    match by.get_ref().as_str() {
        "whole" => Ok(Paging::Whole),
        "link" => Ok(Paging::Link),
        "pages" => Ok(Paging::Pages { number: parameter("page"), first: first.unwrap_or(1), size }),
        "offset" => Ok(Paging::Offset { offset: parameter("offset"), first: first.unwrap_or(0), size }),
        "cursor" => Ok(Paging::Cursor { parameter: parameter("cursor"), from: place()? }),
        "next" => Ok(Paging::Next(place()?)),
        other => Err(format!("there is no paging by `{other}`; there are whole, pages, offset, cursor, next and link")),
    }
}

//! Who may: the users of a file, their passwords, and what each may do in which organisation.
//!
//! ```json
//! {
//!   "users": [
//!     {
//!       "name": "nuala",
//!       "shown": "Nuala Brady",
//!       "password": "$argon2id$v=19$m=19456,t=2,p=1$...",
//!       "roles": {"ballybeg": "answer", "*": "see"}
//!     }
//!   ]
//! }
//! ```
//!
//! | role | may |
//! |---|---|
//! | `see` | read questions, runs and status; values that are sensitive are not shown |
//! | `answer` | also see all values of the questions, and answer them |
//! | `operate` | also pass or drop a blocked plan, trigger, pause, resume, cancel, redrive and reset |
//!
//! An organisation that is not named is not there for a user. `*` is every organisation, and the register without a name;
//! a role for an organisation by its name goes before it. `sync-server hash` prints what stands for a password.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use nightly_sync::store::Register;
use serde::Deserialize;
use tripartite::id::PersonId;

/// Every organisation.
const ALL: &str = "*";

/// What is as long to check as a password, and nobody's: whoever asks must not learn by the time which names there are.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQxMjM0NTY$q0cV8dkO1xYcmsG5yJdvKIZlDFKnN4zVs4wWVyjEsGk";

/// The longest password that is looked at.
const LONGEST: usize = 1024;

/// What somebody may do. A later one may all that an earlier one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read.
    See,
    /// Answer questions.
    Answer,
    /// Run the jobs.
    Operate,
}

/// Somebody who may do something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name to log in by, and under which decisions are audited.
    pub name: PersonId,
    /// What the page calls them; else the name.
    #[serde(default)]
    shown: Option<String>,
    /// The hash of the password, as a PHC string; none for one who comes by a proxy only.
    #[serde(default)]
    password: Option<String>,
    /// What they may do, by organisation.
    roles: BTreeMap<String, Role>,
}

/// Why a file of users cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// It cannot be read.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// It is not what was expected.
    #[error("{file}: line {line}: expected an object `users`; the documentation of the library has an example")]
    Form {
        /// The file.
        file: String,
        /// Where.
        line: usize,
    },
    /// A user cannot be used.
    #[error("{file}: user {name}: {problem}")]
    User {
        /// The file.
        file: String,
        /// Which.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// There is nobody in it.
    #[error("{file}: users: expected at least one")]
    Empty {
        /// The file.
        file: String,
    },
}

/// All users.
#[derive(Debug, Clone, Default)]
pub struct Users(BTreeMap<String, User>);

impl User {
    /// Whoever runs the server on their own machine: may everything.
    pub fn local(name: PersonId) -> Self {
        Self { name, shown: None, password: None, roles: [(ALL.to_owned(), Role::Operate)].into() }
    }

    /// What the page calls them.
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(self.name.as_str())
    }

    /// What they may do with a register; none: it is not there for them.
    pub fn role(&self, register: &Register) -> Option<Role> {
        let named = register.key().and_then(|key| self.roles.get(key.org.as_str()));
        named.or_else(|| self.roles.get(ALL)).copied()
    }

    /// Whether they may do this with a register.
    pub fn may(&self, role: Role, register: &Register) -> bool {
        self.role(register).is_some_and(|own| own >= role)
    }
}

impl Users {
    /// Reads a file.
    ///
    /// # Errors
    /// [`UsersError`], which never repeats a hash.
    pub fn read(file: &Path) -> Result<Self, UsersError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            users: Vec<User>,
        }
        let name = || file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| UsersError::Io { file: name(), error })?;
        let written: Written =
            serde_json::from_str(&text).map_err(|error| UsersError::Form { file: name(), line: error.line() })?;
        let mut users = BTreeMap::new();
        for user in written.users {
            let wrong = |problem| UsersError::User { file: name(), name: user.name.to_string(), problem };
            if user.roles.is_empty() {
                return Err(wrong("expected a role in at least one organisation, or in `*`"));
            }
            if user.password.as_ref().is_some_and(|hash| !is_hash(hash)) {
                return Err(wrong("password: expected an argon2id hash; `sync-server hash` prints one"));
            }
            if users.contains_key(user.name.as_str()) {
                return Err(wrong("is there twice"));
            }
            users.insert(user.name.to_string(), user);
        }
        if users.is_empty() { Err(UsersError::Empty { file: name() }) } else { Ok(Self(users)) }
    }

    /// Users made by a program.
    pub fn of(users: impl IntoIterator<Item = User>) -> Self {
        Self(users.into_iter().map(|user| (user.name.to_string(), user)).collect())
    }

    /// A user by name.
    pub fn get(&self, name: &str) -> Option<&User> {
        self.0.get(name)
    }

    /// Whoever has this name and this password. It takes its time, and the same time whoever it is.
    pub fn log_in(&self, name: &str, password: &str) -> Option<&User> {
        if password.len() > LONGEST {
            return None;
        }
        let user = self.0.get(name);
        let hash = user.and_then(|user| user.password.as_deref());
        let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).ok()?;
        let is_right = hasher().verify_password(password.as_bytes(), &parsed).is_ok();
        user.filter(|_| is_right && hash.is_some())
    }
}

fn is_hash(hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

/// Argon2id as OWASP recommends it: 19 MiB, two passes, one lane.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// What stands for a password in a file of users; `None`, when the system has no randomness, or the password is empty or very
/// long.
///
/// ```
/// use sync_server::users::hash;
/// assert!(hash("correct horse").is_some_and(|hash| hash.starts_with("$argon2id$")));
/// assert_eq!(hash(""), None);
/// ```
pub fn hash(password: &str) -> Option<String> {
    if password.is_empty() || password.len() > LONGEST {
        return None;
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).ok()?;
    let salt = SaltString::encode_b64(&salt).ok()?;
    Some(hasher().hash_password(password.as_bytes(), &salt).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(roles: &[(&str, Role)], hash: Option<String>) -> User {
        let roles = roles.iter().map(|(org, role)| ((*org).to_owned(), *role)).collect();
        User { name: "nuala".parse().unwrap(), shown: None, password: hash, roles }
    }

    #[test]
    fn a_role_by_name_goes_before_the_one_for_all() {
        let (a, b, unnamed): (Register, Register, Register) =
            ("a/f".parse().unwrap(), "b/f".parse().unwrap(), Register::default());
        let nuala = user(&[("*", Role::Operate), ("b", Role::See)], None);
        assert_eq!(
            [&a, &b, &unnamed].map(|it| nuala.role(it)),
            [Some(Role::Operate), Some(Role::See), Some(Role::Operate)]
        );
        let nuala = user(&[("a", Role::Answer)], None);
        assert_eq!([&a, &b, &unnamed].map(|it| nuala.role(it)), [Some(Role::Answer), None, None]);
        assert!(nuala.may(Role::See, &a) && !nuala.may(Role::Operate, &a) && !nuala.may(Role::See, &b));
    }

    #[test]
    fn only_the_right_password_logs_in() {
        let users = Users::of([user(&[("*", Role::See)], hash("correct horse"))]);
        assert!(users.log_in("nuala", "correct horse").is_some());
        for (name, password) in [("nuala", "wrong"), ("nuala", ""), ("nobody", "correct horse"), ("nobody", "somepass")]
        {
            assert!(users.log_in(name, password).is_none(), "{name}");
        }
        let by_proxy = Users::of([user(&[("*", Role::See)], None)]);
        assert!(by_proxy.log_in("nuala", "").is_none());
        assert!(PasswordHash::new(NOBODY).is_ok(), "it is as long to check as any");
    }
}
